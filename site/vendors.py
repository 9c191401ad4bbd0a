# SPDX-License-Identifier: MIT
"""One server that plays the third parties of the site, on an origin of its own.

It counts what reaches it and shows that on its first page, so that anybody can see what a
choice let through. It behaves as such services do: its tags store things in the page's site.
"""

import json
import mimetypes
import secrets
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

FILES = Path(__file__).parent / "vendors"
SERVICES = ("pay", "monitor", "shield", "chat")
# The support frame keeps a cookie on its own origin. Browsers that refuse cookies of third parties
# still keep a partitioned one, which holds for this frame in this site alone.
CHAT_COOKIE = "chat_visit={}; Path=/chat; HttpOnly; SameSite=None; Secure; Partitioned"


class Vendors(ThreadingHTTPServer):
    """The third parties on 127.0.0.1; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A browser that leaves in the middle of an answer is no news; a fault of ours is."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"The third parties met {type(error).__name__}: {error}", file=sys.stderr)

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Tags)
        self.lock = threading.Lock()
        self.received: Counter[str] = Counter()


class _Tags(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Vendors"
    sys_version = ""
    timeout = 30
    server: Vendors

    def log_message(self, *_: object) -> None:
        """Keeps no access log: it would hold addresses."""

    def _send(self, status: int, content_type: str, body: bytes, headers: tuple = ()) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _note(self, path: str) -> None:
        """Counts a request that came out of a page; reading a policy is not one."""
        service = path.split("/")[1]
        if service in SERVICES and not path.endswith(("/policy.html", ".css")):
            with self.server.lock:
                self.server.received[path] += 1

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self._note(path)
        if path == "/":
            self._overview()
        elif path == "/received":
            with self.server.lock:
                body = json.dumps(self.server.received).encode()
            self._send(200, "application/json", body)
        else:
            self._file(path)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > 4096:
            self.close_connection = True
            self._send(413, "text/plain", b"")
            return
        self.rfile.read(int(length))
        path = urlsplit(self.path).path
        self._note(path)
        self._send(204 if path.split("/")[1] in SERVICES else 404, "text/plain", b"")

    def _file(self, path: str) -> None:
        found = (FILES / path.lstrip("/")).resolve()
        if not found.is_relative_to(FILES) or not found.is_file():
            self._send(404, "text/plain; charset=utf-8", b"Nothing here.\n")
            return
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        headers: tuple[tuple[str, str], ...] = ()
        if path == "/chat/frame.html" and "chat_visit=" not in self.headers.get("Cookie", ""):
            headers = (("Set-Cookie", CHAT_COOKIE.format(secrets.token_hex(8))),)
        self._send(200, f"{kind}; charset=utf-8", found.read_bytes(), headers)

    def _overview(self) -> None:
        with self.server.lock:
            count: Counter[str] = Counter()
            for path, times in self.server.received.items():
                count[path.split("/")[1]] += times
        rows = "".join(
            f'<tr><th scope="row">{service}</th><td>{count[service]}</td>'
            f'<td><a href="/{service}/policy.html">policy</a></td></tr>'
            for service in SERVICES
        )
        page = (FILES / "index.html").read_text().replace("<!-- received -->", rows)
        self._send(200, "text/html; charset=utf-8", page.encode())
