# SPDX-License-Identifier: MIT
"""What must not be stored is planted in every request, and then found nowhere.

The search is first shown to find what is there: in a file that holds the planted values in each
spelling, and in the database itself, by a value that is stored on purpose.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import SITE, LedgerProcess, sample_decision, write_dist

ADDRESS = "198.51.100.237"
ADDRESS_6 = "2001:db8:bad:cafe:1234:5678:9abc:def0"
BROWSER = "Quetzalcoatl/77.3 (PlantedOS)"
PLANTED_PATH = "planted-path-7a1f"
PLANTED_QUERY = "planted-query-93bd"
PLANTED_SITE = "planted-site-c40e"
TOKEN = "c0ffee00decade11facade22ba5eba11"
COOKIE = "planted-cookie-55e2"
VALUE = "planted-value-1b7c"
PLANTED = (
    ADDRESS,
    ADDRESS_6,
    BROWSER,
    PLANTED_PATH,
    PLANTED_QUERY,
    PLANTED_SITE,
    "ratelimit",  # what a library would write about each refused request
    TOKEN,
    COOKIE,
    VALUE,
)


def spellings(value: str) -> dict[str, bytes]:
    """The ways in which a value could lie in a file."""
    raw = value.encode()
    found = {
        "text": raw,
        "utf-16": value.encode("utf-16-le"),
        "hexadecimal": raw.hex().encode(),
        **{
            f"base64 at offset {offset}": base64.b64encode(b"x" * offset + raw)[
                (0, 2, 3)[offset] : -4
            ]
            for offset in range(3)
        },
    }
    if value == TOKEN:
        found["16 bytes"] = bytes.fromhex(value)
        found["16 bytes in base64"] = base64.b64encode(bytes.fromhex(value))[:20]
    if value == ADDRESS:
        found["4 bytes"] = bytes(map(int, value.split(".")))
    return found


def search(contents: dict[str, bytes], values: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Where which value was found, and in which spelling."""
    return [
        (name, value, spelling)
        for name, content in contents.items()
        for value in values
        for spelling, needle in spellings(value).items()
        if needle in content or (spelling == "text" and needle.lower() in content.lower())
    ]


def ask(ledger: LedgerProcess) -> str:
    """Requests of every kind, each with everything planted; returns a record id that is stored."""
    headers = {
        "User-Agent": BROWSER,
        "Referer": f"https://{SITE}.example/{PLANTED_PATH}?{PLANTED_QUERY}",
        "Cookie": f"id={COOKIE}",
        "X-Forwarded-For": ADDRESS,
        "X-Real-IP": ADDRESS,
        "Forwarded": f'for="[{ADDRESS_6}]"',
        "Origin": ledger.origins[0],
        "Content-Type": "text/plain",
    }
    visitor = headers | {"Authorization": f"Bearer {TOKEN}"}
    key = headers | {"Authorization": f"Bearer {ledger.key}"}
    consents = f"/v1/sites/{SITE}/consents"
    decision = sample_decision(token=TOKEN)

    def post(body: Any, path: str = consents) -> int:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return ledger.request("POST", path, raw, headers).status

    assert post(decision) == 201
    assert post(decision) == 200
    assert post(decision | {"gpc": True}) == 409
    assert post(decision | {"language": VALUE}) == 422
    assert post(decision | {VALUE: VALUE}) == 422
    assert post(VALUE.encode()) == 400
    assert post(decision, f"{consents}?{PLANTED_QUERY}={TOKEN}") == 422
    assert post(decision, f"/v1/sites/{PLANTED_PATH}/consents") == 404
    assert ledger.request("GET", f"/{PLANTED_PATH}?{PLANTED_QUERY}", headers=headers).status == 404
    assert ledger.request("PUT", f"{consents}/{PLANTED_PATH}", headers=headers).status == 404
    for path in ("consents", "preferences"):
        assert ledger.request("GET", f"/v1/sites/{SITE}/{path}", headers=visitor).status == 200
    wrong = headers | {"Authorization": f"Bearer {VALUE}"}
    assert ledger.request("GET", f"/v1/sites/{SITE}/preferences", headers=wrong).status == 401
    six = headers | {"X-Forwarded-For": ADDRESS_6}
    assert ledger.request("GET", "/readyz", headers=six).status == 200
    for parts in ("evidence", "all"):
        for form in ("ndjson", "csv"):
            path = f"/v1/sites/{SITE}/export?format={form}&parts={parts}"
            assert ledger.request("GET", path, headers=key).status == 200
    # Limits are counted in memory, by address: reach one, so that it has to be spoken about.
    for path in ("/healthz", f"/v1/sites/{PLANTED_SITE}%0a{PLANTED_SITE}/export"):
        statuses = {ledger.request("GET", path, headers=headers).status for _ in range(20)}
        assert 429 in statuses
    return str(decision["id"])


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerProcess]:
    environment = {
        "CONSENT_LEDGER_LOG_LEVEL": "debug",
        "CONSENT_LEDGER_TRUSTED_PROXIES": "1",
        "CONSENT_LEDGER_LIMIT_HEALTH": "3/minute",
        "CONSENT_LEDGER_LIMIT_READ": "15/minute",
    }
    dist = write_dist(tmp_path / "dist")
    with LedgerProcess(tmp_path / "ledger", dist=dist, environment=environment) as made:
        yield made


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def exports(ledger: LedgerProcess) -> dict[str, bytes]:
    return {
        f"export {form} {parts}": ledger.run(
            "export", SITE, "--format", form, "--parts", parts
        ).encode()
        for form in ("ndjson", "csv")
        for parts in ("evidence", "all")
    }


def test_no_address_browser_path_query_or_token_is_kept_anywhere(ledger: LedgerProcess) -> None:
    record_id = ask(ledger)
    running = files(ledger.data.parent)
    assert {"ledger.db", "ledger.db-wal", "ledger.log"} <= set(running)
    assert running["ledger.log"]
    # The search finds what is stored on purpose, in the very files that it will search.
    stored = bytes.fromhex(record_id)
    assert stored in running["ledger.db-wal"] or stored in running["ledger.db"]
    assert any(record_id.encode() in content for content in exports(ledger).values())
    assert search(running, PLANTED) == []
    assert search(exports(ledger), PLANTED) == []
    ledger.stop()
    assert search(files(ledger.data.parent), PLANTED) == []


@pytest.mark.parametrize("value", PLANTED)
def test_the_search_finds_each_planted_value_in_each_spelling(value: str) -> None:
    for spelling, needle in spellings(value).items():
        assert len(needle) >= 4
        contents = {"file": b"\x00before" + needle + b"after\xff"}
        assert ("file", value, spelling) in search(contents, PLANTED)


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_the_search_finds_a_value_inside_base64(offset: int) -> None:
    encoded = base64.b64encode(b"y" * (offset + 3) + VALUE.encode() + b"and more")
    assert search({"file": encoded}, (VALUE,))
