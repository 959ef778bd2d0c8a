"""The demo's inspectors: the city's teams, the agency's, and those of Jinpu's county office. Names are invented."""

from dataclasses import dataclass
from datetime import date

from accounts.models import Organisation, Post, Role, User
from dalian_rural.demo.names import Names
from dalian_rural.demo.places import Places
from villages.models import Division

TEAMS = 7
IN_A_TEAM = 3
PATROLS = 2
IN_A_PATROL = 2


@dataclass(frozen=True)
class Crew:
    """Who inspects: the city's own, the agency's, Jinpu's; each list begins with the account to try, if any."""

    city: list[User]
    agency: list[User]
    jinpu: list[User]


def load(places: Places, since: date) -> None:
    """Open accounts without a password for the colleagues of the two inspectors to try, and for Jinpu's patrols."""
    names = Names(2024)
    jinpu = next(county for county in places.counties if county.number_prefix == "JP")
    agency = Organisation.objects.get(kind=Organisation.Kind.AGENCY)
    colleagues = TEAMS * IN_A_TEAM - 1
    city = Post(role=Role.INSPECTOR, division=places.city, issues_directly=True)
    _open("city", colleagues, names, "市暗访组", city, since)
    _open("agency", colleagues, names, "第三方", Post(role=Role.INSPECTOR, organisation=agency), since)
    patrol = Post(role=Role.INSPECTOR, division=jinpu, issues_directly=True)
    _open("patrol", PATROLS * IN_A_PATROL, names, "金普新区督查组", patrol, since)


def read() -> Crew:
    """Read the inspectors."""

    def of(prefix: str, *first: str) -> list[User]:
        known = {
            u.username: u for u in User.objects.filter(posts__role=Role.INSPECTOR).select_related("person")
        }
        return [known[name] for name in (*first, *sorted(n for n in known if n.startswith(f"{prefix}-")))]

    return Crew(of("city", "inspector"), of("agency", "agency"), of("patrol"))


def _open(prefix: str, count: int, names: Names, desk: str, like: Post, since: date) -> None:
    posts = []
    for number in range(1, count + 1):
        user = User(username=f"{prefix}-{number:02d}", name=f"{names.draw()}（{desk}）")
        user.set_unusable_password()
        division: Division | None = like.division
        posts.append(
            Post(
                user=user,
                role=like.role,
                division=division,
                organisation=like.organisation,
                since=since,
                issues_directly=like.issues_directly,
            )
        )
    User.objects.bulk_create([post.user for post in posts])
    Post.objects.bulk_create(posts)
