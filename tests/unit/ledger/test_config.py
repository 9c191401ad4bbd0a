# SPDX-License-Identifier: MIT
"""Settings from flags and the environment, and their table in the manual."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from consent_ledger.config import PREFIX, Settings
from consent_ledger.errors import SetupError

README = Path(__file__).parents[3] / "backend" / "README.md"


def test_defaults_hold_when_nothing_is_set() -> None:
    assert Settings.load({}) == Settings()
    assert Settings().port == 8470


def test_the_environment_comes_before_the_default_and_a_flag_before_both() -> None:
    environment = {"CONSENT_LEDGER_PORT": "9000", "CONSENT_LEDGER_HOST": "0.0.0.0", "PATH": "x"}
    settings = Settings.load(environment, port="9001", threads=None)
    assert (settings.port, settings.host, settings.threads) == (9001, "0.0.0.0", 32)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80a"),
        ("PORT", ""),
        ("PORT", "-1"),
        ("PORT", "٨٠"),
        ("THREADS", "0"),
        ("HOST", "http://x"),
        ("DATA", ""),
        ("LOG_NAME", "https://ledger.example"),
        ("LOG_NAME", "a b"),
        ("LOG_NAME", "a+b"),
        ("LOG_NAME", "a/" + "b" * 299),
        ("LIMIT_RECORD", "many"),
        ("LIMIT_RECORD", "0/minute"),
        ("LIMIT_RECORD", ""),
        ("LOG_LEVEL", "loud"),
        ("KEY", "two words"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(name: str, value: str) -> None:
    with pytest.raises(SetupError, match=f"{PREFIX}{name} is .*, expected ") as raised:
        Settings.load({PREFIX + name: value})
    assert "\n" not in raised.value.detail


def test_a_misspelt_setting_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SetupError, match=r"CONSENT_LEDGER_PROT is set.*CONSENT_LEDGER_PORT"):
        Settings.load({"CONSENT_LEDGER_PROT": "1"})


def test_a_wrong_flag_is_named_as_a_flag() -> None:
    with pytest.raises(SetupError, match="--port is '1x', expected a whole number"):
        Settings.load({}, port="1x")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("clk_abc\n")
    settings = Settings.load({"CONSENT_LEDGER_KEY_FILE": str(file)})
    assert settings.key == "clk_abc"
    assert "clk_abc" not in repr(settings)


@pytest.mark.parametrize("first", ["CONSENT_LEDGER_KEY", "CONSENT_LEDGER_KEY_FILE"])
def test_the_variable_itself_comes_before_its_file(tmp_path: Path, first: str) -> None:
    (tmp_path / "key").write_text("from-file")
    both = {"CONSENT_LEDGER_KEY": "direct", "CONSENT_LEDGER_KEY_FILE": str(tmp_path / "key")}
    ordered = {first: both[first], **both}
    assert Settings.load(ordered).key == "direct"


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "key"
    with pytest.raises(SetupError, match=r"CONSENT_LEDGER_KEY_FILE names .*No such file"):
        Settings.load({"CONSENT_LEDGER_KEY_FILE": str(missing)})
    missing.write_bytes(b"\xff")
    with pytest.raises(SetupError, match="it is not text"):
        Settings.load({"CONSENT_LEDGER_KEY_FILE": str(missing)})


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(SetupError) as raised:
        Settings.load({"CONSENT_LEDGER_KEY": "se cret"})
    assert "se cret" not in raised.value.detail


def test_only_secrets_have_a_file_form() -> None:
    with pytest.raises(SetupError, match="CONSENT_LEDGER_PORT_FILE is set"):
        Settings.load({"CONSENT_LEDGER_PORT_FILE": "/x"})


def test_the_manual_lists_every_setting_with_its_default_and_sentence() -> None:
    rows = [
        f"| `{PREFIX}{item.name.upper()}` | "
        f"{'' if item.default is None else f'`{item.default}`'} | {item.metadata['about']} |"
        for item in fields(Settings)
    ]
    lines = README.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(f"| `{PREFIX}")] == rows
