"""The demo's people: leaders on three levels over every village, secretaries, offices, and the accounts to try."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date

from django.conf import settings

from accounts.models import Organisation, Post, Role, User
from dalian_rural.demo.names import Names
from dalian_rural.demo.places import Places
from schemes.models import Item
from villages.models import Area, Division, Person, Responsibility

Kind = Responsibility.Kind
# 782 township leaders for 853 villages: in this many townships one leader covers two
TOWNSHIP_LEADERS = 782


def load(places: Places, since: date) -> None:
    """Create persons with their responsibilities, then the accounts."""
    names = Names(2023)
    rows = [
        *_municipal(places, names),
        *_county(names),
        *_secretaries(places, names),
        *_township(places, names),
    ]
    rows += _village_secretaries(places, names)
    unique = {id(row.person): row.person for row in rows}
    Person.objects.bulk_create(unique.values(), batch_size=500)
    for row in rows:
        row.since = since
    Responsibility.objects.bulk_create(rows, batch_size=500)
    _departments()
    _accounts(places, names, since)


def _municipal(places: Places, names: Names) -> Iterator[Responsibility]:
    for county in places.counties:
        person = Person(name=names.draw(), title="市级包县领导", employer="大连市")
        yield Responsibility(person=person, kind=Kind.MUNICIPAL, county=county)


def _county(names: Names) -> Iterator[Responsibility]:
    for area in Area.objects.select_related("county").order_by("county__position", "name"):
        person = Person(name=names.draw(), title="县级包片领导", employer=area.county.name)
        yield Responsibility(person=person, kind=Kind.COUNTY, area=area)


def _secretaries(places: Places, names: Names) -> Iterator[Responsibility]:
    for township in places.townships:
        person = Person(name=names.draw(), title="党（工）委书记", employer=township.name)
        yield Responsibility(person=person, kind=Kind.SECRETARY, township=township)


def _township(places: Places, names: Names) -> Iterator[Responsibility]:
    """One leader a village; where there are too few leaders, one covers two."""
    spare = sum(len(v) for v in places.villages_of.values()) - TOWNSHIP_LEADERS
    largest = sorted(places.townships, key=lambda t: (-len(places.villages_of[t.pk]), t.name))[:spare]
    doubled = {township.pk for township in largest}
    for township in places.townships:
        person = None
        for n, village in enumerate(places.villages_of[township.pk]):
            if not (n == 1 and township.pk in doubled):
                person = Person(name=names.draw(), title="包村干部", employer=township.name)
            yield Responsibility(person=person, kind=Kind.TOWNSHIP, village=village)


def _village_secretaries(places: Places, names: Names) -> Iterator[Responsibility]:
    for township in places.townships:
        for village in places.villages_of[township.pk]:
            person = Person(name=names.draw(), title="村党组织书记", employer=village.name)
            yield Responsibility(person=person, kind=Kind.VILLAGE_SECRETARY, village=village)


def _departments() -> None:
    """Create the departments that the items name, and let each have its items."""
    for name, name_en in Item.objects.values_list("department_zh", "department_en").distinct():
        bureau, _created = Organisation.objects.get_or_create(
            name=name, defaults={"kind": Organisation.Kind.DEPARTMENT, "name_en": name_en}
        )
        Item.objects.filter(department_zh=name).update(department=bureau)


# --- accounts -------------------------------------------------------------------------------------------------
def _accounts(places: Places, names: Names, since: date) -> None:
    """Open the accounts to try, then one official for every other township and office."""
    named = {county.number_prefix: county for county in places.counties}
    towns = {township.name: township for township in places.townships}
    jinpu, huajia = named["JP"], towns["华家街道"]
    agency = Organisation.objects.create(
        kind=Organisation.Kind.AGENCY,
        name="辽宁清源乡村评估有限公司",
        name_en="Qingyuan Rural Assessment Ltd.",
    )
    secretary = Responsibility.objects.get(kind=Kind.SECRETARY, township=huajia).person
    leader = Responsibility.objects.get(kind=Kind.MUNICIPAL, county=jinpu).person
    cast: list[tuple[str, str, Person | None, Post]] = [
        ("hso", "周明（市办）", None, Post(role=Role.CITY_OFFICE, division=places.city, may_sign=True)),
        ("jinpu", "李晨（金普新区办）", None, Post(role=Role.COUNTY_OFFICE, division=jinpu, may_sign=True)),
        (
            "changhai",
            "王海（长海县办）",
            None,
            Post(role=Role.COUNTY_OFFICE, division=named["CH"], may_sign=True),
        ),
        ("huajia", "赵岩（华家街道）", None, Post(role=Role.TOWNSHIP, division=huajia)),
        ("xiangying", "吴桐（向应街道）", None, Post(role=Role.TOWNSHIP, division=towns["向应街道"])),
        ("secretary", f"{secretary.name}（华家街道书记）", secretary, Post(role=Role.LEADER)),
        (
            "inspector",
            "许诺（市暗访组）",
            None,
            Post(role=Role.INSPECTOR, division=places.city, issues_directly=True),
        ),
        ("agency", "曹敏（第三方）", None, Post(role=Role.INSPECTOR, organisation=agency)),
        ("leader", f"{leader.name}（包县领导）", leader, Post(role=Role.LEADER)),
        ("auditor", "沈清（审计）", None, Post(role=Role.AUDITOR, division=places.city)),
        ("sysadmin", "马力（系统管理员）", None, Post(role=Role.SYSADMIN)),
    ]
    for username, name, person, post in cast:
        user = User.objects.open_account(
            username=username, name=name, person=person, password=settings.DEMO_PASSWORD, demo=True
        )
        _hold(user, post, since)
    taken = {post.division_id for _u, _n, _p, post in cast}
    _backstage(places, names, since, taken)


def _hold(user: User, post: Post, since: date) -> None:
    post.user, post.since = user, since
    post.save(force_insert=True)


def _backstage(places: Places, names: Names, since: date, taken: AbstractSet[object]) -> None:
    """Open an account without a password for every office and township that no demo account stands for."""
    offices: list[tuple[Division, str]] = [
        *((county, Role.COUNTY_OFFICE) for county in places.counties),
        *((township, Role.TOWNSHIP) for township in places.townships),
    ]
    posts = []
    for number, (place, role) in enumerate(offices):
        if place.pk in taken:
            continue
        user = User(username=f"office-{number:03d}", name=f"{names.draw()}（{place.name}）")
        user.set_unusable_password()
        posts.append(
            Post(user=user, role=role, division=place, since=since, may_sign=role == Role.COUNTY_OFFICE)
        )
    User.objects.bulk_create([post.user for post in posts])
    Post.objects.bulk_create(posts)
