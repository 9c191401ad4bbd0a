# SPDX-License-Identifier: MIT
"""The Content-Security-Policy (W3C CSP Level 3) that fits a site's services and its ledger.

It is the same for every visitor: it limits which hosts a page may load from at all. What one
visitor refused is held back by the gates in the page.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from urllib.parse import urlsplit

from consent_banner.config import BannerConfig, BuilderError, Service
from consent_banner.hosts import KINDS

NAME = "Content-Security-Policy"
REPORT_ONLY = "Content-Security-Policy-Report-Only"
TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types 'none'"
"""The banner makes no code out of strings, so it needs no policy of its own."""

_SELF = "'self'"


def directives(
    config: BannerConfig, scripts: Sequence[str] = (), *, trusted_types: bool = False
) -> list[str]:
    """The policy in parts. *scripts*: more sources for script-src, as `'sha256-…'`.

    A directive that would only repeat default-src is left out, but for script-src, which people
    look for. No `'unsafe-inline'`: the banner's style sheet is constructed, and needs none.
    """
    found = [f"default-src {_SELF}"]
    for kind in KINDS:
        more = [*scripts] if kind == "script" else []
        if kind == "connect" and config.ledger_url:
            more.append(_origin(config.ledger_url))
        more += sorted({host for one in _active(config) for host in one.hosts.get(kind, ())})
        if more or kind == "script":
            found.append(" ".join([f"{kind}-src", _SELF, *dict.fromkeys(more)]))
    found += ["object-src 'none'", f"base-uri {_SELF}"]
    if trusted_types:
        found.append(TRUSTED_TYPES)
    if config.report_uri:
        found.append(f"report-uri {config.report_uri}")
    return found


def _active(config: BannerConfig) -> Iterator[Service]:
    for category in config.categories:
        yield from category.active


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def without_hosts(config: BannerConfig) -> list[str]:
    """Ids of third parties' services that name no host: the policy bars all that they load."""
    return [
        service.id
        for service in _active(config)
        if service.provider != config.controller.name and not service.hosts
    ]


def _header(name: str, policy: str) -> str:
    return f"{name}: {policy}"


def _meta(name: str, policy: str) -> str:
    return f'<meta http-equiv="{name}" content="{escape(policy, quote=False)}">'


def _nginx(name: str, policy: str) -> str:
    return f'add_header {name} "{policy}" always;'


def _apache(name: str, policy: str) -> str:
    return f'Header always set {name} "{policy}"'


def _caddy(name: str, policy: str) -> str:
    return f'header {name} "{policy}"'


def _netlify(name: str, policy: str) -> str:
    return f"/*\n  {name}: {policy}"


FORMATS: dict[str, Callable[[str, str], str]] = {
    "header": _header,
    "meta": _meta,
    "nginx": _nginx,
    "apache": _apache,
    "caddy": _caddy,
    "netlify": _netlify,
}
"""How a policy is written down, by word; `netlify` is the `_headers` file of other hosts too."""


def write(parts: Iterable[str], form: str, *, report_only: bool = False) -> str:
    """The policy as one of FORMATS, without a line end.

    Raises: BuilderError for a meta element that should only report, which browsers do not know.
    """
    if form == "meta":
        if report_only:
            raise BuilderError("a meta element cannot only report: choose another --format.")
        # In a meta element browsers ignore it, and say so in the console on every page.
        parts = [part for part in parts if not part.startswith("report-uri ")]
    return FORMATS[form](REPORT_ONLY if report_only else NAME, "; ".join(parts))
