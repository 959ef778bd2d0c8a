"""The API of visits: begin, submit once and whole, whatever breaks on the way."""

import hashlib
import random
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inspections.models import Finding, Photo, PhotoUse, PlannedVisit, Visit, VisitPhoto, VisitVersion
from inspections.points import Point
from inspections.sweeps import issue_ready, rescore
from schemes.models import Item, Scheme
from tests.cast import shipped_scheme
from tests.inspections.sheets import YES_NO, all_visited, body, items, points
from tests.inspections.touring import clock, planned, running, villages_in
from tests.samples import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(client_for):
    """Give a client of a user that speaks JSON."""
    return client_for


def begin(client: Client, pk, village, **more):
    data = {"village": str(village.pk), **more}
    return client.post(f"/api/v1/visits/{pk}/begin/", data, content_type="application/json")


def put(client: Client, pk, data):
    return client.put(f"/api/v1/visits/{pk}/", data, content_type="application/json")


def put_photo(client: Client, pk, data: bytes, **parent):
    fields = {
        "sha256": hashlib.sha256(data).hexdigest(), "source": "camera",
        "file": SimpleUploadedFile("a.jpg", data, "image/jpeg"), **parent,
    }  # fmt: skip
    return client.put(
        f"/api/v1/photos/{pk}/", encode_multipart(BOUNDARY, fields), content_type=MULTIPART_CONTENT
    )


# --- the way of one visit -----------------------------------------------------------------------------------------
def test_a_visit_is_begun_and_submitted_once(api, inspector, village, item):
    client, key = api(inspector), uuid.uuid4()
    assert [begin(client, key, village).status_code for _ in range(2)] == [201, 200]
    whole = body(Visit.objects.get(pk=key))
    assert [put(client, key, whole).status_code for _ in range(2)] == [201, 200]
    other = put(client, key, {**whole, "notes": "另一份"})
    assert (other.status_code, other.json()["code"]) == (409, "id_conflict")
    answer = client.get(f"/api/v1/visits/{key}/").json()
    assert (answer["number"], len(answer["points"]), answer["got"]) == (1, 9, answer["possible"])


def test_a_sheet_brings_its_beginning_along(api, inspector, village, item):
    key = uuid.uuid4()
    draft = Visit.objects.begin(id=uuid.uuid4(), by=inspector, at=timezone.now(), village=village)[0]
    whole = body(draft)
    missing = put(api(inspector), key, whole)
    assert (missing.status_code, missing.json()["code"]) == (409, "not_begun")
    assert put(api(inspector), key, {**whole, "begin": {"village": str(village.pk)}}).status_code == 201


def test_a_sheet_that_lacks_something_names_its_parts(api, inspector, village, item):
    client, key = api(inspector), uuid.uuid4()
    begin(client, key, village)
    answer = put(client, key, body(Visit.objects.get(pk=key), points=points(water="left_out")))
    assert answer.status_code == 400
    assert "point-water" in str(answer.json())
    assert Visit.objects.get(pk=key).submitted_at is None


def test_somebody_elses_visit_is_as_one_that_does_not_exist(api, inspector, agency, village, item):
    key = uuid.uuid4()
    begin(api(inspector), key, village)
    whole = body(Visit.objects.get(pk=key))
    for call in (lambda pk: api(agency).get(f"/api/v1/visits/{pk}/"), lambda pk: put(api(agency), pk, whole)):
        here, nowhere = call(key), call(uuid.uuid4())
        assert here.status_code == nowhere.status_code
        assert here.json()["code"] == nowhere.json()["code"]
    assert begin(api(agency), key, village).json()["code"] == "id_taken"


def test_corrections_and_the_release_go_by_the_same_verbs(api, inspector, hso, village, item):
    client, key = api(inspector), uuid.uuid4()
    begin(client, key, village)
    visit = Visit.objects.get(pk=key)
    put(client, key, body(visit))
    better = body(visit, items=items(visit, A1_01={"status": "not_looked_at"}), reason="误填", number=1)
    url = f"/api/v1/visits/{key}"
    assert client.post(f"{url}/correct/", better, content_type="application/json").json()["number"] == 2
    assert client.post(f"{url}/release/").status_code == 403
    assert api(hso).post(f"{url}/release/").status_code == 200
    assert client.post(f"{url}/correct/", better, content_type="application/json").status_code == 403


# --- the revealed plan --------------------------------------------------------------------------------------------
@pytest.fixture
def stop(hso, city, huajia, xiangying, dachangshan, item):
    villages_in(huajia, xiangying, dachangshan)
    return planned(running(hso, city))[0]


def test_the_day_is_shown_to_its_team_from_the_reveal_on(stop, api, time_machine, hso, auditor, inspector):
    walker = stop.team.members.first()
    stranger = stop.round.teams.exclude(pk=stop.team_id).first().members.first()
    time_machine.move_to(stop.reveals_at, tick=False)
    listed = api(walker).get("/api/v1/visits/today/").json()["results"]
    assert str(stop.pk) in {row["id"] for row in listed}
    for user in (stranger, hso, auditor, inspector):
        rows = api(user).get("/api/v1/visits/today/").json()["results"]
        assert str(stop.pk) not in {row["id"] for row in rows}


def test_before_the_reveal_a_planned_visit_is_as_none(stop, api, time_machine):
    time_machine.move_to(stop.reveals_at - (stop.reveals_at - stop.round.opened_at) / 2, tick=False)
    client = api(stop.team.members.first())
    assert client.get("/api/v1/visits/today/").json()["count"] == 0

    def tries(pk):
        yield begin(client, uuid.uuid4(), stop.village, planned=str(pk))
        yield client.post(
            f"/api/v1/visits/planned/{pk}/miss/", {"reason": "weather"}, content_type="application/json"
        )

    for here, nowhere in zip(tries(stop.pk), tries(uuid.uuid4()), strict=True):
        assert here.status_code == nowhere.status_code == 404
        assert here.json()["code"] == nowhere.json()["code"]


def test_a_stop_is_begun_or_missed(stop, api, time_machine):
    time_machine.move_to(clock(stop.day), tick=False)
    client, key = api(stop.team.members.first()), uuid.uuid4()
    assert begin(client, key, stop.village, planned=str(stop.pk)).status_code == 201
    assert begin(client, key, stop.village, planned=str(stop.pk)).status_code == 200
    assert PlannedVisit.objects.get(pk=stop.pk).visit_id == key
    other = next(row for row in planned(stop.round) if row.team_id == stop.team_id and row.pk != stop.pk)
    time_machine.move_to(clock(other.day), tick=False)
    client = api(stop.team.members.first())
    url = f"/api/v1/visits/planned/{other.pk}/miss/"
    assert client.post(url, {"reason": "no_ferry"}, content_type="application/json").status_code == 200


# --- photos of points ---------------------------------------------------------------------------------------------
def test_photos_of_points_are_served_to_whoever_reads_the_visit(
    api, inspector, hso, jinpu_office, village, item
):
    client, key, shot, data = api(inspector), uuid.uuid4(), uuid.uuid4(), jpeg(7, (64, 48))
    assert put_photo(client, shot, data, visit=str(key), point="water").status_code == 201
    begin(client, key, village)
    declared = [{"id": str(shot), "sha256": hashlib.sha256(data).hexdigest()}]
    rows = [{**row, "photos": declared} if row["code"] == "water" else row for row in points()]
    assert put(client, key, body(Visit.objects.get(pk=key), points=rows)).status_code == 201
    assert VisitPhoto.objects.get(photo=shot).point == "water"
    url = f"/api/v1/photos/{shot}/"
    assert api(hso).get(url).status_code == 200
    assert api(jinpu_office).get(url).status_code == 404
    Visit.objects.get(pk=key).release(by=hso, at=timezone.now())
    assert api(jinpu_office).get(url).status_code == 200
    refused = client.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "photo_in_use")


def test_a_photo_has_one_parent(api, inspector, item):
    data, key = jpeg(3, (64, 48)), str(uuid.uuid4())
    wrong = [
        {"visit": key}, {"point": "water"}, {"visit": key, "point": "roof"}, {"finding": key}, {},
        {"finding": key, "side": "point"}, {"finding": key, "visit": key, "point": "water", "side": "before"},
    ]  # fmt: skip
    for parent in wrong:
        assert put_photo(api(inspector), uuid.uuid4(), data, **parent).status_code == 400, parent


def test_a_photo_of_one_visit_proves_no_other(api, inspector, village, sibling_village, item):
    client, data = api(inspector), jpeg(9, (64, 48))
    first, second = uuid.uuid4(), uuid.uuid4()
    for key, place in ((first, village), (second, sibling_village)):
        begin(client, key, place)
    shot = uuid.uuid4()
    put_photo(client, shot, data, visit=str(first), point="water")
    declared = [{"id": str(shot), "sha256": hashlib.sha256(data).hexdigest()}]
    rows = [{**row, "photos": declared} if row["code"] == "water" else row for row in points()]
    put(client, first, body(Visit.objects.get(pk=first), points=rows))
    again = put_photo(client, uuid.uuid4(), data, visit=str(second), point="water")
    assert (again.status_code, again.json()["code"]) == (409, "photo_reused")


def test_a_list_costs_the_same_with_ten_and_with_a_hundred(api, inspector, hso, village, item):
    def fill(count):
        scheme = item.scheme
        Visit.objects.bulk_create(
            Visit(
                id=uuid.uuid4(), kind="city", office=hso.posts.get().division, village=village, inspector=inspector,
                township=village.township_on(timezone.localdate()), scheme=scheme, begun_at=timezone.now(),
                county=village.township_on(timezone.localdate()).parent_on(timezone.localdate()),
                submitted_at=timezone.now(), number=1,
            )
            for _ in range(count)
        )  # fmt: skip

    client = api(hso)

    def cost(url):
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    fill(10)
    few = [cost(url) for url in ("/api/v1/visits/?page_size=100", "/visits/")]
    fill(90)
    assert [cost(url) for url in ("/api/v1/visits/?page_size=100", "/visits/")] == few


# --- a connection that breaks -------------------------------------------------------------------------------------
class Phone:
    """A client that has a whole visit to send: 6 findings, 20 photos, the sheet."""

    def __init__(self, client: Client, village, codes: list[str], measured: list[dict]) -> None:
        self.client, self.village, self.key = client, village, uuid.uuid4()
        self.findings = [uuid.uuid4() for _ in range(6)]
        places = [*Point.values, *Point.values[:5]]  # 14 photos of points
        self.shots = [(uuid.uuid4(), point, jpeg(100 + n, (64, 48))) for n, point in enumerate(places)]
        self.proofs = [(uuid.uuid4(), key, jpeg(200 + n, (64, 48))) for n, key in enumerate(self.findings)]
        self.codes, self.measured = codes, measured

    @staticmethod
    def declare(key, data):
        return {"id": str(key), "sha256": hashlib.sha256(data).hexdigest()}

    def sheet(self):
        rows = [
            {
                "code": code, "status": "finding" if n < 6 else "clean",
                "photos": [self.declare(key, data) for key, point, data in self.shots if point == code],
            }
            for n, code in enumerate(Point.values)
        ]  # fmt: skip
        return {
            "points": rows, "items": self.measured, "findings": [str(key) for key in self.findings],
            "begin": {"village": str(self.village.pk)}, "claimed_submitted_at": timezone.now().isoformat(),
        }  # fmt: skip

    def requests(self):
        """Return everything there is to send, in the order of the day."""
        sends = [lambda: begin(self.client, self.key, self.village)]
        sends += [lambda row=row: self.send_shot(*row) for row in self.shots]
        sends += [lambda n=n: self.send_finding(n) for n in range(6)]
        sends += [lambda row=row: self.send_proof(*row) for row in self.proofs]
        return [*sends, lambda: put(self.client, self.key, self.sheet())]

    def send_shot(self, key, point, data):
        return put_photo(self.client, key, data, visit=str(self.key), point=point)

    def send_proof(self, key, finding, data):
        return put_photo(self.client, key, data, finding=str(finding), side="before")

    def send_finding(self, n):
        proof, _key, data = self.proofs[n]
        report = {
            "village": str(self.village.pk), "item": self.codes[n], "description": f"问题{n}", "visit": str(self.key),
            "point": Point.values[n], "photos": [self.declare(proof, data)],
        }  # fmt: skip
        return self.client.put(
            f"/api/v1/findings/{self.findings[n]}/", report, content_type="application/json"
        )

    def arrived(self):
        """Check that everything is there once, and that nothing is lost."""
        issue_ready()
        rescore()
        visit = Visit.objects.get(pk=self.key)
        rows = Finding.objects.filter(visit=visit)
        assert rows.count() == 6
        assert set(rows.values_list("state", flat=True)) == {"open"}
        assert len(set(rows.values_list("number", flat=True))) == 6
        assert PhotoUse.objects.filter(finding__in=rows).count() == 6
        assert VisitPhoto.objects.filter(visit=visit).count() == 14
        assert not Photo.objects.exclude(refused="").exists()
        assert VisitVersion.objects.filter(visit=visit, cause="submitted").count() == 1
        assert visit.points.count() == 9
        assert visit.items.filter(status="scored").count() == 42
        assert visit.items.filter(answer=True).count() == len(YES_NO)
        assert visit.possible - visit.got == sum(
            Item.objects.get(code=c).rule["per_finding"] for c in self.codes
        )
        assert visit.released_at is not None


@pytest.fixture
def phone(api, inspector, village):
    """Give a phone with a sheet of 42 items, the most there can be."""
    Scheme.objects.load(all_visited(shipped_scheme()))
    draft, _created = Visit.objects.begin(id=uuid.uuid4(), by=inspector, at=timezone.now(), village=village)
    deducting = [row.code for row in draft.items_to_look_at() if row.rule["type"] == "deduction"][:6]
    measured = items(draft)
    assert len(measured) == 42
    draft.delete()
    return lambda: Phone(api(inspector), village, deducting, measured)


OK = {200, 201}


def send_all(sender, lost=(), late=()):
    """Send everything in order; some answers are lost, so that it is sent again, and some come only at the end."""
    sends = sender.requests()
    assert len(sends) == 28
    for n, send in enumerate(sends):
        times = 0 if n in late else 2 if n in lost else 1
        assert all(send().status_code in OK for _ in range(times))
    assert all(sends[n]().status_code in OK for n in late)
    sender.arrived()


def test_every_answer_may_be_lost_and_everything_arrives_once(phone):
    send_all(phone(), lost=range(28))


# the beginning, a point's photo, a finding, a finding's photo, the sheet
@pytest.mark.parametrize("late", [0, 1, 15, 21, 27])
def test_what_never_arrived_comes_at_the_end_and_nothing_is_lost(late, phone):
    send_all(phone(), late=[late])


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["lost", "late"])
def test_whichever_request_breaks_everything_arrives_once(fault, phone):
    for broken in range(28):
        with transaction.atomic():
            send_all(phone(), **{fault: [broken]})
            transaction.set_rollback(True)


@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_order_a_client_sends_again_everything_arrives_once(seed, phone):
    dice, sender = random.Random(seed), phone()
    waiting = sender.requests()
    while waiting:
        dice.shuffle(waiting)
        left = []
        for send in waiting:
            luck = dice.choice(["arrives", "answer lost", "never arrived"])
            if luck != "never arrived":
                assert send().status_code in OK
            if luck != "arrives":
                left.append(send)
        waiting = left
    sender.arrived()
