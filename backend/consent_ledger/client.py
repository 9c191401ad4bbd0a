# SPDX-License-Identifier: MIT
"""Asks a running ledger over HTTP, for the commands that work from afar."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from consent_ledger import __version__
from consent_ledger.errors import LedgerError, SetupError
from consent_ledger.export import BROKEN_OFF, ENDS, ENTRIES
from consent_ledger.publications import PAGE, all_publications

TIMEOUT_S = 60


class RemoteRefusal(LedgerError):  # noqa: N818 - see errors.py
    """The ledger answered with a problem, or with something else."""

    code = "remote_refusal"
    title = "The ledger refused"


class Remote:
    """A ledger at *url*, asked with an API key. Redirects are not followed: they could leak it."""

    def __init__(self, url: str, key: str | None) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
            raise SetupError(f"{url!r} is no address of a ledger, expected https://ledger.example")
        if key is None:
            raise SetupError(
                "an API key is needed; put it into CONSENT_LEDGER_KEY or a file for --key-file"
            )
        self._url = url.rstrip("/")
        self._parts = parts
        self._key = key

    def publish(self, site: str, publication: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """The ledger's answer, and whether it was published just now."""
        return self._post(f"/v1/sites/{quote(site)}/notices", json.dumps(publication).encode())

    def put_in_force(self, site: str, build: str) -> tuple[dict[str, Any], bool]:
        """The ledger's answer, and whether the build is in force only since now."""
        return self._post(f"/v1/sites/{quote(site)}/publications/{quote(build)}", b"")

    def publications(self, site: str) -> Iterator[dict[str, Any]]:
        """What was published, newest first."""

        def read(page: str | None) -> dict[str, Any]:
            query = urlencode({"limit": PAGE} | ({"page": page} if page else {}))
            with self._ask("GET", f"/v1/sites/{quote(site)}/publications?{query}") as response:
                answer: dict[str, Any] = json.loads(response.read())
                return answer

        return all_publications(read)

    def _post(self, path: str, body: bytes) -> tuple[dict[str, Any], bool]:
        with self._ask("POST", path, body) as response:
            answer: dict[str, Any] = json.loads(response.read())
            return answer, response.status == http.client.CREATED

    def export(
        self,
        site: str,
        form: str,
        parts: str,
        start: str | None = None,
        stop: str | None = None,
    ) -> Iterator[bytes]:
        """The export, piece by piece. Raises: RemoteRefusal when it does not come whole.

        The end of the stream is not enough to tell, so lines are counted, or its own end is looked
        for.
        """
        asked = {"format": form, "parts": parts, "from": start, "to": stop}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        with self._ask("GET", f"/v1/sites/{quote(site)}/export?{query}") as response:
            announced = response.headers.get(ENTRIES, "")
            lines, last = 0, b""
            try:
                while piece := response.read1(1 << 16):
                    lines += piece.count(b"\n")
                    last = (last + piece)[-200:]
                    yield piece
            except (OSError, http.client.HTTPException) as error:
                raise RemoteRefusal(f"{self._url} broke off: {type(error).__name__}") from None
            if form in ENDS:
                if not ENDS[form].search(last):
                    raise RemoteRefusal(f"{self._url} broke off before the end of the export")
                return
            found = lines - 1 - last.endswith(tuple(BROKEN_OFF.values()))
            if announced != str(found):
                raise RemoteRefusal(
                    f"{self._url} broke off after {max(0, found)} of {announced or '?'} entries"
                )

    @contextmanager
    def _ask(
        self, method: str, path: str, body: bytes | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        secure = self._parts.scheme == "https"
        make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        host = self._parts.hostname or ""
        # RFC 6761: these names mean this machine, though Python's resolver may not know it.
        target = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
        connection = make(target, self._parts.port, timeout=TIMEOUT_S)
        headers = {
            "Host": self._parts.netloc.rpartition("@")[2],
            "Authorization": f"Bearer {self._key}",
            "User-Agent": f"consent-ledger/{__version__}",
            **({"Content-Type": "application/json"} if body is not None else {}),
        }
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise RemoteRefusal(f"{self._url} cannot be reached: {reason}") from None
        try:
            if response.status not in (http.client.OK, http.client.CREATED):
                raise _refusal(self._url, response)
            yield response
        finally:
            connection.close()


def _refusal(url: str, response: http.client.HTTPResponse) -> RemoteRefusal:
    try:
        problem = json.loads(response.read(1 << 20))
        errors = problem.get("errors") or {}
        details = [f"{field}: {text}" for field, texts in errors.items() for text in texts]
        sentence = "; ".join(details[:10]) or problem["detail"]
    except (ValueError, KeyError, AttributeError, TypeError):
        return RemoteRefusal(f"{url} answered {response.status}, and not as a ledger does")
    return RemoteRefusal(f"{url} answered {response.status} {problem['code']}: {sentence}")
