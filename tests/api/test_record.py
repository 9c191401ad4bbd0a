# SPDX-License-Identifier: MIT
"""POST /v1/sites/{site}/consents: record a decision."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from consent_ledger.tlog.receipts import verify_receipt
from harness import ORIGIN, SITE, sample_build, sample_choices, sample_notice

from .conftest import CONSENTS, NOTICES, PREFERENCES, Clock, Ledger, Make, bearer, without_proof

DAY_MS = 86_400_000


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    document: dict[str, Any] = response.get_json(force=True)
    assert (response.status_code, document["code"]) == (status, code), document
    return document


def test_a_decision_is_answered_with_its_receipt(ledger: Ledger, clock: Clock) -> None:
    decision = ledger.decision(decided_at_ms=clock.ms - 4000, previous="ab" * 16)
    response = ledger.post(decision)
    assert response.status_code == 201
    receipt = json.loads(response.data)
    label = b"consent-ledger/visitor/v1\n" + SITE.encode() + b"\n"
    token = bytes.fromhex(decision["token"])
    assert receipt["origin"] == f"ledger.test/{SITE}/1"
    assert receipt["index"] == 1
    assert receipt["proof"]["tree_size"] == 2
    assert verify_receipt(response.data, [ledger.vkey()]).index == 1
    assert receipt["subject"]["part"] == {
        "id": decision["id"],
        "subject": hashlib.sha256(label + token).hexdigest(),
        "seq": 1,
        "recorded_at": "2026-11-21T22:26:40.123Z",
        "decided_at": "2026-11-21T22:26:36.123Z",
        "previous": "ab" * 16,
    }
    assert receipt["evidence"]["part"] == {
        "schema": "consent-ledger/evidence/v1",
        "action": "accept_all",
        "categories": {"functional": True, "analytics": True},
        "services": {"settings": True, "counter": True, "speed": True},
        "notice": sample_build(sample_notice())["notice"],
        "build": "b" * 64,
        "language": "en",
        "layer": "first",
        "control": "accept_all",
        "gpc": False,
        "origin": ORIGIN,
        "recorded_hour": "2026-11-21T22Z",
        "expires_hour": "2027-05-20T22Z",
    }


def test_the_receipt_opens_its_entry_with_nothing_but_sha256(ledger: Ledger) -> None:
    receipt = json.loads(ledger.post(ledger.decision()).data)

    def commitment(name: str) -> bytes:
        opening = receipt[name]
        part = json.dumps(opening["part"], sort_keys=True, separators=(",", ":")).encode()
        salt = base64.b64decode(opening["salt"])
        assert len(salt) == 32
        return hashlib.sha256(f"consent-ledger/{name}/v1\n".encode() + salt + part).digest()

    entry = base64.b64decode(receipt["entry"])
    assert len(entry) == 89
    expected = b"consent-ledger/entry/v1\n\x01" + commitment("subject") + commitment("evidence")
    assert entry == expected


def test_salts_are_fresh_for_each_part_of_each_record(ledger: Ledger) -> None:
    receipts = [json.loads(ledger.post(ledger.decision()).data) for _ in range(5)]
    salts = [receipt[name]["salt"] for receipt in receipts for name in ("subject", "evidence")]
    assert len(set(salts)) == 10


def test_application_json_is_read_as_well_as_text_plain(ledger: Ledger) -> None:
    response = ledger.post(ledger.decision(), content_type="application/json; charset=utf-8")
    assert response.status_code == 201


def test_a_repeat_gets_the_same_receipt(ledger: Ledger, clock: Clock) -> None:
    decision = ledger.decision()
    first = ledger.post(decision)
    clock.ms += 7_200_000
    again = ledger.post(decision)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert ledger.size() == 2


@pytest.mark.parametrize("first", [16, 33, 64])
def test_a_repeat_may_name_the_build_by_more_or_fewer_digits(ledger: Ledger, first: int) -> None:
    decision = ledger.decision()
    kept = ledger.post(decision | {"build": "b" * first})
    assert kept.status_code == 201
    assert json.loads(kept.data)["evidence"]["part"]["build"] == "b" * 64
    for count in (16, 17, 64):
        again = ledger.post(decision | {"build": "b" * count})
        assert (again.status_code, again.data) == (200, kept.data)


def test_a_first_decision_has_none_before_it_and_need_not_say_so(ledger: Ledger) -> None:
    decision = ledger.decision()
    assert decision.pop("previous") is None
    first = ledger.post(decision)
    assert first.status_code == 201
    assert json.loads(first.data)["subject"]["part"]["previous"] is None
    again = ledger.post(decision | {"previous": None})
    assert (again.status_code, again.data) == (200, first.data)


def test_a_repeat_is_proved_anew_when_the_log_has_grown(ledger: Ledger) -> None:
    decision = ledger.decision()
    first = ledger.post(decision)
    for _ in range(300):
        ledger.post(ledger.decision())
    again = ledger.post(decision)
    assert again.status_code == 200
    assert without_proof(again.data) == without_proof(first.data)
    sizes = [
        verify_receipt(receipt.data, [ledger.vkey()]).opened.checkpoint.size
        for receipt in (first, again)
    ]
    assert sizes == [2, 302]


def test_a_log_whose_tiles_disagree_with_its_head_takes_nothing_and_is_still_read(
    ledger: Ledger, visitor: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    ledger.add_site("elsewhere", "https://elsewhere.example")
    database = ledger.services.database
    with database.connection_context():
        database.execute_sql("UPDATE tile SET hashes = zeroblob(64) WHERE level = 0")
        database.execute_sql("UPDATE log SET root = zeroblob(32) WHERE site = ?", (SITE,))
    for _ in range(2):
        response = ledger.post(ledger.decision())
        problem(response, 503, "log_halted")
        assert int(response.headers["Retry-After"]) > 0
    assert ledger.size() == 2
    told = [record for record in caplog.records if "takes no more entries" in record.message]
    assert len(told) == 1
    assert "ledger.test/meridian/1" in told[0].message
    assert ledger.client.get(PREFERENCES, headers=bearer(visitor)).status_code == 200
    page = ledger.client.get(CONSENTS, headers=bearer(visitor)).get_json()
    assert [record["proof"] for record in page["records"]] == [None]  # and no false one
    assert ledger.client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"gpc": True},
        {"seq": 2},
        {"token": "0" * 32},
        {"previous": "1" * 32},
        {"layer": "second"},
        {"language": "fr"},
        {"decided_at_ms": 1_795_300_000_000},
        {
            "action": "customise",
            "control": "save",
            "choices": sample_choices(settings=False, counter=True, speed=True),
        },
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_repeat_with_other_content_is_refused_and_changes_nothing(
    ledger: Ledger, change: dict[str, Any]
) -> None:
    decision = ledger.decision()
    kept = ledger.post(decision).data
    found = problem(ledger.post(decision | change), 409, "record_conflict")
    assert decision["id"] in found["detail"]
    assert ledger.size() == 2
    assert ledger.post(decision).data == kept


def test_the_same_decision_from_another_origin_is_other_content(ledger: Ledger) -> None:
    decision = ledger.decision()
    ledger.post(decision)
    other = ledger.post(decision, origin="http://www.meridian.localhost:8471")
    problem(other, 409, "record_conflict")


def test_each_of_the_sites_origins_may_post_and_is_recorded(ledger: Ledger) -> None:
    response = ledger.post(ledger.decision(), origin="http://www.meridian.localhost:8471")
    part = json.loads(response.data)["evidence"]["part"]
    assert part["origin"] == "http://www.meridian.localhost:8471"


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", ORIGIN + "/", ORIGIN.upper(), "", None],
)
def test_a_foreign_origin_is_refused_before_the_body_is_looked_at(
    ledger: Ledger, origin: str | None
) -> None:
    response = ledger.post(ledger.decision(), origin=origin)
    problem(response, 403, "origin_unknown")
    assert "Access-Control-Allow-Origin" not in response.headers
    assert ledger.size() == 1


def test_an_unknown_site_is_named(ledger: Ledger) -> None:
    response = ledger.post(ledger.decision(), path="/v1/sites/nowhere/consents")
    assert "nowhere" in problem(response, 404, "site_unknown")["detail"]


def test_a_decision_of_an_unpublished_build_may_be_sent_again_once_it_is_published(
    make_ledger: Make,
) -> None:
    ledger = make_ledger(published=False)
    decision = ledger.decision()
    response = ledger.post(decision)
    problem(response, 404, "notice_unknown")
    # The page must be able to tell this answer from a failure, so it may read it.
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    body = {"notice": sample_notice(), "build": sample_build(sample_notice())}
    published = ledger.client.post(NOTICES, json=body, headers=ledger.key("publish"))
    assert published.status_code == 201
    assert ledger.post(decision).status_code == 201


@pytest.mark.parametrize("build", ["d" * 16, "d" * 64, "b" * 16 + "d", "b" * 63 + "d"])
def test_a_build_that_was_not_published_is_named(ledger: Ledger, build: str) -> None:
    found = problem(ledger.post(ledger.decision(build=build)), 404, "notice_unknown")
    assert found["detail"] == f"site 'meridian' has published no build that begins with {build}"
    assert ledger.size() == 1


def test_the_notice_is_that_of_the_build(ledger: Ledger, owner: dict[str, str]) -> None:
    """Two builds, each with a notice of its own: what one asks, the other does not know."""
    notice = sample_notice(lifetime_days=200)
    notice["categories"].pop()
    body = {"notice": notice, "build": sample_build(notice, "d" * 64)}
    assert ledger.client.post(NOTICES, json=body, headers=owner).status_code == 201
    decisions = [
        ledger.decision(build="b" * 16),
        ledger.decision(build="d" * 16, choices={"functional": True, "settings": True}),
    ]
    parts = [json.loads(ledger.post(each).data)["evidence"]["part"] for each in decisions]
    assert [part["notice"] for part in parts] == [
        sample_build(sample_notice())["notice"],
        body["build"]["notice"],
    ]
    assert [part["expires_hour"] for part in parts] == ["2027-05-20T22Z", "2027-06-09T22Z"]
    response = ledger.post(ledger.decision(build="d" * 16))
    assert list(problem(response, 422, "invalid_fields")["errors"]) == [
        f"choices.{name}" for name in ("analytics", "counter", "speed")
    ]


WRONG = [
    ("id", "abc"),
    ("id", "A" * 32),
    ("id", None),
    ("id", 5),
    ("token", "0" * 31),
    ("token", "0" * 33),
    ("token", "0" * 31 + "\n"),
    ("token", "\u0660" * 32),
    ("seq", 0),
    ("seq", -1),
    ("seq", 2**53),
    ("seq", "1"),
    ("seq", True),
    ("seq", None),
    ("decided_at_ms", -1),
    ("decided_at_ms", "now"),
    ("decided_at_ms", 253_402_300_800_000),
    ("previous", "x"),
    ("previous", 0),
    ("build", "b" * 15),
    ("build", "b" * 65),
    ("build", "B" * 16),
    ("build", ""),
    ("build", None),
    ("build", ["b" * 64]),
    ("language", "de"),
    ("language", "english please"),
    ("action", "agree"),
    ("action", {}),
    ("layer", "third"),
    ("control", "x"),
    ("gpc", 1),
    ("gpc", "false"),
    ("choices", []),
    ("choices", None),
    ("choices", {}),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_value_is_refused_under_its_field(ledger: Ledger, field: str, value: Any) -> None:
    found = problem(ledger.post(ledger.decision(**{field: value})), 422, "invalid_fields")
    assert any(name == field or name.startswith(f"{field}.") for name in found["errors"])
    assert ledger.size() == 1


@pytest.mark.parametrize("field", sorted({name for name, _ in WRONG} - {"previous"}))
def test_a_missing_field_is_named(ledger: Ledger, field: str) -> None:
    decision = ledger.decision()
    del decision[field]
    found = problem(ledger.post(decision), 422, "invalid_fields")
    assert list(found["errors"]) == [field]


def test_an_unknown_field_is_named(ledger: Ledger) -> None:
    for name, value in (("ip", "192.0.2.7"), ("notice", sample_build(sample_notice())["notice"])):
        response = ledger.post(ledger.decision(**{name: value}))
        assert list(problem(response, 422, "invalid_fields")["errors"]) == [name]
    assert ledger.size() == 1


def test_all_errors_are_told_at_once(ledger: Ledger) -> None:
    found = problem(ledger.post({"seq": 0}), 422, "invalid_fields")
    assert len(found["errors"]) == 11


@pytest.mark.parametrize("value", [1, "true", None, 1.0])
def test_a_choice_is_true_or_false_and_nothing_else(ledger: Ledger, value: Any) -> None:
    choices = sample_choices(settings=True, counter=True, speed=True) | {"speed": value}
    response = ledger.post(ledger.decision(choices=choices))
    assert response.status_code in (400, 422)  # 400: a float is refused while the JSON is read
    assert ledger.size() == 1


@pytest.mark.parametrize("name", ["advertising", "necessary", "session", "Bad Name", "__proto__"])
def test_a_choice_that_the_notice_did_not_ask_is_named(ledger: Ledger, name: str) -> None:
    choices = {**sample_choices(settings=True, counter=True, speed=True), name: True}
    found = problem(ledger.post(ledger.decision(choices=choices)), 422, "invalid_fields")
    assert list(found["errors"]) == [f"choices.{name}"]


@pytest.mark.parametrize("name", ["functional", "settings", "analytics", "counter", "speed"])
def test_a_choice_that_is_missing_is_named(ledger: Ledger, name: str) -> None:
    choices = sample_choices(settings=True, counter=True, speed=True)
    del choices[name]
    found = problem(ledger.post(ledger.decision(choices=choices)), 422, "invalid_fields")
    assert f"choices.{name}" in found["errors"]


@pytest.mark.parametrize(
    ("category", "counter", "speed"),
    [(True, True, False), (True, False, False), (False, True, True)],
)
def test_a_category_is_granted_exactly_when_all_its_services_are(
    ledger: Ledger, category: bool, counter: bool, speed: bool
) -> None:
    choices = sample_choices(settings=True, counter=counter, speed=speed) | {"analytics": category}
    decision = ledger.decision(action="customise", choices=choices)
    found = problem(ledger.post(decision), 422, "invalid_fields")
    assert list(found["errors"]) == ["choices.analytics"]


@pytest.mark.parametrize(
    ("action", "choices", "fits"),
    [
        ("accept_all", (True, True, True), True),
        ("accept_all", (True, True, False), False),
        ("reject_all", (False, False, False), True),
        ("reject_all", (False, False, True), False),
        ("withdraw", (True, False, True), True),
        ("withdraw", (False, False, False), True),
        ("withdraw", (True, True, True), False),
        ("customise", (True, False, False), True),
        ("customise", (True, True, True), True),
        ("signal", (True, False, False), True),
        ("object", (False, False, True), True),
    ],
)
def test_an_action_must_fit_the_choices(
    ledger: Ledger, action: str, choices: tuple[bool, bool, bool], fits: bool
) -> None:
    chosen = sample_choices(**dict(zip(("settings", "counter", "speed"), choices, strict=True)))
    response = ledger.post(ledger.decision(action=action, control="api", choices=chosen))
    if fits:
        assert response.status_code == 201
    else:
        assert list(problem(response, 422, "invalid_fields")["errors"]) == ["action"]


ALL, SOME, NONE = (True, True, True), (True, False, False), (False, False, False)


@pytest.mark.parametrize(
    ("control", "action", "choices", "wrong"),
    [
        ("accept_all", "accept_all", ALL, []),
        ("accept_all", "customise", SOME, ["control"]),
        ("accept_all", "reject_all", NONE, ["control"]),
        ("accept_all", "accept_all", SOME, ["action", "control"]),
        ("reject_all", "reject_all", NONE, []),
        ("reject_all", "withdraw", NONE, []),
        ("reject_all", "withdraw", SOME, ["control"]),
        ("reject_all", "accept_all", ALL, ["control"]),
        ("save", "customise", SOME, []),
        ("save", "withdraw", SOME, []),
        ("save", "accept_all", ALL, []),
        ("save", "reject_all", NONE, []),
        ("api", "customise", SOME, []),
        ("api", "withdraw", NONE, []),
        ("api", "reject_all", NONE, []),
        ("api", "accept_all", ALL, []),
        ("embed", "customise", SOME, []),
    ],
)
def test_a_control_must_fit_the_choices(
    ledger: Ledger, control: str, action: str, choices: tuple[bool, ...], wrong: list[str]
) -> None:
    chosen = sample_choices(**dict(zip(("settings", "counter", "speed"), choices, strict=True)))
    response = ledger.post(ledger.decision(action=action, control=control, choices=chosen))
    if wrong:
        assert list(problem(response, 422, "invalid_fields")["errors"]) == wrong
    else:
        assert response.status_code == 201


def test_a_signal_that_was_not_sent_decides_nothing(ledger: Ledger) -> None:
    decision = ledger.decision(action="signal", layer="page", control="signal", gpc=False)
    found = problem(ledger.post(decision), 422, "invalid_fields")
    assert list(found["errors"]) == ["action"]
    assert ledger.post(decision | {"gpc": True}).status_code == 201


@pytest.mark.parametrize(
    ("decided_ms", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_300_000_123 - 61 * DAY_MS, "2026-09-21T22:26:40.123Z"),
        (1_795_300_000_123 + 400 * DAY_MS, "2027-12-26T22:26:40.123Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_wrong_clock_loses_no_decision_and_does_not_touch_the_ledgers_time(
    ledger: Ledger, decided_ms: int, written: str
) -> None:
    response = ledger.post(ledger.decision(decided_at_ms=decided_ms))
    assert response.status_code == 201
    part = json.loads(response.data)["subject"]["part"]
    assert (part["decided_at"], part["recorded_at"]) == (written, "2026-11-21T22:26:40.123Z")


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b"", 400, "invalid_request", "no JSON"),
        (b"{", 400, "invalid_request", "line 1"),
        (b"choices=all", 400, "invalid_request", "no JSON"),
        (b'{"seq":1,"seq":2}', 400, "invalid_request", '"seq" twice'),
        (b'{"seq":1.5}', 400, "invalid_request", "1.5"),
        (b'{"seq":1e3}', 400, "invalid_request", "1e3"),
        (b'{"seq":NaN}', 400, "invalid_request", "NaN"),
        (b'{"seq":-Infinity}', 400, "invalid_request", "Infinity"),
        (b'{"seq":' + b"9" * 5000 + b"}", 400, "invalid_request", "digits"),
        (b"[" * 30_000, 400, "invalid_request", "deep"),
        (b'{"language":"\xff"}', 400, "invalid_request", "UTF-8"),
        (b"\xef\xbb\xbf{}", 400, "invalid_request", "no JSON"),
        (b"{}\x00", 400, "invalid_request", "no JSON"),
        (b"[]", 422, "invalid_fields", "document"),
        (b"null", 422, "invalid_fields", "document"),
        (b'"x"', 422, "invalid_fields", "document"),
        (b"7", 422, "invalid_fields", "document"),
        (b'{"language":"\\ud800"}', 422, "invalid_fields", "language"),
        (b'{"\\ud800":1}', 422, "invalid_fields", "errors"),
        (b" " * 65_537, 413, "body_too_large", "65536"),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, bytes) else None,
)
def test_a_body_that_is_no_decision_gets_a_clear_problem(
    ledger: Ledger, body: bytes, status: int, code: str, words: str
) -> None:
    found = problem(ledger.post(body), status, code)
    assert words in json.dumps(found, ensure_ascii=False).replace('\\"', '"')
    assert ledger.size() == 1


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/html", "", "text/plain; charset=utf-16"],
)
def test_another_content_type_is_refused(ledger: Ledger, content_type: str) -> None:
    problem(ledger.post(ledger.decision(), content_type=content_type), 415, "unsupported_type")


def test_a_compressed_body_is_refused(ledger: Ledger) -> None:
    response = ledger.client.post(
        CONSENTS,
        data=b"\x1f\x8b",
        content_type="text/plain",
        headers={"Origin": ORIGIN, "Content-Encoding": "gzip"},
    )
    problem(response, 415, "unsupported_type")


def test_a_query_is_refused_so_that_no_token_ends_up_there(ledger: Ledger) -> None:
    response = ledger.post(ledger.decision(), path=CONSENTS + "?token=" + "0" * 32)
    assert list(problem(response, 422, "invalid_fields")["errors"]) == ["token"]


def test_another_method_is_refused_with_those_that_exist(ledger: Ledger) -> None:
    for method in ("PUT", "PATCH"):
        response = ledger.client.open(CONSENTS, method=method)
        problem(response, 405, "method_not_allowed")
        allowed = {"DELETE", "GET", "HEAD", "OPTIONS", "POST"}
        assert set(response.headers["Allow"].split(", ")) == allowed


def test_the_limit_counts_by_address_and_site_and_says_when_to_come_back(make_ledger: Make) -> None:
    ledger = make_ledger(limit_record="2/minute")
    for _ in range(2):
        assert ledger.post(ledger.decision()).status_code == 201
    response = ledger.post(ledger.decision())
    problem(response, 429, "rate_limited")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert ledger.size() == 3
    ledger.add_site("elsewhere", "https://elsewhere.example")
    other = ledger.post(
        ledger.decision(), path="/v1/sites/elsewhere/consents", origin="https://elsewhere.example"
    )
    assert other.status_code == 404  # another site, another count


def test_invented_sites_share_one_count_and_leave_the_others_alone(make_ledger: Make) -> None:
    ledger = make_ledger(limit_record="3/minute")
    statuses = [
        ledger.post(ledger.decision(), path=f"/v1/sites/invented-{number}/consents").status_code
        for number in range(5)
    ]
    assert statuses == [404, 404, 404, 429, 429]
    assert ledger.post(ledger.decision()).status_code == 201


def test_preflights_do_not_use_up_the_limit_of_decisions(make_ledger: Make) -> None:
    ledger = make_ledger(limit_record="1/minute")
    for _ in range(3):
        assert ledger.client.options(CONSENTS, headers={"Origin": ORIGIN}).status_code == 204
    assert ledger.post(ledger.decision()).status_code == 201


def test_an_answer_carries_what_the_page_may_read_and_no_retry(ledger: Ledger) -> None:
    headers = ledger.post(ledger.decision()).headers
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in headers["Vary"]
    assert headers["Cache-Control"] == "no-store"
    assert "Retry-After" not in headers
    assert "Access-Control-Allow-Credentials" not in headers


def test_server_time_does_not_go_back_when_the_clock_does(ledger: Ledger, clock: Clock) -> None:
    first = json.loads(ledger.post(ledger.decision()).data)
    clock.ms -= 5_000
    second = json.loads(ledger.post(ledger.decision()).data)
    times = [receipt["subject"]["part"]["recorded_at"] for receipt in (first, second)]
    assert times[0] == times[1]


def test_a_notice_in_another_language_set_is_checked_against_its_own_languages(
    ledger: Ledger,
) -> None:
    assert "fr" in sample_notice()["languages"]
    assert ledger.post(ledger.decision(language="fr")).status_code == 201


def test_two_sites_keep_a_log_each(ledger: Ledger, visitor: dict[str, Any]) -> None:
    ledger.add_site("elsewhere", "https://elsewhere.example")
    assert ledger.size("elsewhere") == 0
    assert ledger.size() == 2
    answer = ledger.client.get("/v1/sites/elsewhere/preferences", headers=bearer(visitor))
    problem(answer, 404, "visitor_unknown")
