"""The environment of a test run, set before Django's settings are read (pyproject loads it with `-p`).

A variable that is already set wins, so that CI and `make test` choose the database.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("PLAIN_STATIC", "1")
# Nothing consumes this broker: tasks sent by ordinary tests go nowhere. Tests marked `broker` start a real one.
os.environ["BROKER_URL"] = "memory://"
OWN_DIR = None if "VAR_DIR" in os.environ else tempfile.mkdtemp(prefix="dalian-test-")
os.environ.setdefault("VAR_DIR", OWN_DIR or "")
os.environ.setdefault("EMAIL_URL", "consolemail://")
Path(os.environ["VAR_DIR"], "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it


def pytest_configure(config: pytest.Config) -> None:
    """Hash passwords fast; compile the Chinese catalog once, so that pages are tested in the language people read."""
    from django.conf import settings

    from scripts import translations

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if not hasattr(config, "workerinput"):
        translations.main(["compile"])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the run has left in its folder; xdist's workers use the folder of the run that started them."""
    if OWN_DIR and not hasattr(config, "workerinput"):
        shutil.rmtree(OWN_DIR, ignore_errors=True)
