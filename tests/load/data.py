"""Fill a database with findings of the real villages and items, set by set: a million in under two minutes.

    DATABASE_URL=… python -m tests.load.data ROWS

The oldest 85 in 100 are closed and spread over three years; the newest 15 in 100 are from the last fifteen days and
stand in every state, so that a million findings hold 100,000 that are open or returned, some of them long overdue.
Needs a superuser: foreign keys are not checked row by row, and indexes are built after the rows.
"""

import json
import sys
import time
from datetime import date
from typing import Any

SINCE = date(2020, 1, 1)
PASSWORD = "lantern-harbour-42"
# Photos (two per finding) and events (three) are made for the newest findings only: nothing reads the others'.
MOST_WITH_PHOTOS = 60_000

FINDINGS = """
INSERT INTO inspections_finding (
  id, number, version, state, ending, kind, village_id, township_id, county_id, place, item_id, description, severity,
  source, outside_number, outside_document, reported_by_id, reported_at, declared_photos, digest, direct,
  incomplete_reason, issuing_office_id, issued_by_id, issued_at, due_on, first_due_on, awaits_calendar, chain, measures,
  result, submitted_at, check_due_on, checked_at, closed_at, closed_by_id, closing_document, on_time, times_returned,
  point, repeats, zero_if)
SELECT
  gen_random_uuid(),
  CASE WHEN issued THEN p.prefix || '-' || extract(year FROM at) || '-' || lpad(n::text, 6, '0') END,
  2, state, CASE WHEN state = 'closed' THEN ending ELSE '' END, kind, p.village, p.township, p.county,
  (ARRAY['村口', '主街北侧', '村委会东侧小广场', '河沟边', '公厕旁', '垃圾收集点'])[1 + mod(n, 6)], i.item,
  (ARRAY['路边有散落垃圾，未及时清运', '河沟内漂浮物较多，边坡有生活垃圾', '柴草乱堆乱放，占用通行道路',
         '公厕无人保洁，异味较重', '农药包装废弃物丢弃在田间地头', '污水直排入沟，排水口淤堵'])[1 + mod(n, 6)]
    || '，约' || (1 + mod(n, 40)) || '平方米，编号' || n,
  (ARRAY['minor', 'minor', 'minor', 'major', 'grave'])[1 + mod(n, 5)],
  CASE WHEN by_city THEN (ARRAY['city_visit', 'city_visit', 'hotline', 'look_back'])[1 + mod(n, 4)]
       ELSE 'county_patrol' END,
  '', '', reporters[1 + mod(n, array_length(reporters, 1))], at - interval '2 hours', '[]',
  md5(n::text) || md5(n::text),
  false, '', CASE WHEN by_city THEN city ELSE p.county END,
  CASE WHEN issued THEN CASE WHEN by_city THEN city_clerk ELSE p.clerk END END, CASE WHEN issued THEN at END,
  CASE WHEN issued THEN day + 5 END, CASE WHEN issued THEN day + 5 END, false, p.chain,
  CASE WHEN done THEN '组织保洁队伍集中清理，并安排专人每日巡查' ELSE '' END,
  CASE WHEN done THEN '已清理干净，现场恢复整洁' ELSE '' END,
  CASE WHEN done THEN at + interval '3 days' END, CASE WHEN done THEN day + 4 END,
  CASE WHEN state IN ('checked', 'closed') THEN at + interval '4 days' END,
  CASE WHEN state IN ('closed', 'rejected') THEN at + interval '5 days' END,
  CASE WHEN state IN ('closed', 'rejected') THEN city_clerk END, '',
  CASE WHEN state = 'closed' AND ending = 'fixed' THEN mod(n, 20) > 2 END,
  CASE WHEN state = 'returned' OR mod(n, 12) = 0 THEN 1 ELSE 0 END, '', false, false
FROM (
  SELECT *, state NOT IN ('reported', 'rejected') AS issued, state IN ('submitted', 'checked', 'closed') AS done,
    (at AT TIME ZONE 'Asia/Shanghai')::date AS day
  FROM (
    SELECT n,
      CASE WHEN n <= old THEN now() - interval '20 days' - interval '3 years' * ((old - n)::float / old)
           ELSE now() - interval '15 days' * ((total - n)::float / (total - old)) END AS at,
      CASE WHEN n <= old THEN CASE WHEN r < 0.99 THEN 'closed' ELSE 'rejected' END
           WHEN r < 0.534 THEN 'open' WHEN r < 0.667 THEN 'returned' WHEN r < 0.80 THEN 'submitted'
           WHEN r < 0.867 THEN 'checked' WHEN r < 0.934 THEN 'reported' ELSE 'closed' END AS state,
      CASE WHEN mod(n, 50) < 47 THEN 'fixed' WHEN mod(n, 50) = 47 THEN 'withdrawn' WHEN mod(n, 50) = 48 THEN 'not_ours'
           ELSE 'cannot' END AS ending,
      CASE WHEN mod(n, 25) < 22 THEN 'at_once' WHEN mod(n, 25) < 24 THEN 'by_date' ELSE 'continuing' END AS kind,
      mod(n, 3) < 2 AS by_city
    FROM (SELECT n, random() AS r, %(rows)s AS total, (%(rows)s * 0.85)::int AS old
          FROM generate_series(1, %(rows)s) AS n) AS numbers
  ) AS stated
) AS f
JOIN bench_places p ON p.pos = mod(f.n::bigint * 7919, %(places)s)
JOIN bench_items i ON i.pos = mod(f.n::bigint * 31, %(items)s),
(SELECT %(city)s::uuid AS city, %(clerk)s::uuid AS city_clerk, %(reporters)s::uuid[] AS reporters) AS c
"""

PHOTOS = """
INSERT INTO inspections_photo (
  id, parent_id, uploader_id, side, sha256, size, width, height, format, received_at, phash, original_sha256, source,
  original, large, small, made_at, attempts, refused, parked, sealed_sha256)
SELECT gen_random_uuid(), f.id, f.reported_by_id, s.side, md5(f.id || s.side) || md5(s.side || f.id), 300000,
  1600, 1200, 'JPEG', f.reported_at, substr(md5(f.id::text), 1, 16), '', 'camera', 'originals/x', 'photos/x',
  'photos/x', f.reported_at, 1, '', false, ''
FROM (SELECT * FROM inspections_finding WHERE issued_at IS NOT NULL ORDER BY issued_at DESC LIMIT %(most)s) AS f,
  (VALUES ('before'), ('after')) AS s (side)
WHERE s.side = 'before' OR f.submitted_at IS NOT NULL
"""
USES = """
INSERT INTO inspections_photouse (finding_id, photo_id, side, position, by_id, at, compared_at)
SELECT f.id, p.id, p.side, 0, p.uploader_id, p.received_at, p.received_at
FROM inspections_photo p JOIN inspections_finding f ON f.id = p.parent_id
"""
EVENTS = """
INSERT INTO inspections_findingevent (
  finding_id, step, by_id, at, remark, from_state, to_state, version, data, internal)
SELECT f.id, s.step, f.reported_by_id, f.reported_at + s.later, '', s.before, s.after, s.version,
  '{"before": {}, "created": []}', s.version = 1
FROM (SELECT * FROM inspections_finding WHERE issued_at IS NOT NULL ORDER BY issued_at DESC LIMIT %(most)s) AS f,
  (VALUES ('report', 'reported', 'reported', 1, interval '0'), ('issue', 'reported', 'open', 2, interval '2 hours'),
          ('note', 'open', 'open', 3, interval '1 day')) AS s (step, before, after, version, later)
"""


def fill(rows: int) -> dict[str, float]:
    """Fill the migrated, empty database; return the seconds each part took."""
    from django.db import connection

    took: dict[str, float] = {}
    for name, act in (
        ("places and people", people),
        ("findings", lambda: findings(rows)),
        ("around them", around),
    ):
        begun = time.monotonic()
        act()
        took[name] = round(time.monotonic() - begun, 1)
    with connection.cursor() as cursor:
        begun = time.monotonic()
        cursor.execute("VACUUM ANALYZE")
        took["vacuum, analyze"] = round(time.monotonic() - begun, 1)
    return took


# --- places and people --------------------------------------------------------------------------------------------
def people() -> None:
    """Load what ships with the product, and enough people that everybody who would be told is told."""
    from django.core.management import call_command
    from django.utils import timezone

    from villages.models import Division, Holiday

    call_command("import_registry", "--on", SINCE.isoformat(), verbosity=0)
    call_command("load_scheme", verbosity=0)
    Holiday.objects.seed()
    on = timezone.localdate()
    city = Division.objects.get(level="city")
    counties, townships = list(Division.objects.counties(on)), list(Division.objects.townships(on))
    offices(city, counties)
    officials(townships)
    leaders(counties, townships, on)


def offices(city: Any, counties: list[Any]) -> None:
    """Give the city and each unit an office, and the city its inspectors and an agency."""
    from accounts.models import Organisation, Role

    account("hso", Role.CITY_OFFICE, city, may_sign=True)
    for county in counties:
        account(f"office-{county.number_prefix}", Role.COUNTY_OFFICE, county, may_sign=True)
        account(f"clerk-{county.number_prefix}", Role.COUNTY_OFFICE, county)
    for number in range(10):
        account(f"inspector-{number}", Role.INSPECTOR, city, issues_directly=True)
    firm = Organisation.objects.create(kind="agency", name="清源咨询有限公司", name_en="Qingyuan Consulting")
    account("agency", Role.INSPECTOR, None, organisation=firm)


def account(name: str, role: str, division: Any, person: Any = None, **post: Any) -> Any:
    """Open an account with one post; the password cannot be used to sign in, the measurements make sessions."""
    from accounts.models import Post, User

    user = User.objects.create(username=name, name=name, password="!", person=person)
    Post.objects.create(user=user, role=role, division=division, since=SINCE, **post)
    return user


def officials(townships: list[Any]) -> None:
    """Give each township two officials."""
    from accounts.models import Role

    for number, township in enumerate(townships):
        for which in "ab":
            account(f"official-{number}{which}", Role.TOWNSHIP, township)


def leaders(counties: list[Any], townships: list[Any], on: date) -> None:
    """Cover every unit, township and village, and give accounts to those who are reminded."""
    from accounts.models import Post, Role, User
    from villages.models import Person, Responsibility, Village

    kinds = Responsibility.Kind
    held: list[tuple[str, str, dict[str, Any]]] = []
    held += [("副市长", kinds.MUNICIPAL, {"county": county}) for county in counties]
    held += [("党工委书记", kinds.SECRETARY, {"township": township}) for township in townships]
    villages = list(Village.objects.current(on))
    held += [("办事处副主任", kinds.TOWNSHIP, {"village": village}) for village in villages]
    held += [("村党组织书记", kinds.VILLAGE_SECRETARY, {"village": village}) for village in villages]
    persons = [Person(name=f"赵{number:04d}", title=title) for number, (title, _k, _p) in enumerate(held)]
    Person.objects.bulk_create(persons)
    rows = zip(persons, held, strict=True)
    Responsibility.objects.bulk_create(
        Responsibility(person=person, kind=kind, since=SINCE, **place) for person, (_t, kind, place) in rows
    )
    told = [p for p, (_t, kind, _p) in zip(persons, held, strict=True) if kind != kinds.VILLAGE_SECRETARY]
    users = [User(username=person.name, name=person.name, password="!", person=person) for person in told]
    User.objects.bulk_create(users)
    Post.objects.bulk_create(Post(user=user, role=Role.LEADER, since=SINCE) for user in users)


# --- findings -----------------------------------------------------------------------------------------------------
def findings(rows: int) -> None:
    """Insert the findings; indexes that are no constraint are built afterwards."""
    from django.db import connection

    with connection.cursor() as cursor:
        counted = lookups(cursor)
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'; SELECT setseed(0.42)")
        later = drop_indexes(cursor, "inspections_finding")
        cursor.execute(FINDINGS, {"rows": rows, **counted})
        for statement in later:
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")
        # the numbers above stay below what the product gives out next
        cursor.execute(
            "INSERT INTO inspections_numberseries (county_id, year, last) SELECT id, extract(year FROM now()), %s "
            "FROM villages_division WHERE level = 'county'",
            [max(rows, 1)],
        )


def lookups(cursor: Any) -> dict[str, Any]:
    """Write villages and items into numbered tables; return how many, and who reports and issues."""
    from accounts.models import Role, User
    from schemes.models import Item
    from villages.models import Division

    places = places_with_chain()
    cursor.execute(
        "CREATE TEMP TABLE bench_places (pos int, village uuid, township uuid, county uuid, prefix text, clerk uuid, "
        "chain jsonb); CREATE TEMP TABLE bench_items (pos int, item uuid)"
    )
    cursor.executemany("INSERT INTO bench_places VALUES (%s, %s, %s, %s, %s, %s, %s)", places)
    items = list(Item.objects.current().values_list("pk", flat=True))
    cursor.executemany("INSERT INTO bench_items VALUES (%s, %s)", list(enumerate(items)))
    cursor.execute("ANALYZE bench_places; ANALYZE bench_items")
    inspectors = User.objects.filter(posts__role=Role.INSPECTOR).values_list("pk", flat=True)
    return {
        "places": len(places),
        "items": len(items),
        "city": Division.objects.get(level="city").pk,
        "clerk": User.objects.get(username="hso").pk,
        "reporters": list(inspectors),
    }


def places_with_chain() -> list[tuple[Any, ...]]:
    """Return each village with its places, its unit's office and its chain of leaders as the product stores it."""
    from django.utils import timezone

    from accounts.models import User
    from villages.chain import chains_on
    from villages.models import Division, Village

    on = timezone.localdate()
    prefixes = dict(Division.objects.counties(on).values_list("pk", "number_prefix"))
    clerks = {f"office-{prefix}": prefix for prefix in prefixes.values()}
    office = {clerks[user.username]: user.pk for user in User.objects.filter(username__in=clerks)}
    villages = list(Village.objects.current(on).with_places(on).order_by("code"))
    chains = chains_on(villages, on)
    rows: list[tuple[Any, ...]] = []
    for position, village in enumerate(villages):
        place: Any = village
        chain = json.dumps(chains[village.pk].as_json(), ensure_ascii=False, default=str)
        prefix = prefixes[place.county_id]
        rows.append((position, village.pk, place.township_id, place.county_id, prefix, office[prefix], chain))
    return rows


def drop_indexes(cursor: Any, table: str) -> list[str]:
    """Drop what slows inserting and is no constraint; return the statements that build it again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        [table],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]


def around() -> None:
    """Insert photos, which finding shows them, and events, for the newest findings."""
    from django.db import connection

    most = {"most": MOST_WITH_PHOTOS}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(PHOTOS, most)
        cursor.execute(USES)
        cursor.execute(EVENTS, most)
        cursor.execute("SET session_replication_role = DEFAULT")


def main() -> None:
    """Migrate the database of the environment and fill it."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(fill(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
