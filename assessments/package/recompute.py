"""Recompute the standings of a period: python3 recompute.py

Reads the files beside this script, calculates everything anew from the sheets of the visits on, slowly and plainly, and
compares every digit with standings.csv, parts.csv and village_items.csv. Needs Python 3.8 or newer and nothing else,
and connects to nowhere. RULE.zh.md and RULE.en.md say in words what is done here. Ends with 0 (all is well) or 1.
"""

import csv
import json
import sys
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from arithmetic import (  # noqa: E402 (the folder has to be named first)
    aspect_parts,
    half_up,
    improvement,
    leaf,
    mean_of,
    place,
    ranks,
    scaled,
    seen_in,
    standard_error,
)

MOST_SHOWN = 20


# --- reading --------------------------------------------------------------------------------------------------
def table(name):
    """Return the rows of a CSV file as dictionaries."""
    path = HERE / (name + ".csv")
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def document(name):
    """Return a JSON file."""
    return json.loads((HERE / (name + ".json")).read_text(encoding="utf-8"))


def whole(text):
    """Return a whole number, or None for an empty cell."""
    return None if text == "" else int(text)


# --- sheets ---------------------------------------------------------------------------------------------------
def check_leaves(items, found):
    """Compare the points of every sheet with its facts."""
    for name in ("visit_items", "entries"):
        for row in table(name):
            if row["status"] != "scored":
                found.same(name, row, "units", row["units"], "")
                continue
            found.same(name, row, "units", row["units"], str(leaf(items[row["item"]], row)))
    for row in table("system"):
        item = items[row["item"]]
        if item["rule"]["type"] == "deduction":
            expected = str(leaf(item, {"counted": row["found"]}))
        elif row["sampled"] in ("", "0"):
            expected = ""
        else:
            answer = "1" if row["met"] == row["sampled"] else "0"
            expected = str(leaf(item, {"met": row["met"], "sampled": row["sampled"], "answer": answer}))
        found.same("system", row, "units", row["units"], expected)


# --- villages -------------------------------------------------------------------------------------------------
def village_items(villages):
    """Return what the visits say: village → item → [scored visits, sum of points, not applicable, not looked at]."""
    of_visit = {row["visit"]: row["village"] for row in table("visits") if row["village"] in villages}
    result = {}
    for row in table("visit_items"):
        village = of_visit.get(row["visit"])
        if village is None:
            continue
        cell = result.setdefault(village, {}).setdefault(row["item"], [0, 0, 0, 0])
        if row["status"] == "scored":
            cell[0] += 1
            cell[1] += int(row["units"])
        elif row["status"] == "not_applicable":
            cell[2] += 1
        else:
            cell[3] += 1
    for row in table("overrides"):  # the later row counts
        if row["village"] and row["item"] in result.get(row["village"], {}):
            result[row["village"]][row["item"]] = [1, int(row["units"]), 0, 0]
    return result


# --- everything -----------------------------------------------------------------------------------------------
class World:
    """All inputs, and the standings worked out of them."""

    def __init__(self):
        self.period, self.scheme = document("period"), document("scheme")
        self.top, self.weights = self.scheme["top"], self.scheme["weights"]
        self.items = {item["code"]: item for item in self.scheme["items"]}
        self.points = {code: item["points"] for code, item in self.items.items()}
        self.villages = {row["village"]: row for row in table("villages")}
        self.units = {row["unit"]: row for row in table("units")}
        self.cells = village_items(self.villages)
        self.visits, self.bonus = self.count_visits(), self.adjustments()
        self.rank_before = {(row["level"], row["place"]): row["rank"] for row in table("previous")}
        self.before = {}
        for row in table("previous_items"):
            self.before.setdefault((row["level"], row["place"]), {})[row["item"]] = Fraction(row["value"])
        self.marks = self.read_marks()
        self.standings, self.parts = {}, {}

    def count_visits(self):
        counts = {}
        for row in table("visits"):
            if row["village"] in self.villages:
                counts[row["village"]] = counts.get(row["village"], 0) + 1
        return counts

    def adjustments(self):
        sums = {}
        for row in table("adjustments"):
            pair = sums.setdefault(row["unit"], {"bonus": 0, "penalty": 0})
            pair[row["kind"]] += int(row["units"])
        cap = self.period["cap"]
        return {unit: min(pair["bonus"], cap) - min(pair["penalty"], cap) for unit, pair in sums.items()}

    def read_marks(self):
        marks = {}
        for row in table("entries"):
            units = whole(row["units"])
            marks.setdefault(row["unit"], {})[row["source"], row["item"]] = units
        for row in table("system"):
            marks.setdefault(row["unit"], {})["system", row["item"]] = whole(row["units"])
        for row in table("overrides"):
            if not row["village"]:
                marks.setdefault(row["unit"], {})[row["source"], row["item"]] = int(row["units"])
        return {
            unit: {key: None if units is None else Fraction(units) for key, units in own.items()}
            for unit, own in marks.items()
        }

    def work_out(self):
        """Work out every level."""
        for village in self.villages:
            self.village(village)
        scores = {
            key[1]: half_up(row["total"] / 100)
            for key, row in self.standings.items()
            if key[0] == "village" and row["total"] is not None
        }
        for level in ("unit", "township", "area"):
            homes = {unit: [] for unit in self.units} if level == "unit" else {}
            for village, row in self.villages.items():
                if row[level]:
                    homes.setdefault(row[level], []).append(village)
            for home, members in homes.items():
                self.home(level, home, members, scores)
        for level in ("unit", "township", "area", "village"):
            self.rank(level)
            if level != "village":
                self.bands(level)

    def village(self, village):
        cells = self.cells.get(village, {})
        values = {code: mean_of(cell) for code, cell in cells.items() if cell[0]}
        total = scaled(((value, self.points[code]) for code, value in values.items()), self.top)
        better = improvement(values, self.before.get(("village", village), {}), self.points, self.top)
        visits = self.visits.get(village, 0)
        self.standings["village", village] = {
            "base": total,
            "total": total,
            "adjusted": 0,
            "provisional": False,
            "gap": None,
            "improvement": better[0],
            "compared": better[1],
            "covered": min(visits, 1),
            "whole": 1,
            "visits": visits,
            "error": None,
            "inside": self.villages[village]["unit"],
        }

    def home(self, level, home, members, scores):
        seen = seen_in(members, self.cells)
        if level == "unit":
            marks = dict(self.marks.get(home, {}))
            for code, (value, count, _without, passed) in seen.items():
                if count or not passed:
                    marks["visit", code] = value
            result = place(
                list(self.items.values()),
                self.weights,
                self.scheme["combine"],
                self.top,
                marks,
                self.bonus.get(home, 0),
            )
        else:
            items = [
                {**item, "sources": ["visit"]} for item in self.items.values() if "visit" in item["sources"]
            ]
            marks = {("visit", code): value for code, (value, _n, _without, _passed) in seen.items()}
            result = place(items, {"visit": 1}, "item", self.top, marks, 0)
            for part in result["items"].values():
                part["missing"] = []
            result["provisional"], result["sources"] = False, {}
        now = {
            c: p["value"] for c, p in result["items"].items() if p["value"] is not None and not p["missing"]
        }
        better = improvement(now, self.before.get((level, home), {}), self.points, self.top)
        visits = [self.visits.get(village, 0) for village in members]
        self.standings[level, home] = {
            **{name: result[name] for name in ("base", "total", "adjusted", "provisional", "gap")},
            "improvement": better[0],
            "compared": better[1],
            "covered": sum(1 for n in visits if n),
            "whole": len(members),
            "visits": sum(visits),
            "error": self.error(members, scores, result),
            "inside": self.units[home]["group"] if level == "unit" else self.villages[members[0]]["unit"],
        }
        self.keep_parts(level, home, result, seen)

    def error(self, members, scores, result):
        counted = [village for village in members if village in scores]
        if result["total"] is None or not 0 < len(counted) < len(members):
            return None
        townships = {}
        for village in members:
            stratum = townships.setdefault(self.villages[village]["township"], ([], []))
            stratum[0].append(village)
            if village in scores:
                stratum[1].append(scores[village])
        weight = result["sources"]["visit"]["weight"] if "visit" in result["sources"] else Fraction(1)
        return standard_error([(own, len(all_)) for all_, own in townships.values()], weight)

    def keep_parts(self, level, home, result, seen):
        rows = self.parts.setdefault((level, home), {})
        plain = {"provisional": False, "applies": True, "villages": None, "without": None, "weight": None}
        for code, row in aspect_parts(result["items"]).items():
            rows["aspect", code, ""] = {**plain, **row}
        for code, row in result["sources"].items():
            rows["source", code, ""] = {**plain, "points": self.top, **row}
        for code, part in result["items"].items():
            counts = {"villages": seen[code][1], "without": seen[code][2]} if code in seen else {}
            own = {"value": part["value"], "points": part["points"], "applies": part["applies"]}
            rows["item", code, ""] = {**plain, **own, **counts, "provisional": bool(part["missing"])}
            for source, value in part["there"].items():
                rows["item", code, source] = {**plain, "value": value, "points": part["points"]}

    def rank(self, level):
        rows = {key: row for key, row in self.standings.items() if key[0] == level}
        overall = ranks({key: row["total"] for key, row in rows.items()})
        groups = {}
        for key, row in rows.items():
            if row["inside"]:
                groups.setdefault(row["inside"], {})[key] = row["total"]
        inner = {key: rank for members in groups.values() for key, rank in ranks(members).items()}
        for key, row in rows.items():
            row["rank"], row["group_rank"] = overall.get(key), inner.get(key)
            row["previous_rank"] = whole(self.rank_before.get(key, ""))
            row["low"] = row["high"] = row["best_rank"] = row["worst_rank"] = None

    def bands(self, level):
        rows = {k: r for k, r in self.standings.items() if k[0] == level and r["total"] is not None}
        if all(row["error"] is None for row in rows.values()):
            return
        spans = {}
        for key, row in rows.items():
            score, half = half_up(row["total"] / 100), half_up(Fraction(196, 100) * (row["error"] or 0))
            spans[key] = (score - half, score + half)
        for key, (low, high) in spans.items():
            rows[key].update(
                low=low,
                high=high,
                best_rank=1 + sum(1 for other in spans.values() if other[0] > high),
                worst_rank=sum(1 for other in spans.values() if other[1] >= low),
            )


class Year(World):
    """A year made of parts: weighted means of what these have published."""

    def work_out(self):
        self.weights_of = {row["part"]: int(row["weight"]) for row in table("year_parts")}
        self.totals, self.seen = {}, {}
        for row in table("year_totals"):
            key = row["level"], row["place"]
            self.totals.setdefault(key, {})[row["part"]] = Fraction(row["total"])
            if row["level"] == "village":
                self.seen[row["place"]] = self.seen.get(row["place"], 0) + int(row["visits"])
        for level in ("unit", "township", "area", "village"):
            homes = {unit: [] for unit in self.units} if level == "unit" else {}
            for village, row in self.villages.items():
                if row[level]:
                    homes.setdefault(row[level], []).append(village)
            for home, members in homes.items():
                self.year_of(level, home, members)
            self.rank(level)

    def year_of(self, level, home, members):
        own = self.totals.get((level, home), {})
        weight = sum(self.weights_of[part] for part in own)
        base = sum(total * self.weights_of[part] for part, total in own.items()) / weight if weight else None
        bonus = self.bonus.get(home, 0) if level == "unit" else 0
        missing = any(part not in own for part in self.weights_of) or not weight
        self.standings[level, home] = {
            "base": base,
            "total": None if base is None else max(base + bonus, Fraction(0)),
            "adjusted": bonus,
            "provisional": missing and (level == "unit" or base is not None),
            "gap": None,
            "improvement": None,
            "compared": 0,
            "covered": sum(1 for village in members if village in self.seen),
            "whole": len(members),
            "visits": sum(self.seen.get(village, 0) for village in members),
            "error": None,
            "inside": self.units[home]["group"] if level == "unit" else self.villages[members[0]]["unit"],
        }
        if level == "village":
            return
        for part, share in self.weights_of.items():
            self.parts.setdefault((level, home), {})["period", part, ""] = {
                "value": own.get(part),
                "points": self.top,
                "provisional": part not in own,
                "applies": True,
                "villages": None,
                "without": None,
                "weight": Fraction(share, weight) if part in own else Fraction(0),
            }


# --- confirming -----------------------------------------------------------------------------------------------
class Differences:
    """What differs between the files and what was worked out."""

    def __init__(self):
        self.rows, self.compared = [], 0

    def same(self, name, where, column, stored, expected):
        """Compare one cell."""
        self.compared += 1
        if stored != expected:
            self.rows.append((name, where, column, stored, expected))


def shown(value):
    """Return a value as the files write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    return str(value)


def display(value):
    """Return an exact value as people read it, in 1/100 point."""
    return None if value is None else half_up(Fraction(value) / 100)


EXACT = {"base", "total", "improvement", "gap", "value", "weight"}


def cell(column, value):
    """Return what a cell of the files should say."""
    return shown(Fraction(value)) if column in EXACT and value is not None else shown(value)


def compare(name, rows, keys, expected, found):
    """Compare a table row by row, column by column."""
    left = dict(expected)
    for row in rows:
        key = tuple(row[column] for column in keys)
        if key not in left:
            found.rows.append((name, key, "", "in the file", "not worked out"))
            continue
        worked = left.pop(key)
        for column, stored in row.items():
            if column not in keys:
                found.same(name, key, column, stored, cell(column, worked.get(column)))
    for key in left:
        found.rows.append((name, key, "", "not in the file", "worked out"))


def with_displays(row):
    """Add the rounded values that stand beside the exact ones."""
    return {
        **row,
        "display": display(row.get("total", row.get("value"))),
        "improvement_display": display(row.get("improvement")),
        "gap_display": display(row.get("gap")),
    }


def main():
    """Work everything out, print what was found, return 1 if anything differs."""
    period, found = document("period"), Differences()
    world = Year() if period["of_parts"] else World()
    check_leaves(world.items, found)
    world.work_out()
    standings = {key: with_displays(row) for key, row in world.standings.items()}
    compare("standings", table("standings"), ("level", "place"), standings, found)
    parts = {
        (*place_, *key): with_displays(row)
        for place_, rows in world.parts.items()
        for key, row in rows.items()
    }
    compare("parts", table("parts"), ("level", "place", "kind", "code", "source"), parts, found)
    cells = {
        (village, code): {"visits": c[0], "units": c[1], "not_applicable": c[2], "skipped": c[3]}
        for village, own in world.cells.items()
        for code, c in own.items()
    }
    compare("village_items", table("village_items"), ("village", "item"), cells, found)
    for line in found.rows[:MOST_SHOWN]:
        say("✗ {}.csv {} {}: {!r} ≠ {!r}".format(*line))
    say("{} · {} 版 / edition".format(period["title"], period["edition"]))
    say(f"比对 / compared: {found.compared}   不一致 / different: {len(found.rows)}")
    say("✗ 不一致 / NOT CONFIRMED" if found.rows else "OK 全部一致 / everything is confirmed")
    return 1 if found.rows else 0


def say(line):
    """Print a line whatever the terminal can show."""
    sys.stdout.buffer.write((line + "\n").encode("utf-8"))


if __name__ == "__main__":
    sys.exit(main())
