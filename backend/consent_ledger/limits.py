# SPDX-License-Identifier: MIT
"""Rate limits on every route, counted in memory under a keyed hash of the address."""

import hashlib
import ipaddress
import secrets
from collections.abc import Callable

from flask import Flask, request
from flask_limiter import Limit, Limiter

from consent_ledger import counters
from consent_ledger.api.operation import Operation
from consent_ledger.config import Settings


def init_app(
    app: Flask,
    settings: Settings,
    operations: dict[str, Operation],
    knows: Callable[[str], bool],
) -> None:
    """Puts each operation under the limit it names; what names none is read-limited.

    *knows* tells whether the ledger keeps a site.
    They are Flask-Limiter's default limits, with a rate and a key that follow from the endpoint: as
    decorators each request would be looked at twice.
    """
    hashed = _hasher()
    rates = {name: getattr(settings, op.limit) for name, op in operations.items()}
    by_key = {name for name, op in operations.items() if op.limit == "limit_export"}

    def rate() -> str:
        """What one address may do; guessing keys counts as reading."""
        endpoint = request.endpoint or ""
        found: str = rates.get(endpoint, settings.limit_read)
        return settings.limit_read if endpoint in by_key else found

    def address_and_site() -> str:
        found = request.view_args or {}
        # A log is read under its site's name, which stands before the generation in its origin.
        site = found.get("site") or found.get("origin", "").rpartition("/")[0].rpartition("/")[2]
        # Invented names share one count: else they would avoid the limit and crowd out the others.
        counted = site if site and knows(site) else ""
        return f"{hashed(_network(request.remote_addr or ''))}:{counted}"

    def rate_of_key() -> str:
        """What one API key may do, besides; empty where keys have no limit of their own."""
        endpoint = request.endpoint or ""
        return rates[endpoint] if endpoint in by_key else ""

    def api_key() -> str:
        return hashed(request.headers.get("Authorization", ""))

    Limiter(
        address_and_site,
        default_limits=[
            Limit(rate, key_function=address_and_site),
            Limit(rate_of_key, key_function=api_key),
        ],
        headers_enabled=True,
        retry_after="delta-seconds",
        storage_uri=f"{counters.SCHEME}://",
        strategy="fixed-window",
    ).init_app(app)


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
