# SPDX-License-Identifier: MIT
"""An origin on a free port: serves what a test puts there, remembers what was asked for."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Origin:
    """`http://<name>.localhost:<port>`: browsers resolve such names, each a site of its own."""

    def __init__(self, name: str) -> None:
        self.asked: list[str] = []
        self.delay_s: dict[str, float] = {}
        self._files: dict[str, tuple[str, bytes, dict[str, str]]] = {}
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                origin.asked.append(path)
                time.sleep(origin.delay_s.get(path, 0))
                kind, body, headers = origin.answer(path)
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Access-Control-Allow-Origin", "*")  # module scripts need it
                for header, value in {"Cache-Control": "no-store", **headers}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing: the tests read `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{name}.localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def put(
        self, path: str, body: str, kind: str = "text/html; charset=utf-8", **headers: str
    ) -> str:
        """Serves *body* under *path*; returns its address."""
        self._files[path] = (kind, body.encode(), headers)
        return self.url + path

    def answer(self, path: str) -> tuple[str, bytes, dict[str, str]]:
        """Content type (empty: not found), body and headers for *path*."""
        return self._files.get(path, ("", b"", {}))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Vendors(Origin):
    """The third parties: every path answers, with a script that says it ran or with a frame."""

    def answer(self, path: str) -> tuple[str, bytes, dict[str, str]]:
        if path in self._files:
            return super().answer(path)
        if path.endswith(".js"):
            return "text/javascript", f"(window.ran ||= []).push({path!r});".encode(), {}
        return "text/html; charset=utf-8", b"<!doctype html><title>frame</title>frame", {}
