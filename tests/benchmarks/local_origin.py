# SPDX-License-Identifier: MIT
"""An origin of this machine that serves given files compressed with brotli, as a good host does."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


class LocalOrigin:
    """`http://<name>.localhost:<free port>`; *files* maps paths to text, `asked` what was got."""

    def __init__(self, name: str) -> None:
        self.asked: list[str] = []
        self._files: dict[str, bytes] = {}
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # head and body in one packet

            def do_GET(self) -> None:
                origin.asked.append(self.path)
                body = origin._files.get(self.path)
                if "br" not in self.headers.get("Accept-Encoding", ""):
                    self.send_error(406, "The benchmark compares brotli with brotli")
                    return
                self.send_response(200 if body is not None else 404)
                suffix = self.path[self.path.rfind(".") :] if "." in self.path else ".html"
                self.send_header("Content-Type", TYPES.get(suffix, "text/plain"))
                self.send_header("Content-Length", str(len(body or b"")))
                self.send_header("Cache-Control", "no-store")
                if body is not None:
                    self.send_header("Content-Encoding", "br")
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_: object) -> None:
                """Says nothing: `asked` is what counts."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{name}.localhost:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def put(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            self._files[path] = brotli.compress(text.encode(), quality=11)

    def bytes_of(self, path: str) -> int:
        """What travels for *path*, without headers."""
        return len(self._files[path])

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> "LocalOrigin":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
