# SPDX-License-Identifier: MIT
"""A page with the banner on it, built anew whenever `banner.toml` changes.

There is no ledger: the script talks to this server, which takes records and shows them. While there
is an error the last good build stays, and page and terminal say what is wrong.
"""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from consent_banner import build, choices_page, config, contrast, declaration, locales
from consent_banner.build import Build
from consent_banner.config import BuilderError
from consent_banner.javascript import SourceError
from consent_banner.tables import POSITIONS

HOST = "127.0.0.1"
LOOK_EVERY_S = 0.3
MAX_BODY = 64 * 1024
LOOKS = {"position": POSITIONS, "theme": tuple(contrast.SCHEMES)}
"""What the page offers to look at, whatever the file says."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

STYLE = """body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{background:#eee;color:#111;padding:1rem;overflow:auto}
#error{border:3px solid #b00;padding:1rem;white-space:pre-wrap}
table{border-collapse:collapse}td,th{border:1px solid #999;padding:.25rem .5rem;text-align:start}
.consent-scroll{overflow:auto}
"""

# Asks for the state twice a second; a new number means a new build or a new error.
SCRIPT = """"use strict";
const shown = document.documentElement.dataset.version;
setInterval(async () => {
  const answer = await fetch("/preview/state").catch(() => null);
  if (!answer) return;
  const state = await answer.json();
  if (String(state.version) !== shown) location.reload();
  const sent = document.getElementById("sent");
  const text = state.sent.map((record) => JSON.stringify(record, null, 2)).join("\\n\\n");
  if (text && sent.textContent !== text) sent.textContent = text;
}, 500);
document.addEventListener("consent:change", (event) => {
  document.getElementById("choices").textContent = JSON.stringify(event.detail, null, 2);
});
"""


@dataclass
class State:
    """What the page shows. `version` grows with every build and every error."""

    version: int = 0
    build: Build | None = None
    error: str | None = None


class Preview:
    """Follows one `banner.toml`; `say` tells the terminal."""

    def __init__(self, file: Path, say: Callable[[str], object]) -> None:
        self.file = file
        self.say = say
        self.state = State()
        self.sent: list[Any] = []
        self.origin = ""
        self._text: str | None = None

    def look(self) -> None:
        """Builds again if the file's content changed since the last look."""
        text: str | None = None
        try:
            text = config.read(self.file)
            if text == self._text:
                return
            loaded = config.parse(text, str(self.file))
            made = build.make(self._at_home(loaded))
        except (BuilderError, SourceError) as error:
            self._text = text
            if str(error) != self.state.error:
                self.state = State(self.state.version + 1, self.state.build, str(error))
                self.say(str(error))
            return
        self._text = text
        self.state = State(self.state.version + 1, made, None)
        self.say(f"Built {self.file}: consent.js has {len(made.consent.content):,} bytes.")

    def _at_home(self, loaded: config.BannerConfig) -> config.BannerConfig:
        """The same banner for this address: its ledger is here, its cookie of no other domain."""
        return replace(
            loaded, ledger_url=self.origin if loaded.ledger_url else None, cookie_domain=None
        )

    def watch(self, stop: threading.Event) -> None:
        """Looks at the file until *stop* is set."""
        while not stop.wait(LOOK_EVERY_S):
            self.look()

    def built(self, wanted: Mapping[str, str]) -> Build | None:
        """The last good build, in another position or theme where those are *wanted*."""
        made = self.state.build
        if made is None or not wanted.keys() & LOOKS.keys():
            return made
        look = made.config.look
        position, theme = (
            wanted[key] if wanted.get(key) in values else getattr(look, key)
            for key, values in LOOKS.items()
        )
        return build.make(replace(made.config, look=replace(look, position=position, theme=theme)))

    def page(self, wanted: Mapping[str, str]) -> str:
        """The page in the *wanted* language, position and theme, else in those of the file.

        It shows the last good build or the error; its own words are English.
        """
        state = self.state
        error = f'<pre id="error" role="alert">{escape(state.error)}</pre>' if state.error else ""
        languages = state.build.config.languages if state.build else (locales.REFERENCE,)
        language = wanted.get("language", "")
        language = language if language in languages else languages[0]
        look = urlencode({key: wanted[key] for key in LOOKS if key in wanted})
        query = f"?{escape(look)}" if look else ""
        scripts = state.build.spoken(language) if state.build else ()
        script = "".join(f'<script async src="/{each.file}{query}"></script>' for each in scripts)
        return (
            f'<!doctype html>\n<html {locales.marks(language)} data-version="{state.version}">'
            f'<head><meta charset="utf-8"><title>Preview of {escape(self.file.name)}</title>'
            '<meta name="viewport" content="width=device-width">'
            f'{script}<link rel="stylesheet" href="/preview/style.css">'
            '<script defer src="/preview/script.js"></script></head>'
            f"<body><main {locales.marks(locales.REFERENCE)}>"
            f"<h1>Preview of {escape(str(self.file))}</h1>"
            f"{_others(languages, language)}{_looks(wanted)}{error}"
            f"{_about(state.build, language) if state.build else ''}</main></body></html>\n"
        )


def _others(languages: Sequence[str], shown: str) -> str:
    """Links to the page in the other languages."""
    links = [f'<a href="/?language={each}">{each}</a>' for each in languages if each != shown]
    return f'<nav aria-label="Languages">Also in {", ".join(links)}</nav>' if links else ""


def _looks(wanted: Mapping[str, str]) -> str:
    """Links to the page with the banner in every position and theme."""
    lines = [
        f"{key}: "
        + ", ".join(
            f'<a href="/?{escape(urlencode({**wanted, key: each}))}">{each}</a>' for each in values
        )
        for key, values in LOOKS.items()
    ]
    return f'<nav aria-label="Looks">{"<br>".join(lines)}</nav>'


def _about(made: Build, language: str) -> str:
    ids = [
        identifier
        for category in made.config.categories
        if category.asked
        for identifier in (category.id, *(service.id for service in category.active))
    ]
    gates = "".join(
        f"<li>{escape(name)}: "
        f'<template data-consent="{escape(name)}"><strong>granted</strong></template></li>'
        for name in ids
    )
    sends = (
        "There is no ledger behind this preview. A ledger would receive:"
        if made.config.ledger_url
        else "This site has no ledger, so nothing would be sent."
    )
    return (
        '<p><button type="button" data-consent-open>Your choices</button></p>'
        "<div data-consent-place></div>"
        "<div data-consent-receipt></div>"
        f"<h2>Waits for consent</h2><ul>{gates}</ul>"
        f'<h2>Chosen</h2><pre id="choices">nothing yet</pre>'
        f'<h2>Sent</h2><p>{sends}</p><pre id="sent">nothing yet</pre>'
        f"<h2>Declaration</h2>{declaration.html(made.notice, language)}"
        f"{choices_page.html(made.notice, language) if made.choices else ''}"
    )


class Handler(BaseHTTPRequestHandler):
    """The pages of one preview, for this machine only."""

    preview: ClassVar[Preview]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Page, script, state."""
        preview = self.preview
        path, _, query = self.path.partition("?")
        wanted = dict(parse_qsl(query))
        made = preview.built(wanted)
        if path == "/preview/state":
            self._json({"version": preview.state.version, "sent": preview.sent[-5:]})
        elif path == "/preview/style.css":
            self._answer("text/css", STYLE)
        elif path == "/preview/script.js":
            self._answer("text/javascript", SCRIPT)
        elif path[1:] in (scripts := {s.file: s for s in made.scripts} if made else {}):
            self._answer("text/javascript", scripts[path[1:]].content.decode())
        elif path.startswith("/v1/"):
            problem = {"title": "The preview has no ledger.", "status": 404}
            self._json(problem, HTTPStatus.NOT_FOUND)
        elif path == "/":
            self._answer("text/html", preview.page(wanted))
        else:
            self._answer("text/plain", "Not found.\n", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """A record, as a ledger would get it."""
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isascii() and length.isdigit() else -1
        if not 0 <= size <= MAX_BODY:
            self.close_connection = True
            self._json({"title": "Expected a small body."}, HTTPStatus.BAD_REQUEST)
            return
        body = self.rfile.read(size)
        if self.headers.get("Origin") != self.preview.origin:
            self._json({"title": "Another origin."}, HTTPStatus.FORBIDDEN)
            return
        try:
            record = json.loads(body)
        except (ValueError, RecursionError):
            self._json({"title": "This is not JSON."}, HTTPStatus.BAD_REQUEST)
            return
        self.preview.sent.append(record)
        self.preview.say(f"Would be sent: {json.dumps(record)}")
        self._json({"preview": True}, HTTPStatus.CREATED)

    def _json(self, document: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer("application/json", json.dumps(document), status)

    def _answer(self, kind: str, text: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        if self._is_foreign():
            kind, text, status = "text/plain", "Another host.\n", HTTPStatus.MISDIRECTED_REQUEST
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def _is_foreign(self) -> bool:
        """A name of somebody else that leads here (DNS rebinding) may read nothing."""
        return "http://" + self.headers.get("Host", "") != self.preview.origin

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 name of the base class
        """Nothing: the terminal is for builds and records."""


def start(file: Path, port: int, say: Callable[[str], object]) -> ThreadingHTTPServer:
    """A server that listens and is not yet serving; its `preview` is on the handler class.

    Raises: BuilderError when the port cannot be had or the first look finds no file.
    """
    preview = Preview(file, say)
    handler = type("PreviewHandler", (Handler,), {"preview": preview})
    try:
        server = ThreadingHTTPServer((HOST, port), handler)
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"fails: {error.strerror}"
        raise BuilderError(f"Port {port} {reason}; --port chooses another, 0 a free one.") from None
    server.daemon_threads = True
    # As the browser writes it: without the port that http has anyway.
    at_port = f":{server.server_port}" if server.server_port != 80 else ""
    preview.origin = f"http://{HOST}{at_port}"
    try:
        config.read(file)
    except BuilderError:
        server.server_close()
        raise
    preview.look()
    return server


def serve(file: Path, port: int, say: Callable[[str], object]) -> None:
    """Serves the preview until Ctrl-C."""
    server = start(file, port, say)
    handler: Any = server.RequestHandlerClass
    stop = threading.Event()
    watcher = threading.Thread(target=handler.preview.watch, args=(stop,), daemon=True)
    watcher.start()
    say(f"Preview on {handler.preview.origin}/ (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("Ended.")
    finally:
        stop.set()
        server.server_close()
        watcher.join()
