# SPDX-License-Identifier: MIT
"""The hosts that a service loads from, by what it loads: what a Content-Security-Policy lists."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, validates_schema

from consent_banner import rules
from consent_banner.schema import Exact, Table, show

_SECURE = {"https": "http", "wss": "ws"}
"""Schemes that may be written, and the plain one of each, which stays on this machine."""


def is_host_source(value: object, schemes: tuple[str, ...] = ("https",)) -> bool:
    """`https://host[:port]` or `https://*.example.com`: a CSP host-source without a path.

    The plain scheme passes for localhost and names below it only. A wildcard stands before at least
    two labels, as no owner means all of `.com`.
    """
    if not isinstance(value, str):
        return False
    scheme, _, rest = value.partition("://")
    secure = next((s for s in schemes if scheme in (s, _SECURE[s])), None)
    if secure is None:
        return False
    wildcard = rest.startswith("*.")
    # The rules of an origin are those of http; a WebSocket's host is written in the same way.
    plain = scheme != secure
    origin = f"{'http' if plain else 'https'}://{rest.removeprefix('*.')}"
    if not rules.is_origin(origin):
        return False
    host = urlsplit(origin).hostname or ""
    local = rules.is_local_host(host)
    return (not plain or local) and (not wildcard or local or "." in host)


def _sources() -> Exact:
    return Exact(
        'a list of different hosts as "https://vendor.example"',
        lambda value: (
            isinstance(value, list)
            and bool(value)
            # What is no text is named below, with its index.
            and (not all(isinstance(item, str) for item in value) or len(set(value)) == len(value))
        ),
    )


class HostsTable(Table):
    """`hosts` of a service. Its keys are those of a Content-Security-Policy without `-src`."""

    script = _sources()
    style = _sources()
    img = _sources()
    font = _sources()
    media = _sources()
    frame = _sources()
    connect = _sources()

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _each_is_a_host(self, _data: object, original: object, **_: object) -> None:
        if not isinstance(original, Mapping):
            return
        wrong: dict[str, Any] = {}
        for kind in KINDS:
            listed = original.get(kind)
            schemes = ("https", "wss") if kind == "connect" else ("https",)
            for index, value in enumerate(listed if isinstance(listed, list) else []):
                if not is_host_source(value, schemes):
                    wrong.setdefault(kind, {})[index] = [
                        f"found {show(value)}, expected "
                        + " or ".join(f"{scheme}://host[:port]" for scheme in schemes)
                        + ", or https://*.example.com; http only for localhost"
                    ]
        if wrong:
            raise ValidationError(wrong)


KINDS = tuple(HostsTable().fields)
"""What a service may load, in the order in which a policy lists it."""
