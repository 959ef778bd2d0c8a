"""The environment of a test run, set before Django's settings are read (pyproject loads it with `-p`).

A variable that is already set wins, so that CI and `make test` choose the database.
"""

import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("PLAIN_STATIC", "1")
# Nothing consumes this broker: tasks sent by ordinary tests go nowhere. Tests marked `broker` start a real one.
os.environ["BROKER_URL"] = "memory://"
os.environ.setdefault("VAR_DIR", tempfile.mkdtemp(prefix="dalian-test-"))
os.environ.setdefault("EMAIL_URL", "consolemail://")
Path(os.environ["VAR_DIR"]).mkdir(parents=True, exist_ok=True)


def pytest_configure(config: pytest.Config) -> None:
    """Hash passwords fast; compile the Chinese catalog once, so that pages are tested in the language people read."""
    from django.conf import settings

    from scripts import translations

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if not hasattr(config, "workerinput"):
        translations.main(["compile"])
