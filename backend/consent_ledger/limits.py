# SPDX-License-Identifier: MIT
"""Rate limits on every route, counted in memory under a keyed hash of the address."""

import hashlib
import ipaddress
import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask, request
from flask_limiter import Limiter

from consent_ledger.api.cors import PREFLIGHT
from consent_ledger.api.operation import Operation
from consent_ledger.config import Settings


def init_app(app: Flask, settings: Settings, operations: dict[str, Operation]) -> None:
    """Puts each operation under the limit it names; what names none is read-limited."""
    hashed = _hasher()

    def address() -> str:
        return hashed(_network(request.remote_addr or ""))

    def address_and_site() -> str:
        return f"{address()}:{(request.view_args or {}).get('site', '')}"

    def api_key() -> str:
        return hashed(request.headers.get("Authorization", ""))

    limiter = Limiter(
        address,
        default_limits=[settings.limit_read],
        headers_enabled=True,
        retry_after="delta-seconds",
        storage_uri="memory://",
        strategy="fixed-window",
    )
    limiter.init_app(app)

    def protect(endpoint: str, rate: str, key: Callable[[], str]) -> None:
        view: Any = limiter.limit(rate, key_func=key)(app.view_functions[endpoint])
        app.view_functions[endpoint] = view

    for endpoint, operation in operations.items():
        rate = getattr(settings, operation.limit)
        if operation.limit == "limit_export":
            # Guessing keys is limited by address, using one by the key.
            protect(endpoint, settings.limit_read, address_and_site)
            protect(endpoint, rate, api_key)
        elif "<site>" in operation.path:
            protect(endpoint, rate, address_and_site)
        else:
            protect(endpoint, rate, address)
    protect(PREFLIGHT, settings.limit_read, address_and_site)


def _hasher() -> Callable[[str], str]:
    """A hash under a key that lives as long as the process: addresses are not kept even here."""
    key = secrets.token_bytes(32)

    def hashed(text: str) -> str:
        return hashlib.blake2b(text.encode(), key=key, digest_size=12).hexdigest()

    return hashed


def _network(address: str) -> str:
    """The address, or the /64 of an IPv6 one, which is what one household has."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, 64), strict=False))
    except ValueError:
        return address
