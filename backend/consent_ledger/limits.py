# SPDX-License-Identifier: MIT
"""Rate limits on every route, counted in memory under a keyed hash of the address."""

import hashlib
import ipaddress
import secrets
import time
from collections.abc import Callable, Mapping

from flask import Flask, Response, request
from flask_limiter import Limit, Limiter, RequestLimit
from limits import parse_many

from consent_ledger import counters
from consent_ledger.api.operation import Operation
from consent_ledger.config import Settings


class Limits:
    """Each operation stands under the limit it names; what names none is read-limited.

    They are Flask-Limiter's default limits, with a rate and a key that follow from the endpoint: as
    decorators each request would be looked at twice. What Flask does not see is counted by `hit`.
    """

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        operations: Mapping[str, Operation],
        knows: Callable[[str], bool],
    ) -> None:
        """*knows* tells whether the ledger keeps a site."""
        self._knows = knows
        self._hashed = _hasher()
        rates = {name: getattr(settings, op.limit) for name, op in operations.items()}
        by_key = {name for name, op in operations.items() if op.limit == "limit_export"}
        self._items = {name: sorted(parse_many(rate)) for name, rate in rates.items()}

        def rate() -> str:
            """What one address may do; guessing keys counts as reading."""
            endpoint = request.endpoint or ""
            found: str = rates.get(endpoint, settings.limit_read)
            return settings.limit_read if endpoint in by_key else found

        def address_and_site() -> str:
            found = request.view_args or {}
            # A log is read under its site's name, before the generation in its origin.
            log_site = found.get("origin", "").rpartition("/")[0].rpartition("/")[2]
            return self._key(request.remote_addr or "", found.get("site") or log_site)

        def rate_of_key() -> str:
            """What one API key may do, besides; empty where keys have no limit of their own."""
            endpoint = request.endpoint or ""
            return rates[endpoint] if endpoint in by_key else ""

        def api_key() -> str:
            return self._hashed(request.headers.get("Authorization", ""))

        self._limiter = Limiter(
            address_and_site,
            default_limits=[
                Limit(rate, key_function=address_and_site),
                Limit(rate_of_key, key_function=api_key),
            ],
            storage_uri=f"{counters.SCHEME}://",
            strategy="fixed-window",
        )
        self._limiter.init_app(app)

        @app.after_request
        def say_what_is_left(response: Response) -> Response:
            if self._limiter.current_limit is not None:  # else there is no such route
                tell(response, self._limiter.current_limit)
            return response

    def _key(self, address: str, site: str) -> str:
        # Invented names share one count: else they would avoid the limit and crowd out the others.
        counted = site if site and self._knows(site) else ""
        return f"{self._hashed(_network(address))}:{counted}"

    def hit(self, endpoint: str, address: str, site: str) -> RequestLimit:
        """Counts a request, as Flask-Limiter does on Flask's way; the answer may be `breached`.

        Of several limits it returns the breached one, or the one with the shortest window.
        """
        key = self._key(address, site)
        seen = []
        for item in self._items[endpoint]:
            counted = self._limiter.limiter.hit(item, key, endpoint)
            seen.append(RequestLimit(self._limiter, item, [key, endpoint], not counted, False))
            if not counted:
                return seen[-1]
        return seen[0]


def tell(response: Response, limit: RequestLimit) -> None:
    """Writes into *response* what is left of *limit*, and when to come back once it is used up."""
    add = response.headers.add
    add("X-RateLimit-Limit", str(limit.limit.amount))
    add("X-RateLimit-Remaining", str(limit.remaining))
    add("X-RateLimit-Reset", str(limit.reset_at))
    if limit.breached:
        add("Retry-After", str(int(limit.reset_at - time.time())))


def _hasher() -> Callable[[str], str]:
    """A hash under a key that lives as long as the process: addresses are not kept even here."""
    key = secrets.token_bytes(32)

    def hashed(text: str) -> str:
        return hashlib.blake2b(text.encode(), key=key, digest_size=12).hexdigest()

    return hashed


def _network(address: str) -> str:
    """The address, or the /64 of an IPv6 one, which is what one household has.

    One that only maps an IPv4 address (RFC 4291, 2.5.5.2) is that address: the /64 has all of them.
    """
    if ":" not in address:
        return address
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    except ValueError:
        return address
