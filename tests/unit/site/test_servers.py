# SPDX-License-Identifier: MIT
"""The demo's two web servers: pages and policy, sign-in, API, counter, third parties."""

import base64
import hashlib
import http.client
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import places
import pytest
import vendors
import web

LEDGER, VENDORS = "http://ledger.localhost:1", "http://vendors.localhost:2"
PAGE = (
    "<!doctype html><title>x</title>"
    "<template><script>start();</script></template>"
    '<script src="/a.js"></script><script>\n two()</script>'
)


class Client:
    """Requests to one server; answers as (status, headers, body)."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        try:
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "404.html").write_text("<h1>Off the map</h1>")
    (tmp_path / "consent.js").write_text("1")
    (tmp_path / "consent.0123456789ab.js").write_text("1")
    (tmp_path / ".hidden").write_text("secret")
    server = web.Site(0)
    server.show(tmp_path, LEDGER, VENDORS)
    yield from running(server)


@pytest.fixture
def third() -> Iterator[Client]:
    yield from running(vendors.Vendors(0))


def running(server) -> Iterator[Client]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield Client(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_allows_its_own_inline_scripts_and_no_others(site: Client) -> None:
    status, headers, _ = site.ask("GET", "/")
    policy = headers["Content-Security-Policy"]
    hashes = re.findall(r"'sha256-([^']+)'", policy)
    expected = [base64.b64encode(hashlib.sha256(s).digest()) for s in (b"start();", b"\n two()")]
    assert status == 200
    assert [h.encode() for h in hashes] == expected
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "style-src 'self';" in policy
    assert f"frame-src {VENDORS};" in policy
    assert f"connect-src 'self' {LEDGER} {VENDORS};" in policy


def test_a_first_page_sets_the_load_balancing_cookie_for_the_session_alone(site: Client) -> None:
    cookie = site.ask("GET", "/")[1]["Set-Cookie"]
    assert re.fullmatch(r"lb=[ab]; Path=/; HttpOnly; SameSite=Lax", cookie)
    assert site.ask("GET", "/", Cookie="lb=a")[1]["Set-Cookie"] is None


def test_pages_are_checked_again_and_hashed_files_are_kept_for_ever(site: Client) -> None:
    assert site.ask("GET", "/index.html")[1]["Cache-Control"] == "no-cache"
    assert site.ask("GET", "/consent.js")[1]["Cache-Control"] == "no-cache"
    hashed = site.ask("GET", "/consent.0123456789ab.js")[1]
    assert hashed["Cache-Control"] == "public, max-age=31536000, immutable"
    assert hashed["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_known_file_is_not_sent_twice(site: Client) -> None:
    tag = site.ask("GET", "/consent.js")[1]["ETag"]
    status, _, body = site.ask("GET", "/consent.js", If_None_Match=tag)
    assert (status, body) == (304, b"")


@pytest.mark.parametrize("path", ["/.hidden", "/../web.py", "/%2e%2e/web.py", "/nothing", "//etc"])
def test_what_is_not_a_page_of_the_site_is_not_found(site: Client, path: str) -> None:
    status, _, body = site.ask("GET", path)
    assert status == 404
    assert body == b"<h1>Off the map</h1>"


def test_signing_in_gives_a_session_cookie_that_knows_the_name(site: Client) -> None:
    status, headers, _ = site.ask("POST", "/sign-in", "name=Ada+L")
    cookie = headers["Set-Cookie"]
    assert (status, headers["Location"]) == (303, "/dashboard.html#signed-in")
    assert re.fullmatch(r"session=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", cookie)
    own = cookie.split(";")[0]
    assert json.loads(site.ask("GET", "/api/session", Cookie=own)[2])["name"] == "Ada L"
    assert json.loads(site.ask("GET", "/api/session")[2])["name"] is None
    site.ask("POST", "/sign-out", Cookie=own)
    assert json.loads(site.ask("GET", "/api/session", Cookie=own)[2])["name"] is None


def test_a_foreign_page_cannot_post_to_the_site(site: Client) -> None:
    status, headers, _ = site.ask("POST", "/sign-in", "name=x", Origin="http://evil.example")
    assert status == 403
    assert headers["Set-Cookie"] is None


def test_a_body_that_is_too_large_is_refused(site: Client) -> None:
    assert site.ask("POST", "/count", "x" * 5000)[0] == 413


@pytest.mark.parametrize("kind", list(web.COUNTED))
def test_the_counter_counts_each_of_its_four_kinds(site: Client, kind: str) -> None:
    event = {"kind": kind, "id": "0123456789abcdef", **dict.fromkeys(web.COUNTED[kind], "x")}
    assert site.ask("POST", "/count", json.dumps(event))[0] == 204
    counts = json.loads(site.ask("GET", "/count")[2])
    assert counts == {k: int(k == kind) for k in web.COUNTED}
    assert len(counts) == 4


@pytest.mark.parametrize(
    "event",
    [
        "no json",
        "[]",
        '{"kind":"click"}',
        '{"kind":"page_visited","id":"0123456789abcdef","page":"/","name":"Ada"}',
        '{"kind":"page_visited","id":"Ada","page":"/"}',
        '{"kind":"page_visited","id":"0123456789abcdef","page":["/"]}',
    ],
)
def test_the_counter_takes_nothing_else(site: Client, event: str) -> None:
    assert site.ask("POST", "/count", event)[0] == 422
    assert sum(json.loads(site.ask("GET", "/count")[2]).values()) == 0


def test_a_repeated_request_counts_once_against_the_quota(site: Client) -> None:
    path = "/api/v2/places"
    used = [site.ask("GET", path, Request_Key=f"0a1b2c3d.{n}")[1]["Quota-Used"] for n in (1, 2, 2)]
    assert used == ["1", "2", "2"]
    assert site.ask("GET", path, Request_Key="Ada")[1]["Quota-Used"] is None


def test_the_api_answers_in_both_versions_and_formats(site: Client) -> None:
    ask = "distance?from=Dublin&to=tokyo"
    assert json.loads(site.ask("GET", f"/api/v2/{ask}")[2])["kilometres"] == pytest.approx(
        9588, 0.01
    )
    assert json.loads(site.ask("GET", f"/api/v1/{ask}")[2])["metres"] == pytest.approx(9588e3, 0.01)
    status, headers, body = site.ask("GET", f"/api/v2/{ask}&format=csv")
    assert (status, headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert body.splitlines()[0] == b"from,to,kilometres"


def test_time_zones_know_summer_time_and_accents_do_not_matter() -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    lisbon = places.time_zone({"place": "LISBON"}, "v2", summer)
    assert (lisbon["local_time"], lisbon["utc_offset"]) == ("2026-07-01 13:00", "+01:00")
    assert places.time_zone({"place": "sao paulo"}, "v1", summer)["offset_minutes"] == -180


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/v2/time-zone?place=Atlantis", 404, "'Atlantis'"),
        ("/api/v2/time-zone", 400, "place is missing"),
        ("/api/v9/time-zone", 404, "not offered"),
        ("/api/v2/places?format=xml", 400, "expected json or csv"),
    ],
)
def test_a_refused_request_gets_a_problem_document(
    site: Client, path: str, status: int, words: str
) -> None:
    found, headers, body = site.ask("GET", path)
    assert found == status
    assert headers["Content-Type"].startswith("application/problem+json")
    assert words in json.loads(body)["detail"]


def test_the_third_parties_count_what_reaches_them_but_not_who_reads_a_policy(
    third: Client,
) -> None:
    assert third.ask("GET", "/monitor/policy.html")[0] == 200
    assert json.loads(third.ask("GET", "/received")[2]) == {}
    assert third.ask("GET", "/monitor/lib.js")[1]["Content-Type"].startswith("text/javascript")
    assert third.ask("POST", "/monitor/measure", "{}")[0] == 204
    received = json.loads(third.ask("GET", "/received")[2])
    assert received == {"/monitor/lib.js": 1, "/monitor/measure": 1}
    overview = third.ask("GET", "/")[2].decode()
    assert '<th scope="row">monitor</th><td>2</td>' in overview


def test_the_support_frame_sets_its_own_cookie_once(third: Client) -> None:
    cookie = third.ask("GET", "/chat/frame.html")[1]["Set-Cookie"]
    assert cookie.startswith("chat_visit=")
    assert "Max-Age" not in cookie
    again = third.ask("GET", "/chat/frame.html", Cookie=cookie.split(";")[0])
    assert again[1]["Set-Cookie"] is None


@pytest.mark.parametrize("path", ["/../vendors.py", "/nothing", "/pay"])
def test_the_third_parties_serve_only_their_files(third: Client, path: str) -> None:
    assert third.ask("GET", path)[0] == 404
