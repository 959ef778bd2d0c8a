"""Users, the dated posts they hold, and the tokens of their programs."""

import copy
import datetime as dt
import hashlib
import secrets
import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.places import EVERYWHERE, NOWHERE, Places, of_division, of_persons
from audit.prepared import Prepared
from audit.verbs import alters_data
from villages.models import Dated, Division, Person

# without 0/O, 1/l/I: a one-time password is read aloud on the telephone
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


class Role(models.TextChoices):
    CITY_OFFICE = "city_office", _("City office")
    COUNTY_OFFICE = "county_office", _("County office")
    TOWNSHIP = "township", _("Township official")
    INSPECTOR = "inspector", _("Inspector")
    DEPARTMENT = "department", _("Department")
    LEADER = "leader", _("Leader")
    AUDITOR = "auditor", _("Auditor")
    SYSADMIN = "sysadmin", _("System administrator")


class Organisation(models.Model):
    """A municipal department, or an agency that inspects for the city."""

    class Kind(models.TextChoices):
        DEPARTMENT = "department", _("Department")
        AGENCY = "agency", _("Third-party agency")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("Kind"), max_length=20, choices=Kind.choices)
    name = models.CharField(_("Name"), max_length=100, unique=True)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("Organisation")
        verbose_name_plural = _("Organisations")

    def __str__(self) -> str:
        return self.name_en if self.name_en and get_language() == "en" else self.name


class UserQuerySet(models.QuerySet["User"]):
    def holding(self, role: str, on: dt.date) -> "UserQuerySet":
        """Return active users who hold the role on the day."""
        return self.filter(is_active=True, pk__in=Post.objects.on(on).filter(role=role).values("user_id"))

    def at(self, division: Division, on: dt.date, *roles: str) -> "UserQuerySet":
        """Return active users with one of these posts at exactly this division on the day."""
        posts = Post.objects.on(on).filter(division=division, role__in=roles)
        return self.filter(is_active=True, pk__in=posts.values("user_id"))

    def search(self, words: str) -> "UserQuerySet":
        """Return users whose account, name, person or place contains every word."""
        rows = self
        for word in words.split():
            rows = rows.filter(
                Q(username__icontains=word)
                | Q(name__icontains=word)
                | Q(person__name__icontains=word)
                | Q(posts__division__name__icontains=word)
            )
        return rows.distinct() if words.strip() else rows

    def open_account(
        self,
        *,
        username: str,
        name: str,
        password: str,
        person: Person | None = None,
        email: str = "",
        language: str = "",
        demo: bool = False,
    ) -> "User":
        """Create an account whose password must be changed at the first sign-in (not so in the demo)."""
        user = User(
            username=username,
            name=name,
            person=person,
            email=email,
            language=language,
            demo=demo,
            must_change_password=not demo,
        )
        user.set_password(password)
        user.save(force_insert=True)
        return user

    @transaction.atomic
    def open_account_with_post(self, *, post: "Post", **account: Any) -> "User":
        """Create an account that holds its first post."""
        user = self.open_account(**account)
        user.take_post(post)
        return user


Users = UserManager.from_queryset(UserQuerySet)
Users.use_in_migrations = False  # migrations need no verbs


class User(AbstractUser):
    """An account. What it may do follows from its posts of the day, never from flags here."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("Name"), max_length=100, blank=True)
    person = models.OneToOneField(
        Person, models.PROTECT, null=True, blank=True, related_name="user", verbose_name=_("Person")
    )
    # empty until chosen: then the browser's language counts
    language = models.CharField(_("Language"), max_length=10, choices=settings.LANGUAGES, blank=True)
    theme = models.CharField(_("Theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    large_text = models.BooleanField(_("Large text"), default=False)
    must_change_password = models.BooleanField(_("Must change the password"), default=False)
    # an account of the demo: shown with its password at the sign-in page, until somebody changes that password
    demo = models.BooleanField(default=False, editable=False)

    objects: ClassVar[Users] = Users()

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("User")
        verbose_name_plural = _("Users")

    def __str__(self) -> str:
        return self.name or self.username

    def get_absolute_url(self) -> str:
        """Return the administrator's page of this account."""
        return reverse("user", args=[self.pk])

    def get_full_name(self) -> str:
        """Return the person's name (Django splits names; Chinese ones are not split)."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the person's name."""
        return str(self)

    @property
    def speaks(self) -> str:
        """Return the language that messages to this user are written in."""
        return self.language or settings.LANGUAGE_CODE

    # --- posts and places: read once per instance (one instance lives for one request) and day -----------------
    def forget_posts(self) -> None:
        """Drop what was read of posts and places, after they changed."""
        self.__dict__.pop("_posts", None)
        self.__dict__.pop("_places", None)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again and forget what was derived from it."""
        super().refresh_from_db(*args, **kwargs)
        self.forget_posts()

    def posts_on(self, on: dt.date) -> "list[Post]":
        """Return the posts held on the day, with division and organisation."""
        known: dict[dt.date, list[Post]] = self.__dict__.setdefault("_posts", {})
        if on not in known:
            known[on] = POSTS(self.pk, on)
            for post in known[on]:
                post.user = self
        return known[on]

    def holding_only(self, posts: "list[Post]", on: dt.date) -> "User":
        """Return this user as somebody who holds only some of the posts: sees as much as these allow, or less."""
        other = copy.copy(self)
        other.forget_posts()
        held = self.posts_on(on)
        other.__dict__["_posts"] = {on: [post for post in posts if post in held]}
        return other

    def roles(self, on: dt.date) -> set[str]:
        """Return the roles held on the day."""
        return {post.role for post in self.posts_on(on)}

    def has_role(self, role: str, on: dt.date) -> bool:
        """Tell whether the role is held on the day."""
        return role in self.roles(on)

    def places(self, on: dt.date, *roles: str) -> Places:
        """Return the places of the posts with these roles (of all posts without any) on the day."""
        known: dict[tuple[dt.date, frozenset[str]], Places] = self.__dict__.setdefault("_places", {})
        key = (on, frozenset(roles))
        if key not in known:
            known[key] = self._find_places(on, roles)
        return known[key]

    def _find_places(self, on: dt.date, roles: tuple[str, ...]) -> Places:
        found, leaders = NOWHERE, set()
        for post in self.posts_on(on):
            if roles and post.role not in roles:
                continue
            found |= post.places
            if post.role == Role.LEADER:
                leaders.add(post.deputy_for.user.person_id if post.deputy_for else self.person_id)
        leaders.discard(None)
        return found | of_persons(leaders, on) if leaders else found

    def take_post(self, post: "Post") -> None:
        """Hold a new post."""
        post.user = self
        post.save(force_insert=True)
        self.forget_posts()

    def describe(self, *, username: str, name: str, email: str, person: Person | None) -> None:
        """Store what the administrator writes about the account."""
        self.username, self.name, self.email, self.person = username, name, email, person
        self.save(update_fields=["username", "name", "email", "person"])

    # --- passwords --------------------------------------------------------------------------------------------
    @alters_data
    def choose_password(self, password: str) -> None:
        """Store the password that the user chose."""
        self.set_password(password)
        self.must_change_password = self.demo = False
        self.save(update_fields=["password", "must_change_password", "demo"])

    @alters_data
    @transaction.atomic
    def reset_password(self, *, at: dt.datetime) -> str:
        """Set and return a one-time password, and revoke the tokens made under the old one."""
        password = one_time_password()
        self.set_password(password)
        self.must_change_password, self.demo = True, False
        self.save(update_fields=["password", "must_change_password", "demo"])
        self.tokens.revoke(at=at)
        return password

    @alters_data
    @transaction.atomic
    def deactivate(self, *, at: dt.datetime) -> None:
        """Close the account: no sign-in, no token. Posts stay as history."""
        self.is_active = False
        self.save(update_fields=["is_active"])
        self.tokens.revoke(at=at)

    @alters_data
    def reactivate(self) -> None:
        """Open a closed account again."""
        self.is_active = True
        self.save(update_fields=["is_active"])

    @alters_data
    def choose_language(self, language: str) -> None:
        """Store the language that pages and messages are written in."""
        self.language = language
        self.save(update_fields=["language"])


def one_time_password() -> str:
    """Return a random password that can be read aloud: 12 characters in three groups, 59 bits."""
    letters = "".join(secrets.choice(READABLE) for _place in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


class Post(Dated):
    """A role at a place or in an organisation, from a day until a day. A deputy's post names whom it stands in for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="posts", verbose_name=_("User"))
    role = models.CharField(_("Role"), max_length=20, choices=Role.choices)
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="posts", verbose_name=_("Place")
    )
    organisation = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="posts",
        verbose_name=_("Organisation"),
    )
    may_sign = models.BooleanField(_("May sign"), default=False)
    issues_directly = models.BooleanField(_("Findings are issued at once"), default=False)
    deputy_for = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="deputies",
        verbose_name=_("Stands in for"),
    )

    class Meta(Dated.Meta):
        verbose_name = _("Post")
        verbose_name_plural = _("Posts")
        constraints = [
            *Dated.Meta.constraints,
            # an office is an office of some place
            models.CheckConstraint(
                name="post_has_its_place",
                condition=~Q(role__in=["city_office", "county_office", "township"])
                | Q(division__isnull=False),
            ),
            models.CheckConstraint(
                name="post_department_is_named",
                condition=~Q(role="department") | Q(organisation__isnull=False),
            ),
            models.CheckConstraint(
                name="post_deputy_for_another", condition=Q(deputy_for__isnull=True) | ~Q(deputy_for=F("id"))
            ),
        ]

    def __str__(self) -> str:
        where = self.division or self.organisation
        return f"{self.get_role_display()} · {where}" if where else str(self.get_role_display())

    @property
    def places(self) -> Places:
        """Return the places of this post by itself; a leader's follow from the responsibilities."""
        if self.role in (Role.LEADER, Role.SYSADMIN):
            return NOWHERE
        return of_division(self.division) if self.division else EVERYWHERE

    @alters_data
    def end(self, *, on: dt.date) -> None:
        """Let the post end: the day is the first on which it no longer holds."""
        self.until = on
        self.save(update_fields=["until"])


# whom a deputy stands in for is read where it is asked: every page would pay for two more tables
POSTS: Prepared[Post] = Prepared(
    lambda user, on: (
        Post.objects.on(on)
        .filter(user_id=user)
        .select_related("division", "organisation")
        .order_by("since", "pk")
    ),
    uuid.UUID,
    dt.date,
)


class TokenQuerySet(models.QuerySet["Token"]):
    def live(self, at: dt.datetime) -> "TokenQuerySet":
        """Return tokens that open the door at this moment."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)

    def revoke(self, *, at: dt.datetime) -> int:
        """Revoke these tokens; return how many were still good."""
        return self.filter(revoked_at__isnull=True).update(revoked_at=at)

    def issue(self, user: User, *, at: dt.datetime) -> "tuple[Token, str]":
        """Make a token; its key is returned once and only its hash is kept."""
        key = secrets.token_urlsafe(32)
        expires = at + dt.timedelta(days=settings.TOKEN_DAYS)
        return self.create(user=user, digest=Token.digest_of(key), created_at=at, expires_at=expires), key


class Token(models.Model):
    """A key for programs: it acts as its user until it expires or is revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="tokens", verbose_name=_("User"))
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("Made"))
    expires_at = models.DateTimeField(_("Expires"))
    revoked_at = models.DateTimeField(_("Revoked"), null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("Token")
        verbose_name_plural = _("Tokens")

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"

    @staticmethod
    def digest_of(key: str) -> str:
        """Return what is stored of a key (random 256 bits need no slow hash)."""
        return hashlib.sha256(key.encode()).hexdigest()


LIVE_TOKENS: Prepared[Token] = Prepared(
    lambda digest, at: Token.objects.live(at).filter(digest=digest).select_related("user"), str, dt.datetime
)
