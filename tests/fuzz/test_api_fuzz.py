"""Whatever a client sends, the API answers with its own words: never a 500, never another shape than it describes."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from accounts.models import Token
from dalian_rural.wsgi import application

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def one_connection():
    """Keep the connection open over requests by WSGI; asked for last, because the test client connects again."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api_schema(hso, inspector, village, item):
    """Read the schema as the city office sees it, whose scope is the widest."""
    _token, key = Token.objects.issue(hso, at=timezone.now())
    header = {"Authorization": f"Token {key}"}
    text = Client(headers=header).get("/api/v1/schema/?format=json").json()
    schema = schemathesis.openapi.from_dict(text)
    schema.app = application
    schema.config.update(headers=header)
    return schema


def test_no_request_makes_the_server_fail(api_schema, one_connection):
    for operation in api_schema.get_all_operations():
        attempt(operation.ok())


def attempt(operation) -> None:
    """Send what hypothesis makes of one operation's schema."""

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def no_server_error(case):
        case.call_and_validate(checks=[not_a_server_error])

    no_server_error()
