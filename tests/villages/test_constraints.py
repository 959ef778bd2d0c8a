"""What may never be stored, tried by raw SQL."""

import uuid
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from tests.cast import SINCE
from villages.models import (
    Area,
    AreaLink,
    Division,
    DivisionLink,
    Person,
    Responsibility,
    Village,
    VillageCode,
)

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def refuse(sql: str, *values: object) -> None:
    plain = [
        value.hex if isinstance(value, uuid.UUID) and connection.vendor == "sqlite" else value
        for value in values
    ]
    plain = [str(value) if isinstance(value, (uuid.UUID, date)) else value for value in plain]
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, plain)


def test_a_dated_row_never_ends_before_it_begins(village: Village) -> None:
    refuse("UPDATE villages_villagelink SET until = %s WHERE village_id = %s", date(2019, 1, 1), village.pk)
    refuse("UPDATE villages_villagelink SET until = since WHERE village_id = %s", village.pk)


def test_a_village_lies_in_one_township_at_a_time(village: Village, xiangying: Division) -> None:
    refuse(
        "INSERT INTO villages_villagelink (since, village_id, township_id) VALUES (%s, %s, %s)",
        *(date(2021, 1, 1), village.pk, xiangying.pk),
    )


def test_a_village_lies_in_one_area_at_a_time(village: Village, area: Area) -> None:
    refuse(
        "INSERT INTO villages_arealink (since, village_id, area_id) VALUES (%s, %s, %s)",
        *(date(2021, 1, 1), village.pk, area.pk),
    )
    assert AreaLink.objects.count() == 1


def test_a_township_belongs_to_one_unit_at_a_time(huajia: Division, changhai: Division) -> None:
    refuse(
        "INSERT INTO villages_divisionlink (since, child_id, parent_id) VALUES (%s, %s, %s)",
        *(date(2021, 1, 1), huajia.pk, changhai.pk),
    )
    assert DivisionLink.objects.filter(child=huajia).count() == 1


def test_an_open_code_names_one_village(village: Village, sibling_village: Village) -> None:
    code = VillageCode.objects.get(village=village).code
    refuse("UPDATE villages_villagecode SET code = %s WHERE village_id = %s", code, sibling_village.pk)


def test_two_units_never_share_a_number_prefix(jinpu: Division, changhai: Division) -> None:
    refuse("UPDATE villages_division SET number_prefix = 'JP' WHERE id = %s", changhai.pk)


def test_each_kind_has_exactly_its_own_place(village: Village, huajia: Division) -> None:
    person = Person.objects.create(name="某")
    line = Responsibility.objects.create(person=person, kind="township", village=village, since=SINCE)
    refuse("UPDATE villages_responsibility SET kind = 'municipal' WHERE id = %s", line.pk)
    refuse("UPDATE villages_responsibility SET township_id = %s WHERE id = %s", huajia.pk, line.pk)
    refuse("UPDATE villages_responsibility SET village_id = NULL WHERE id = %s", line.pk)


def test_a_township_has_one_secretary_at_a_time(huajia: Division) -> None:
    first, second = Person.objects.create(name="一"), Person.objects.create(name="二")
    Responsibility.objects.create(person=first, kind="secretary", township=huajia, since=SINCE)
    refuse(
        "INSERT INTO villages_responsibility (id, since, person_id, kind, township_id, basis)"
        " VALUES (%s, %s, %s, 'secretary', %s, '')",
        *(uuid.uuid4(), date(2021, 1, 1), second.pk, huajia.pk),
    )


def test_no_position_is_kept_in_a_sensitive_area(village: Village) -> None:
    Village.objects.filter(pk=village.pk).update(sensitive_area=True)
    refuse("UPDATE villages_village SET lat = 39.1 WHERE id = %s", village.pk)


def test_an_answer_has_its_moment(village: Village, huajia: Division) -> None:
    refuse(
        "INSERT INTO villages_difficulty (id, township_id, text, raised_by_id, raised_by_name, raised_at, answer,"
        " answered_by_name) VALUES (%s, %s, 't', %s, 'n', '2024-01-01 00:00:00', 'a', '')",
        *(uuid.uuid4(), huajia.pk, uuid.uuid4()),
    )
