# SPDX-License-Identifier: MIT
"""The command line: every verb, its help, and errors of one sentence."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from consent_ledger.cli.common import output
from consent_ledger.cli.main import group
from consent_ledger.tlog.note import VerifierKey
from harness import ORIGIN, SITE, sample_build, sample_notice, write_dist

from .conftest import Run, sentence


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, *path, name)


@pytest.mark.parametrize("path", list(commands(group)), ids=" ".join)
def test_every_command_has_help_with_an_example(run: Run, path: tuple[str, ...]) -> None:
    done = run(*path, "--help")
    assert done.code == 0
    assert "Example:" in done.out
    example = done.out.split("Example:")[1].split("Options:")[0]
    assert example.strip().startswith(("consent-ledger", "CONSENT_LEDGER_KEY=")), example
    assert " ".join(path) in example


def test_the_verbs_are_those_of_the_design() -> None:
    assert set(group.commands) == {
        "init",
        "serve",
        "site",
        "publish",
        "key",
        "signing-key",
        "export",
        "verify",
        "continue",
        "erase",
        "purge",
    }


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out.startswith("consent-ledger, version 0.")


def test_init_makes_a_ledger_and_says_where(run: Run, tmp_path: Path) -> None:
    done = run("init", "--log-name", "ledger.example.com")
    assert done.out == (
        f"made {tmp_path}/data/ledger.db for the logs of ledger.example.com\n"
        f"made {tmp_path}/data/signing.seed; keep a copy of it where backups do not go\n"
    )
    assert "initialised" in sentence(run("init"))


def test_data_may_be_named_before_the_verb(run: Run, tmp_path: Path) -> None:
    assert run("--data", str(tmp_path / "other"), "init").code == 0
    assert (tmp_path / "other" / "ledger.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [("site", "list"), ("serve",), ("key", "list", "x"), ("export", "x"), ("site", "show", "x")],
    ids=" ".join,
)
def test_without_a_ledger_each_verb_says_how_to_begin(run: Run, arguments: tuple[str, ...]) -> None:
    assert "init` first" in sentence(run(*arguments))


def test_sites_are_added_listed_shown_and_changed(run: Run) -> None:
    run("init")
    added = run("site", "add", "shop", "--name", "Shop", "--origin", "https://shop.example")
    assert added.out == "added shop with the log ledger.localhost/shop/1\n"
    assert "shop  Shop  https://shop.example" in run("site", "list").out
    (listed,) = json.loads(run("site", "list", "--json").out)
    assert listed == json.loads(run("site", "show", "shop", "--json").out)
    assert (listed["site"], listed["size"]) == ("shop", 0)
    changed = run("site", "set", "shop", "--origin", "https://a.example", "--name", "New")
    assert changed.out == "shop: New, https://a.example, log: public\n"
    assert "https://a.example" in run("site", "show", "shop").out


def test_an_empty_list_says_what_to_do(run: Run) -> None:
    run("init")
    done = run("site", "list")
    assert (done.code, done.out) == (0, "")
    assert "site add" in done.err
    assert run("site", "list", "--json").out == "[]\n"


def test_wrong_sites_are_told_in_one_sentence(ledger: Run) -> None:
    add = ("site", "add")
    bad = ledger(*add, "Shop!", "--name", "x", "--origin", "nope")
    assert "site: found 'Shop!'" in sentence(bad)
    assert "origins: found 'nope'" in bad.err
    again = ledger(*add, SITE, "--name", "x", "--origin", ORIGIN)
    assert "site set" in sentence(again)
    assert "no site 'nowhere'" in sentence(ledger("site", "show", "nowhere"))


def test_wrong_usage_exits_with_two(ledger: Run) -> None:
    for arguments in (
        ("site", "set", SITE),
        ("site", "add", "x"),
        ("fly",),
        ("key", "issue", SITE),
    ):
        done = ledger(*arguments)
        assert done.code == 2, arguments
        assert "Usage:" in done.err or "Error" in done.err


def test_a_wrong_setting_stops_every_verb(ledger: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSENT_LEDGER_PORT", "eighty")
    assert "CONSENT_LEDGER_PORT is 'eighty'" in sentence(ledger("site", "list"))


def test_publishing_twice_changes_nothing(ledger: Run) -> None:
    again = ledger("publish", "dist")
    assert again.code == 0
    assert "was published already" in again.out
    assert json.loads(ledger("site", "show", SITE, "--json").out)["size"] == 1


def test_publishing_a_banner_that_sends_nothing_warns(ledger: Run, tmp_path: Path) -> None:
    silent = ledger("publish", "dist", "--no-screenshots")
    assert (silent.code, silent.err.count("\n")) == (0, 1)
    assert "warning: the banner in dist sends nothing to any ledger" in silent.err
    notice = sample_notice(ledger="https://ledger.example")
    build = sample_build(notice, build="d" * 64)
    write_dist(tmp_path / "dist", notice)
    (tmp_path / "dist" / "build.json").write_text(json.dumps(build))
    assert ledger("publish", "dist", "--no-screenshots").err == ""


def test_publishing_what_is_not_there_names_the_file(ledger: Run, tmp_path: Path) -> None:
    assert "nowhere/notice.json cannot be read" in sentence(ledger("publish", "nowhere"))
    (tmp_path / "dist" / "build.json").write_text("{")
    assert "build.json: the body is no JSON" in sentence(ledger("publish", "dist"))


def test_publishing_what_is_wrong_names_every_field(ledger: Run, tmp_path: Path) -> None:
    notice = sample_notice()
    write_dist(tmp_path / "bad", notice)
    (tmp_path / "bad" / "notice.json").write_text(json.dumps(notice | {"languages": []}))
    assert "notice.languages: found an empty list" in sentence(ledger("publish", "bad"))
    other = sentence(ledger("publish", "dist", "--site", "elsewhere"))
    assert "notice.site.id: found 'meridian', expected 'elsewhere'" in other


def test_a_key_is_printed_once_and_then_only_described(ledger: Run) -> None:
    issued = ledger("key", "issue", SITE, "--label", "build server", "--scope", "publish")
    key = issued.out.strip()
    assert key.startswith("clk_")
    assert "publish" in issued.err
    listed = ledger("key", "list", SITE)
    assert "build server" in listed.out
    assert key not in listed.out
    (row,) = json.loads(ledger("key", "list", SITE, "--json").out)
    assert (row["key"], row["state"], row["expires"]) == (key.split("_")[1], "active", None)


def test_keys_are_rotated_and_revoked(ledger: Run) -> None:
    issue = ("key", "issue", SITE, "--label", "x", "--scope", "audit", "--json")
    old = json.loads(ledger(*issue, "--days", "30").out)
    assert old["expires"] is not None
    new = json.loads(ledger(*issue, "--replaces", old["key"], "--overlap-hours", "1").out)
    assert new["replaces"] == old["key"]
    assert ledger("key", "revoke", SITE, new["key"]).out == f"revoked {new['key']}\n"
    states = [row["state"] for row in json.loads(ledger("key", "list", SITE, "--json").out)]
    assert states == ["active", "revoked"]
    assert "has no key" in sentence(ledger("key", "revoke", SITE, "nothing"))


def test_an_output_that_cannot_be_written_is_named(ledger: Run) -> None:
    assert "nowhere/out cannot be written" in sentence(ledger("export", SITE, "-o", "nowhere/out"))


def test_a_surprise_is_one_sentence_and_verbose_adds_where(
    ledger: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("consent_ledger.sites.list_sites", surprise)
    done = ledger("site", "list")
    assert "ZeroDivisionError: oh" in sentence(done)
    verbose = ledger("--verbose", "site", "list")
    assert verbose.code == 1
    assert "Traceback" in verbose.err


def test_a_remote_verb_without_a_key_says_where_to_put_it(ledger: Run) -> None:
    for arguments in (
        ("publish", "dist", "--to", "http://ledger.localhost:1"),
        ("export", SITE, "--from-url", "http://ledger.localhost:1"),
    ):
        assert "CONSENT_LEDGER_KEY" in sentence(ledger(*arguments))


@pytest.mark.parametrize("url", ["ledger.example", "ftp://x", "http://", "http://x:99999999"])
def test_a_wrong_address_is_named(ledger: Run, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSENT_LEDGER_KEY", "clk_x")
    assert repr(url) in sentence(ledger("publish", "dist", "--to", url))


def test_nobody_at_the_address_is_told(ledger: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSENT_LEDGER_KEY", "clk_x")
    assert "cannot be reached" in sentence(
        ledger("publish", "dist", "--to", "http://ledger.localhost:1")
    )


def test_a_key_file_that_cannot_be_read_is_named(ledger: Run) -> None:
    to = ("publish", "dist", "--to", "http://ledger.localhost:1", "--key-file", "nothing")
    assert "--key-file nothing cannot be read" in sentence(ledger(*to))


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with output(target) as file:
        file.write(b"half")
        assert not target.exists()
    assert target.read_bytes() == b"half"


def test_output_into_a_pipe_that_closes_ends_quietly(ledger: Run, tmp_path: Path) -> None:
    command = f"{sys.executable} -c 'from consent_ledger.cli import main; main()' site list --json"
    done = subprocess.run(
        ["sh", "-c", f"{command} | true"], capture_output=True, text=True, cwd=tmp_path
    )
    assert "Traceback" not in done.stderr


def test_help_needs_neither_flask_nor_a_server(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom consent_ledger.cli import main\nsys.argv[1:] = ['serve', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('flask', 'peewee', 'granian') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_public_key_of_a_log_is_shown(ledger: Run) -> None:
    shown = ledger("signing-key", "show", SITE).out.strip()
    key = VerifierKey.parse(shown)
    assert key.name == f"ledger.localhost/{SITE}/1"
    told = {
        "log": key.name,
        "generation": 1,
        "version": 1,
        "key": shown,
        "first": 0,
        "last": None,
        "overlap_until": None,
    }
    assert json.loads(ledger("signing-key", "show", SITE, "--json").out) == {
        "site": SITE,
        "log": key.name,
        "key": shown,
        "keys": [told],
    }
    assert "no site 'nowhere'" in sentence(ledger("signing-key", "show", "nowhere"))


def test_the_key_of_a_log_is_changed_after_a_question(
    ledger: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = ledger("signing-key", "show", SITE).out.split()
    monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
    refused = ledger("signing-key", "rotate", SITE)
    assert refused.code == 1
    assert refused.err.endswith("Go on? [y/N]: consent-ledger: stopped\n")
    assert ledger("signing-key", "show", SITE).out.split() == [old]
    changed = ledger("signing-key", "rotate", SITE, "--overlap-days", "7", "--yes")
    assert "entry 1 of ledger.localhost/meridian/1 names the new key" in changed.err
    new = changed.out.strip()
    assert ledger("signing-key", "show", SITE).out.split() == [new, old]
    assert "--now" in sentence(ledger("signing-key", "rotate", SITE, "--yes"))
    newest = ledger("signing-key", "rotate", SITE, "--now", "--yes").out.strip()
    assert ledger("signing-key", "show", SITE).out.split() == [newest, new]
    keys = json.loads(ledger("signing-key", "show", SITE, "--json").out)["keys"]
    assert [(key["key"], key["first"], key["last"]) for key in keys] == [
        (old, 0, 1),
        (new, 1, None),
        (newest, 2, None),
    ]


def test_a_missing_seed_stops_what_signs_and_is_not_replaced(ledger: Run, tmp_path: Path) -> None:
    seed = tmp_path / "data" / "signing.seed"
    kept = seed.read_bytes()
    seed.unlink()
    for verb in (("serve",), ("publish", "dist"), ("signing-key", "show", SITE)):
        assert "signing.seed is missing" in sentence(ledger(*verb))
    assert ledger("site", "list").code == 0
    assert "put signing.seed back" in sentence(ledger("signing-key", "create"))
    seed.write_bytes(kept[:31])
    seed.chmod(0o600)
    assert "has 31 bytes" in sentence(ledger("serve"))
    seed.write_bytes(kept)
    seed.chmod(0o604)
    assert "chmod 600" in sentence(ledger("serve"))


def test_a_seed_is_made_for_a_ledger_that_has_not_signed_yet(run: Run, tmp_path: Path) -> None:
    assert "holds no ledger yet" in sentence(run("signing-key", "create"))
    run("init")
    seed = tmp_path / "data" / "signing.seed"
    assert "exists already" in sentence(run("signing-key", "create"))
    seed.unlink()
    assert f"made {seed}" in run("signing-key", "create").out
    assert len(seed.read_bytes()) == 32


def test_who_reads_a_log_is_set_for_each_site(ledger: Run) -> None:
    assert json.loads(ledger("site", "show", SITE, "--json").out)["log_access"] == "public"
    assert ledger("site", "set", SITE, "--log", "audit").out.endswith(", log: audit\n")
    assert json.loads(ledger("site", "show", SITE, "--json").out)["log_access"] == "audit"
    add = ("site", "add", "shop", "--name", "Shop", "--origin", ORIGIN, "--log")
    assert ledger(*add, "nobody").code == 2
    assert ledger(*add, "audit").code == 0
    assert "audit" in ledger("site", "show", "shop").out
