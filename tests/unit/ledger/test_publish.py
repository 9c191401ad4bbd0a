# SPDX-License-Identifier: MIT
"""`consent-ledger publish`: pictures where they can be taken, the list, and going back."""

from __future__ import annotations

import hashlib
import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from consent_ledger import chromium, photographer
from consent_ledger.errors import NoScreenshots
from consent_ledger.screenshots import DEVICES, MAX_BYTES, SHOWN_LAYERS, Screenshot
from harness import ORIGIN, SITE, LedgerProcess, sample_build, sample_notice, write_dist
from pictures import chunk, sample_png

from .conftest import Run

SCRIPT = b"console.log('a banner')"


@pytest.fixture
def run(run: Run) -> Run:
    """Beside an initialised ledger with the site."""
    assert run("init").code == 0
    assert run("site", "add", SITE, "--name", "Meridian API", "--origin", ORIGIN).code == 0
    return run


def built(directory: Path, build: str = "b", script: bytes = SCRIPT) -> Path:
    """What the builder leaves behind, its script included."""
    notice = sample_notice(ledger="https://ledger.example")
    write_dist(directory, notice)
    facts = sample_build(notice, build * 64)
    integrity = f"sha384-{b64encode(hashlib.sha384(script).digest()).decode()}"
    facts["script"] |= {"integrity": integrity, "bytes": len(script)}
    (directory / "build.json").write_text(json.dumps(facts))
    (directory / facts["script"]["file"]).write_bytes(script)
    return directory


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Stands in for the browser, which has tests of its own; fills with the scripts it is shown."""
    shown: list[bytes] = []

    def photograph(_notice: object, _integrity: str, script: bytes) -> list[Screenshot]:
        shown.append(script)
        shade = len(shown)
        return [
            Screenshot(device, layer, sample_png(*DEVICES[device], shade + 10 * at))
            for device in DEVICES
            for at, layer in enumerate(SHOWN_LAYERS)
        ]

    monkeypatch.setattr(photographer, "photograph", photograph)
    return shown


def rows(run: Run) -> list[dict[str, Any]]:
    """What was published, newest first."""
    found: list[dict[str, Any]] = json.loads(run("publish", "--list", "--json", "--site", SITE).out)
    return found


def test_pictures_are_taken_named_and_kept_beside_the_build(
    run: Run, tmp_path: Path, camera: list[bytes]
) -> None:
    built(tmp_path / "dist")
    done = run("publish", "dist")
    assert (done.code, done.err) == (0, "")
    assert "and 4 screenshots as entry 0" in done.out
    assert camera == [SCRIPT]
    named = rows(run)[0]["screenshots"]
    assert {path.name for path in (tmp_path / "dist" / "screenshots").iterdir()} == {
        f"{each['device']}-{each['layer']}.png" for each in named
    }
    for each in named:
        file = tmp_path / "dist" / "screenshots" / f"{each['device']}-{each['layer']}.png"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == each["sha256"]


def test_what_is_in_force_is_not_photographed_again_unless_asked_for(
    run: Run, tmp_path: Path, camera: list[bytes]
) -> None:
    built(tmp_path / "dist")
    run("publish", "dist")
    again = run("publish", "dist")
    assert "was published already" in again.out
    assert len(camera) == 1
    kept = rows(run)
    insisted = run("publish", "dist", "--screenshots")
    assert len(camera) == 2
    assert "its screenshots in the log stay as they are" in insisted.out
    assert rows(run) == kept


def test_pictures_can_be_left_out(run: Run, tmp_path: Path, camera: list[bytes]) -> None:
    built(tmp_path / "dist")
    done = run("publish", "dist", "--no-screenshots")
    assert (done.code, done.err, camera) == (0, "", [])
    assert rows(run)[0]["screenshots"] == []
    assert not (tmp_path / "dist" / "screenshots").exists()


def test_without_a_browser_it_is_published_and_a_sentence_says_what_is_missing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    built(tmp_path / "dist")
    insisted = run("publish", "dist", "--screenshots")
    sentence = "CHROMIUM is '/nowhere/chromium', but no browser starts from there\n"
    assert (insisted.code, insisted.out, insisted.err) == (1, "", f"consent-ledger: {sentence}")
    assert rows(run) == []
    done = run("publish", "dist")
    assert (done.code, done.err) == (0, f"no screenshots: {sentence}")
    assert "published notice" in done.out
    assert rows(run)[0]["screenshots"] == []


def test_without_playwright_the_extra_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    built(tmp_path / "dist")
    done = run("publish", "dist")
    assert done.err == (
        "no screenshots: Playwright is not installed; "
        "`pip install 'consent-ledger[screenshots]'` brings it\n"
    )
    assert run("publish", "dist", "--screenshots").code == 1


def test_no_chromium_anywhere_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium, "ELSEWHERE", ())
    monkeypatch.delenv("CHROMIUM", raising=False)
    for name in ("PATH", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    with pytest.raises(NoScreenshots, match=r"no Chromium was found; .* set CHROMIUM"):
        chromium.find_chromium()


def test_a_script_that_is_not_there_cannot_be_photographed(run: Run, tmp_path: Path) -> None:
    write_dist(tmp_path / "dist")
    done = run("publish", "dist")
    assert done.code == 0
    assert "no screenshots: dist/consent.0123456789ab.js cannot be read" in done.err


def test_another_script_than_the_build_names_is_an_error(
    run: Run, tmp_path: Path, camera: list[bytes]
) -> None:
    built(tmp_path / "dist")
    (tmp_path / "dist" / "consent.0123456789ab.js").write_bytes(b"another")
    done = run("publish", "dist")
    assert (done.code, done.out, camera) == (1, "", [])
    assert "is not the script that build.json names: found sha384-" in done.err
    assert rows(run) == []


def test_a_place_that_cannot_be_written_is_named(
    run: Run, tmp_path: Path, camera: list[bytes]
) -> None:
    built(tmp_path / "dist")
    (tmp_path / "dist" / "screenshots").write_text("in the way")
    done = run("publish", "dist")
    assert (done.code, done.out) == (1, "")
    assert "dist/screenshots cannot be written" in done.err


def test_pictures_that_a_ledger_would_refuse_are_none(tmp_path: Path) -> None:
    whole = sample_png(*DEVICES["phone"])
    end = chunk(b"IEND", b"")

    def padded(size: int) -> Screenshot:
        padding = chunk(b"IDAT", bytes(size - len(whole) - 12))
        return Screenshot("phone", "first", whole[: -len(end)] + padding + end)

    photographer._check([padded(300_000), padded(400_000)])
    with pytest.raises(NoScreenshots, match=r"phone-first\.png is no use: found 524289 bytes"):
        photographer._check([padded(MAX_BYTES + 1)])
    with pytest.raises(NoScreenshots, match="have 900000 bytes together, expected 720896 at most"):
        photographer._check([padded(300_000)] * 3)


def test_the_list_shows_what_is_in_force_and_what_was_before(run: Run, tmp_path: Path) -> None:
    empty = run("publish", "--list", "--site", SITE)
    assert (empty.code, empty.out) == (0, "")
    assert "nothing is published yet" in empty.err
    for build in "bd":
        run("publish", str(built(tmp_path / build, build)), "--no-screenshots")
    shown = run("publish", "--list", "--site", SITE).out.splitlines()
    assert shown[0].split() == [
        *("published", "generation", "index", "build", "notice", "screenshots", "state")
    ]
    assert "dddddddddddd…" in shown[1]
    assert shown[1].endswith("in force")
    assert "bbbbbbbbbbbb…" in shown[2]
    assert shown[2].endswith("before")
    assert run("publish", str(tmp_path / "d"), "--list").out.splitlines() == shown


def test_undo_puts_the_build_before_in_force_and_undoes_itself(run: Run, tmp_path: Path) -> None:
    for build in "bd":
        run("publish", str(built(tmp_path / build, build)), "--no-screenshots")
    done = run("publish", "--undo", "--site", SITE)
    assert done.out.startswith(f"{SITE}: in force again, notice ")
    assert "with build bbbbbbbbbbbb… as entry 2" in done.out
    assert "with build dddddddddddd…" in run("publish", "--undo", str(tmp_path / "d")).out
    assert [row["build"][0] for row in rows(run)] == ["d", "b", "d", "b"]


def test_undo_without_anything_before_says_so(run: Run, tmp_path: Path) -> None:
    nothing = run("publish", "--undo", "--site", SITE)
    assert (nothing.code, nothing.err) == (
        1,
        f"consent-ledger: site '{SITE}' has published nothing yet\n",
    )
    run("publish", str(built(tmp_path / "dist")), "--no-screenshots")
    one = run("publish", "--undo", "--site", SITE)
    assert (one.code, one.err.count("\n")) == (1, 1)
    assert "one build only, so there is none to go back to" in one.err
    assert "keeps no site 'elsewhere'" in run("publish", "--undo", "--site", "elsewhere").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--undo", "--list"), "do not go together"),
        (("--json",), "--json goes with --list"),
        (("--undo", "--screenshots"), "when a build is published"),
        (("--list", "--no-screenshots"), "when a build is published"),
        (("--undo",), "dist/notice.json names no site; name it with --site"),
        (("--list", "nowhere"), "nowhere/notice.json names no site"),
    ],
)
def test_wrong_usage_is_told(run: Run, arguments: tuple[str, ...], told: str) -> None:
    done = run("publish", *arguments)
    assert done.code == 2
    assert told in " ".join(done.err.split())


def test_from_afar_it_is_listed_and_undone_in_the_same_way(tmp_path: Path) -> None:
    with LedgerProcess(tmp_path / "ledger") as ledger:
        (tmp_path / "key").write_text(ledger.key)
        to = ("--to", ledger.url, "--key-file", str(tmp_path / "key"), "--site", SITE)
        for build in "bd":
            dist = str(built(tmp_path / build, build))
            ledger.run("publish", dist, *to, "--no-screenshots")
        assert "with build bbbbbbbbbbbb… as entry 2" in ledger.run("publish", "--undo", *to)
        afar = ledger.run("publish", "--list", "--json", *to)
        assert [row["build"][0] for row in json.loads(afar)] == ["b", "d", "b"]
        assert afar == ledger.run("publish", "--list", "--json", "--site", SITE)
