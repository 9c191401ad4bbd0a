# SPDX-License-Identifier: MIT
"""The web server of the Meridian site: its pages, its API, its sign-in and its own counter.

The content security policy is strict on purpose: the banner has to work under it.
"""

import base64
import functools
import hashlib
import json
import mimetypes
import re
import secrets
import sys
import threading
from collections import Counter
from html.parser import HTMLParser
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit

import places

BODY_LIMIT_BYTES = 4096
KEPT = 1000  # sessions, and tabs whose requests are counted; the oldest goes first
NODES = ("a", "b")
HASHED_NAME = re.compile(r"\.[0-9a-f]{12}\.js$")
HEX = re.compile(r"[0-9a-f]{8,64}")

# What the site's counter may say: exactly these four kinds, each with exactly these fields.
COUNTED = {
    "page_visited": {"page"},
    "time_on_feature": {"page", "feature", "seconds"},
    "error_encountered": {"page", "feature", "error"},
    "usage_pattern": {"page", "feature", "step"},
}


class _InlineScripts(HTMLParser):
    """Collects the text of the scripts that stand in a page, those in templates too."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "src" not in dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.append(data)


def script_hashes(page: str) -> list[str]:
    """CSP sources for the inline scripts of *page*, so that no other inline script can run."""
    parser = _InlineScripts()
    parser.feed(page)
    digests = (hashlib.sha256(text.encode()).digest() for text in parser.texts)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def content_security_policy(page: str, ledger: str, vendors: str) -> str:
    """The policy for one page: our own files, the ledger, the third parties, nothing inline."""
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["script-src 'self'", vendors, *script_hashes(page)]),
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src 'self' {ledger} {vendors}",
            f"frame-src {vendors}",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def count_problem(event: object) -> str | None:
    """What is wrong with an event for the counter, or None."""
    if not isinstance(event, dict):
        return "expected a JSON object"
    fields = COUNTED.get(str(event.get("kind")))
    if fields is None:
        return f"kind: expected one of {', '.join(COUNTED)}"
    expected = fields | {"kind", "id"}
    if set(event) != expected:
        return f"expected exactly the fields {', '.join(sorted(expected))}"
    if not HEX.fullmatch(str(event["id"])):
        return "id: expected hexadecimal digits"
    if any(not isinstance(event[name], str | int) or len(str(event[name])) > 60 for name in fields):
        return "expected short texts and whole numbers"
    return None


class Site(ThreadingHTTPServer):
    """The site on 127.0.0.1; port 0 takes a free one. What it remembers ends with the process."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A browser that leaves in the middle of an answer is no news; a fault of ours is."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"The site met {type(error).__name__}: {error}", file=sys.stderr)

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Pages)
        self.root = Path()
        self.ledger = self.vendors = ""
        self.lock = threading.Lock()
        self.sessions: dict[str, str] = {}
        self.requests: dict[str, set[str]] = {}
        self.counts: Counter[str] = Counter()

    def show(self, root: Path, ledger: str, vendors: str) -> None:
        """Says which folder to serve, and which two origins its pages may use."""
        self.root, self.ledger, self.vendors = root.resolve(), ledger, vendors

    def remember(self, table: dict, key: str, value: object) -> None:
        with self.lock:
            table.setdefault(key, value)
            while len(table) > KEPT:
                table.pop(next(iter(table)))


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Meridian"
    sys_version = ""
    timeout = 30
    server: Site

    def log_message(self, *_: object) -> None:
        """Keeps no access log: it would hold addresses."""

    # --- answers ---

    def _send(self, status: int, content_type: str, body: bytes, headers: tuple = ()) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "strict-origin-when-cross-origin")
        names = {name for name, _ in headers}
        if "Cache-Control" not in names:
            self.send_header("Cache-Control", "no-store")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, answer: object, status: int = 200, headers: tuple = ()) -> None:
        self._send(status, "application/json; charset=utf-8", json.dumps(answer).encode(), headers)

    def _problem(self, status: int, title: str, detail: str, headers: tuple = ()) -> None:
        body = json.dumps({"title": title, "status": status, "detail": detail}).encode()
        self._send(status, "application/problem+json; charset=utf-8", body, headers)

    def _go_to(self, path: str, cookie: str) -> None:
        self._send(303, "text/plain", b"", (("Location", path), ("Set-Cookie", cookie)))

    # --- requests ---

    def _cookies(self) -> dict[str, str]:
        try:
            return {k: v.value for k, v in SimpleCookie(self.headers.get("Cookie", "")).items()}
        except CookieError:
            return {}

    def _body(self) -> bytes | None:
        """The body, or None after the refusal has been sent."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_LIMIT_BYTES:
            self.close_connection = True
            self._problem(
                413, "Too large", f"A body of at most {BODY_LIMIT_BYTES} bytes is expected"
            )
            return None
        return self.rfile.read(int(length))

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/api/session":
            cookies = self._cookies()
            name = self.server.sessions.get(cookies.get("session", ""))
            node = cookies.get("lb")
            self._json({"name": name, "node": node if node in NODES else None})
        elif url.path.startswith("/api/"):
            self._api(url.path, dict(parse_qsl(url.query)))
        elif url.path == "/count":
            with self.server.lock:
                self._json({kind: self.server.counts[kind] for kind in COUNTED})
        else:
            self._file(url.path)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        origin = self.headers.get("Origin")
        if origin and urlsplit(origin).netloc != self.headers.get("Host"):
            self._problem(403, "Foreign origin", "Only this site's own pages may send this")
        elif self.path == "/count":
            self._count(body)
        elif self.path == "/sign-in":
            name = parse_qs(body.decode("utf-8", "replace")).get("name", [""])[0].strip()[:60]
            session = secrets.token_hex(16)
            self.server.remember(self.server.sessions, session, name or "Guest")
            cookie = f"session={session}; Path=/; HttpOnly; SameSite=Lax"
            self._go_to("/dashboard.html#signed-in", cookie)
        elif self.path == "/sign-out":
            with self.server.lock:
                self.server.sessions.pop(self._cookies().get("session", ""), None)
            cookie = "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
            self._go_to("/dashboard.html", cookie)
        else:
            self._problem(404, "Not found", "Nothing takes a POST here")

    def _api(self, path: str, query: dict[str, str]) -> None:
        headers = self._quota()
        try:
            content_type, body = places.answer(path, query)
        except places.ApiError as error:
            self._problem(error.status, error.title, error.detail, headers)
        else:
            self._send(200, content_type, body, headers)

    def _quota(self) -> tuple[tuple[str, str], ...]:
        """Counts a request once per key: one sent again after a failure costs nothing."""
        tab, _, number = self.headers.get("Request-Key", "").partition(".")
        if not HEX.fullmatch(tab) or not number.isdecimal():
            return ()
        self.server.remember(self.server.requests, tab, set())
        with self.server.lock:
            used = self.server.requests.get(tab, set())
            if len(used) < KEPT:
                used.add(number[:9])
            return (("Quota-Used", str(len(used))),)

    def _count(self, body: bytes) -> None:
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        problem = count_problem(event)
        if problem:
            self._problem(422, "Not counted", problem)
            return
        with self.server.lock:
            self.server.counts[event["kind"]] += 1
        self._send(204, "text/plain", b"")

    def _file(self, path: str) -> None:
        path = "/index.html" if path == "/" else path
        found = (self.server.root / path.lstrip("/")).resolve()
        content_type = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        hidden = any(part.startswith(".") for part in Path(path).parts)
        if hidden or not found.is_relative_to(self.server.root) or not found.is_file():
            page = self.server.root / "404.html"
            self._page(page.read_text(), HTTPStatus.NOT_FOUND)
        elif content_type == "text/html":
            self._page(found.read_text(), HTTPStatus.OK)
        else:
            body = found.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            keep = "public, max-age=31536000, immutable" if HASHED_NAME.search(path) else "no-cache"
            headers = (("Cache-Control", keep), ("ETag", tag))
            if self.headers.get("If-None-Match") == tag:
                self._send(304, content_type, b"", headers)
            else:
                self._send(200, _with_charset(content_type), body, headers)

    def _page(self, page: str, status: HTTPStatus) -> None:
        policy = _policy(page, self.server.ledger, self.server.vendors)
        headers = [("Cache-Control", "no-cache"), ("Content-Security-Policy", policy)]
        if self._cookies().get("lb") not in NODES:
            cookie = f"lb={secrets.choice(NODES)}; Path=/; HttpOnly; SameSite=Lax"
            headers.append(("Set-Cookie", cookie))
        self._send(status, "text/html; charset=utf-8", page.encode(), tuple(headers))


_policy = functools.lru_cache(maxsize=32)(content_security_policy)


def _with_charset(content_type: str) -> str:
    textual = content_type.startswith("text/") or content_type.endswith(("javascript", "json"))
    return f"{content_type}; charset=utf-8" if textual else content_type
