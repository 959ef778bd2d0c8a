"""Sessions and tokens for the measurements, and what reports are made from, as JSON."""

import json

USERS = ("hso", "office-JP", "official-0a")


def main() -> None:
    """Print them for the database of the environment."""
    import django

    django.setup()
    from django.utils import timezone

    from accounts.models import Token, User
    from schemes.models import Item
    from tests.load.pages import session_of
    from villages.models import Village

    at = timezone.now()
    tokens = {
        name: Token.objects.issue(User.objects.get(username=name), at=at)[1]
        for name in ("agency", "inspector-0")
    }
    villages = Village.objects.current(timezone.localdate(at)).values_list("pk", flat=True)
    print(
        json.dumps(
            {
                "sessions": {name: session_of(name) for name in USERS},
                "tokens": tokens,
                "villages": [str(pk) for pk in villages],
                "items": [str(pk) for pk in Item.objects.current().values_list("pk", flat=True)],
            }
        )
    )


if __name__ == "__main__":
    main()
