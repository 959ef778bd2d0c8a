"""The catalog's own rules."""

import json
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from scripts import translations


@pytest.mark.parametrize(
    ("english", "chinese", "faults"),
    [
        ("Close", "同意销号", 0),
        ("%(n)s findings", "%(n)s 个问题", 0),
        ("%(n)s findings", "%(m)s 个问题", 1),
        ("{n} findings", "个问题", 1),
        ("Why?", "为什么?", 1),
        ("Round (sealed)", "暗访轮次(保密)", 1),
        ("Round (sealed)", "暗访轮次（保密）", 0),
        ("A, B", "甲,乙", 1),
        ("Excel file", "Excel 文件.xlsx", 0),
        ("See https://x.cn/a", "见 https://x.cn/a", 0),
    ],
)
def test_a_reader_would_notice(english: str, chinese: str, faults: int) -> None:
    assert len(list(translations.faults_of(Message(english, chinese)))) == faults


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a small project with one template."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "audit").mkdir()
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "CATALOG", tmp_path / "locale" / "django.po")
    return tmp_path


def test_strings_survive_while_their_source_is_away(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, more = house / "templates" / "a.html", house / "more.json"
    page.write_text(
        "{% load i18n %}<p>it's {% translate 'Close' %}</p>\n   {% blocktranslate %}{{ n }}%{% endblocktranslate %}"
    )
    more.write_text(json.dumps({"Close": "同意销号", "%(n)s%%": "%(n)s%%"}))
    assert translations.main(["add", str(more)]) == 0
    assert translations.main(["check"]) == 0
    text = translations.CATALOG.read_text()
    page.write_text("")
    translations.main(["update"])
    assert "#~ msgid" in translations.CATALOG.read_text()
    assert translations.main(["check"]) == 1
    page.write_text(
        "{% load i18n %}{% translate 'Close' %}{% blocktranslate %}{{ n }}%{% endblocktranslate %}"
    )
    translations.main(["update"])
    assert translations.CATALOG.read_text() == text


def test_missing_names_what_a_path_still_needs(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / "audit" / "models.py").write_text("_('Entry'); ngettext('%(n)s row', '%(n)s rows', n)")
    translations.main(["missing", "audit"])
    assert json.loads(capsys.readouterr().out) == {"Entry": "", "%(n)s row": [""]}
    translations.main(["missing", "villages"])
    assert json.loads(capsys.readouterr().out) == {}
