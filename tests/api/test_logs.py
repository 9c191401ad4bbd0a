# SPDX-License-Identifier: MIT
"""GET /logs/{origin}/…: checkpoint, tiles and entry bundles, as any C2SP client reads them."""

from __future__ import annotations

from typing import Any

import pytest
from consent_ledger import sites
from consent_ledger.tlog.checkpoint import Checkpoint, open_checkpoint
from consent_ledger.tlog.entry_bundle import decode_bundle
from consent_ledger.tlog.merkle import CompactRange, leaf_hash, leaf_hashes
from consent_ledger.tlog.note import VerifierKey
from consent_ledger.tlog.receipts import verify_receipt
from consent_ledger.tlog.tile import ENTRIES, WIDTH, Tile, grown_tiles
from consent_ledger.tlog.tile_reader import TileReader
from harness import SITE

from .conftest import LOG, Ledger, Make
from .test_record import problem

ORIGIN = f"ledger.test/{SITE}/1"


@pytest.fixture
def prompt(make_ledger: Make) -> Ledger:
    """A ledger that publishes each checkpoint at once."""
    return make_ledger(checkpoint_interval=0)


def checkpoint(ledger: Ledger, headers: dict[str, str] | None = None) -> Checkpoint:
    response = ledger.client.get(f"{LOG}/checkpoint", headers=headers)
    assert response.status_code == 200, response.text
    return open_checkpoint(response.data, ORIGIN, [VerifierKey.parse(ledger.vkey())]).checkpoint


def record(ledger: Ledger, count: int) -> None:
    for _ in range(count):
        assert ledger.post(ledger.decision()).status_code == 201


def read(ledger: Ledger, tile: Tile) -> bytes:
    response = ledger.client.get(f"{LOG}/{tile.path}")
    assert response.status_code == 200, response.text
    return response.data


def test_a_client_that_knows_the_key_alone_rebuilds_the_log(prompt: Ledger) -> None:
    record(prompt, 300)
    found = checkpoint(prompt)
    assert found.size == 301
    entries = decode_bundle(read(prompt, Tile(ENTRIES, 0)), WIDTH)
    entries += decode_bundle(read(prompt, Tile(ENTRIES, 1, 45)), 45)
    whole = CompactRange()
    whole.extend(leaf_hashes(entries))
    assert whole.root() == found.root
    for tile in grown_tiles(0, found.size):
        assert len(read(prompt, tile)) == 32 * tile.width
    from_tiles = CompactRange.read(found.size, TileReader(found.size, lambda t: read(prompt, t)))
    assert from_tiles.root() == found.root
    assert read(prompt, Tile(0, 1, 45))[:32] == leaf_hash(entries[256])


def test_partial_tiles_of_every_width_up_to_the_published_size_are_served(prompt: Ledger) -> None:
    record(prompt, 9)
    stored = read(prompt, Tile(0, 0, 10))
    bundle = read(prompt, Tile(ENTRIES, 0, 10))
    for width in range(1, 11):
        assert read(prompt, Tile(0, 0, width)) == stored[: 32 * width]
        cut = read(prompt, Tile(ENTRIES, 0, width))
        assert bundle.startswith(cut)
        assert len(decode_bundle(cut, width)) == width


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/000.p/11",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/63/000",
        "tile/entries/000",
        "tile/entries/000.p/11",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/00/000.p/1",
        "tile/64/000",
        "tile/0/x000/000.p/1",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/" + "x001/" * 40 + "000",
    ],
)
def test_what_is_beyond_the_tree_or_spelt_otherwise_is_not_there(prompt: Ledger, path: str) -> None:
    record(prompt, 9)
    problem(prompt.client.get(f"{LOG}/{path}"), 404, "tile_unknown")


@pytest.mark.parametrize("path", ["tile/0/0", "tile/-1/000", "tile/8/data/000", "tile/", "tile"])
def test_other_paths_are_no_route(prompt: Ledger, path: str) -> None:
    problem(prompt.client.get(f"{LOG}/{path}"), 404, "not_found")


def test_answers_say_how_long_they_hold(ledger: Ledger) -> None:
    answer = ledger.client.get(f"{LOG}/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    for path in ("tile/0/000.p/1", "tile/entries/000.p/1"):
        answer = ledger.client.get(f"{LOG}/{path}")
        assert answer.mimetype == "application/octet-stream"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_empty_log_has_no_checkpoint_yet(make_ledger: Make) -> None:
    ledger = make_ledger(published=False)
    problem(ledger.client.get(f"{LOG}/checkpoint"), 404, "checkpoint_unknown")
    problem(ledger.client.get(f"{LOG}/tile/0/000.p/1"), 404, "checkpoint_unknown")


@pytest.mark.parametrize("origin", ["ledger.test/nowhere/1", f"ledger.test/{SITE}/2", "x/a/1"])
def test_an_unknown_log_is_named(ledger: Ledger, origin: str) -> None:
    found = problem(ledger.client.get(f"/logs/{origin}/checkpoint"), 404, "log_unknown")
    assert origin in found["detail"]


def test_the_published_checkpoint_moves_once_in_an_interval(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("consent_ledger.publishing.monotonic", lambda: now[0])
    assert checkpoint(ledger).size == 1
    receipt = ledger.post(ledger.decision())
    assert verify_receipt(receipt.data, [ledger.vkey()]).opened.checkpoint.size == 2
    now[0] += 59.9
    assert checkpoint(ledger).size == 1
    problem(ledger.client.get(f"{LOG}/tile/0/000.p/2"), 404, "tile_unknown")
    now[0] += 0.2
    assert checkpoint(ledger).size == 2
    assert len(read(ledger, Tile(0, 0, 2))) == 64


def test_a_log_for_auditors_needs_a_key_and_is_cached_by_nobody_else(
    ledger: Ledger, auditor: dict[str, str], owner: dict[str, str], stranger: dict[str, str]
) -> None:
    with ledger.services.database.connection_context():
        sites.set_site(ledger.services.database, SITE, log_access="audit")
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        problem(ledger.client.get(f"{LOG}/{path}"), 401, "unauthenticated")
        answer = ledger.client.get(f"{LOG}/{path}", headers=stranger)
        problem(answer, 401, "unauthenticated")
        problem(ledger.client.get(f"{LOG}/{path}", headers=owner), 403, "scope_missing")
        answer = ledger.client.get(f"{LOG}/{path}", headers=auditor)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"].startswith("private, ")
    with ledger.services.database.connection_context():
        sites.set_site(ledger.services.database, SITE, log_access="public")
    assert ledger.client.get(f"{LOG}/checkpoint").status_code == 200


def test_a_damaged_tile_is_a_problem_and_other_routes_go_on(ledger: Ledger) -> None:
    record(ledger, 3)
    database = ledger.services.database
    with database.connection_context():
        database.execute_sql("UPDATE tile SET hashes = zeroblob(16)")
        database.execute_sql("DELETE FROM entry WHERE entry_index = 2")
    for path in ("tile/0/000.p/4", "tile/entries/000.p/4"):
        problem(ledger.client.get(f"{LOG}/{path}"), 503, "log_halted")
    assert checkpoint(ledger).size == 4


def test_nothing_of_a_person_is_in_what_is_published(prompt: Ledger) -> None:
    decision: dict[str, Any] = prompt.decision()
    prompt.post(decision)
    for path in ("checkpoint", "tile/0/000.p/2", "tile/entries/000.p/2"):
        data = prompt.client.get(f"{LOG}/{path}").data
        for planted in (decision["id"], decision["token"]):
            assert planted.encode() not in data
            assert bytes.fromhex(planted) not in data
