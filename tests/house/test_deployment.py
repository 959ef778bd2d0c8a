"""The deployment's files agree with the settings."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
SETTINGS = (ROOT / "dalian_rural" / "settings.py").read_text()
SCRIPTS = "".join(path.read_text() for path in (ROOT / "deploy").glob("*.sh"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def example_names() -> set[str]:
    """Return the variables of .env.example; those of `make run` stand in comments."""
    return set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.M))


def settings_names() -> set[str]:
    """Return the variables that the settings read."""
    return set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z0-9_]+)["']""", SETTINGS))


def test_every_setting_is_in_the_example() -> None:
    assert settings_names() - example_names() == set()


def test_every_variable_given_to_the_application_is_read_by_it() -> None:
    given = set(COMPOSE["x-app"]["environment"])
    in_scripts = set(re.findall(r"\$\{([A-Z0-9_]+)", SCRIPTS))
    read_elsewhere = {
        name for name in given if any(name in p.read_text() for p in (ROOT / "notifications").rglob("*.py"))
    }
    assert given - settings_names() - in_scripts - read_elsewhere == set()


def test_every_variable_the_compose_file_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert asked - example_names() == set()


def test_the_compose_file_gives_every_variable_without_a_default() -> None:
    required = set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z0-9_]+)["']\)""", SETTINGS))
    assert required - set(COMPOSE["x-app"]["environment"]) == set()


def test_every_service_has_a_health_check_or_ends_by_itself() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "HEALTHCHECK" in dockerfile
    without = [
        name
        for name, service in COMPOSE["services"].items()
        if "healthcheck" not in service and service.get("image") != COMPOSE["x-app"]["image"]
    ]
    assert without == []


def test_images_are_pinned_and_run_without_root() -> None:
    images = [service["image"] for service in COMPOSE["services"].values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    assert [image for image in images if not re.search(r":\d+\.\d+", image)] == []
    assert re.search(r"^USER app$", (ROOT / "Dockerfile").read_text(), re.M)


def test_the_production_lock_has_the_versions_that_were_tested() -> None:
    pins = {
        name: dict(re.findall(r"^([\w.\[\],-]+)==(\S+)", (ROOT / name).read_text(), re.M))
        for name in ("requirements.lock", "requirements-production.lock")
    }
    tested, deployed = pins.values()
    assert {name: version for name, version in deployed.items() if tested.get(name) != version} == {}
    assert "pytest" not in deployed


def test_nginx_sets_what_a_visitor_may_not_set_himself() -> None:
    config = (ROOT / "deploy" / "nginx.conf.template").read_text()
    assert "X-Forwarded-For $remote_addr;" in config
    assert "X-Forwarded-Proto $scheme;" in config
    assert "client_max_body_size 190m;" in config
