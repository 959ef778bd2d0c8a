"""The arithmetic of the standings, as RULE.zh.md and RULE.en.md say it: exact fractions, plain Python, no floats."""

import math
from fractions import Fraction


# --- one item by its rule -------------------------------------------------------------------------------------
def half_up(value):
    """Round to a whole number, halves away from zero."""
    rounded = math.floor(abs(value) + Fraction(1, 2))
    return rounded if value >= 0 else -rounded


def leaf(item, row):
    """Return the points of one item from the facts beside it."""
    rule, points = item["rule"], item["points"]
    if row.get("zeroed") == "1":
        return 0
    if rule["type"] == "deduction":
        return max(rule.get("floor") or 0, points - rule["per_finding"] * int(row["counted"]))
    if rule["type"] == "yes_no":
        return points if row["answer"] == "1" else 0
    low, target = rule.get("zero_at_or_below_pct") or 0, rule["target_pct"]
    reached = Fraction(100 * int(row["met"]), int(row["sampled"]))
    return half_up(points * min(max(Fraction(reached - low, target - low), Fraction(0)), Fraction(1)))


# --- one place ------------------------------------------------------------------------------------------------
def mean_of(cell):
    """Return the mean over a village's visits, or None where the item has no score."""
    return Fraction(cell[1], cell[0]) if cell[0] else None


def scaled(pairs, top):
    """Return (value, points) pairs added up and scaled to `top`; None without any."""
    got, points = Fraction(0), 0
    for value, possible in pairs:
        if value is not None:
            got, points = got + value, points + possible
    return got * top / points if points else None


# --- places and their sources ---------------------------------------------------------------------------------
def seen_in(members, cells):
    """Return item → (mean over the villages with a score, their number, villages without the item, villages passed)."""
    result = {}
    for village in members:
        for item, cell in cells.get(village, {}).items():
            entry = result.setdefault(item, [Fraction(0), 0, 0, 0])
            value = mean_of(cell)
            if value is not None:
                entry[0], entry[1] = entry[0] + value, entry[1] + 1
            elif cell[3]:
                entry[3] += 1
            else:
                entry[2] += 1
    return {item: (e[0] / e[1] if e[1] else None, e[1], e[2], e[3]) for item, e in result.items()}


def weighted(values, weights):
    """Return the weighted mean of what is there; equal weights where all are 0."""
    if not values:
        return None
    total = sum(weights.get(name, 0) for name in values)
    if total == 0:
        return sum(values.values()) / len(values)
    return sum(value * weights.get(name, 0) for name, value in values.items()) / Fraction(total)


def place(items, weights, combine, top, marks, bonus):
    """Return everything about one place from the marks of its sources."""
    parts = {}
    for item in items:
        code, there = item["code"], {}
        missing = [source for source in item["sources"] if (source, code) not in marks]
        without = [s for s in item["sources"] if s not in missing and marks[s, code] is None]
        for source in item["sources"]:
            if marks.get((source, code)) is not None:
                there[source] = marks[source, code]
        parts[code] = {
            "value": weighted(there, weights),
            "points": item["points"],
            "there": there,
            "missing": missing,
            "applies": len(without) < len(item["sources"]),
            "aspect": item["aspect"],
        }
    sources = source_parts(parts, weights, combine, top)
    if combine == "source_total":
        base = weighted({s: row["value"] for s, row in sources.items() if row["value"] is not None}, weights)
    else:
        base = scaled(((p["value"], p["points"]) for p in parts.values()), top)
    both = [p for p in parts.values() if "self" in p["there"] and "visit" in p["there"]]
    gap = scaled(((p["there"]["self"] - p["there"]["visit"], p["points"]) for p in both), top)
    return {
        "base": base,
        "total": None if base is None else max(base + bonus, Fraction(0)),
        "adjusted": bonus,
        "provisional": base is None or any(p["missing"] for p in parts.values()),
        "gap": gap,
        "items": parts,
        "sources": sources,
    }


def source_parts(parts, weights, combine, top):
    """Return each source's own total, and what it counts in the total of the place."""
    result = {}
    for source in weights:
        missing = any(source in p["missing"] for p in parts.values())
        own = [(p["there"].get(source), p["points"]) for p in parts.values()]
        if missing or any(value is not None for value, _points in own):
            result[source] = {"value": scaled(own, top), "provisional": missing, "weight": Fraction(0)}
    if combine == "source_total":
        there = [s for s, row in result.items() if row["value"] is not None]
        for source, share in shares(there, weights).items():
            result[source]["weight"] = share
    else:
        total = sum(p["points"] for p in parts.values() if p["value"] is not None)
        for part in parts.values():
            for source, share in shares(list(part["there"]), weights).items():
                result[source]["weight"] += share * part["points"] / total
    return result


def shares(names, weights):
    """Return what each of these sources weighs among them."""
    total = sum(weights.get(name, 0) for name in names)
    if total == 0:
        return {name: Fraction(1, len(names)) for name in names}
    return {name: Fraction(weights.get(name, 0), total) for name in names}


def aspect_parts(items):
    """Return the aspects: what the items with a value come to."""
    result = {}
    for part in items.values():
        row = result.setdefault(
            part["aspect"], {"value": None, "points": 0, "provisional": False, "applies": False}
        )
        if part["value"] is not None:
            row["value"] = (row["value"] or Fraction(0)) + part["value"]
            row["points"] += part["points"]
        row["provisional"] = row["provisional"] or bool(part["missing"])
        row["applies"] = row["applies"] or part["applies"]
    return result


# --- comparing ------------------------------------------------------------------------------------------------
def ranks(totals):
    """Return key → rank: one more than how many are better."""
    ordered = sorted((value for value in totals.values() if value is not None), reverse=True)
    first = {}
    for position, value in enumerate(ordered, start=1):
        first.setdefault(value, position)
    return {key: first[value] for key, value in totals.items() if value is not None}


def improvement(now, before, points, top):
    """Return by how much the items both periods have got better, and how many they are."""
    both = [code for code in now if code in before]
    return scaled(((now[code] - before[code], points[code]) for code in both), top), len(both)


def spread(scores):
    """Return the variance of a sample, or None of fewer than two."""
    n = len(scores)
    if n < 2:
        return None
    mean = Fraction(sum(scores), n)
    return sum((score - mean) ** 2 for score in scores) / (n - 1)


def standard_error(strata, weight):
    """Return the standard error in 1/100 point; strata are (scores of visited villages, number of villages)."""
    everyone = [score for scores, _count in strata for score in scores]
    overall, total = spread(everyone), Fraction(0)
    for scores, count in strata:
        n = len(scores)
        if n == 0 or n >= count:
            continue
        own = spread(scores)
        own = overall if own is None else own
        if own is None:
            return None
        total += Fraction(n, len(everyone)) ** 2 * (1 - Fraction(n, count)) * own / n
    total *= weight * weight
    return (math.isqrt(math.floor(4 * total)) + 1) // 2
