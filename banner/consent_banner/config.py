# SPDX-License-Identifier: MIT
"""`banner.toml` as a `BannerConfig`, or every error in it at once."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from consent_banner import canonical, contrast
from consent_banner.checks import cross_check, spoken
from consent_banner.schema import Problem, path, problems, sort_problems
from consent_banner.tables import COLOURS, GOOGLE_TYPES, BannerTable

DEFAULT_LIFETIME_DAYS = 180
DEFAULT_BUDGET_BYTES = 8000
DEFAULT_WAIT_MS = 500


class BuilderError(Exception):
    """What stops the builder; `str()` is a sentence for the person at the terminal."""


class ConfigError(BuilderError):
    """A `banner.toml` with errors; `problems` has each with its place."""

    def __init__(self, file: str, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        count = "1 error" if len(found) == 1 else f"{len(found)} errors"
        lines = [f"{path(place)}: {message}" for place, message in found]
        super().__init__("\n  ".join([f"{file} has {count}, so nothing was written:", *lines]))


@dataclass(frozen=True)
class Site:
    id: str
    name: str
    origins: tuple[str, ...]
    cookies_policy: str
    privacy_policy: str
    updated: str
    """ISO date."""


@dataclass(frozen=True)
class Controller:
    name: str
    address: str


@dataclass(frozen=True)
class Look:
    """`light` and `dark` hold only what the owner set: colours by key as `#rrggbb`, in small
    letters; radius and font are in `light`."""

    position: str
    light: dict[str, str]
    dark: dict[str, str]
    theme: str = "auto"
    headless: bool = False


@dataclass(frozen=True)
class Cookie:
    """Something kept in the browser; `duration` is "session", days, or "until-deleted"."""

    name: str
    kind: str
    domain: str | None
    duration: str | int


@dataclass(frozen=True)
class Service:
    """Texts by language, hosts by what they serve. `reason` is there for necessary services."""

    id: str
    name: dict[str, str]
    provider: str
    purpose: dict[str, str]
    reason: dict[str, str] | None
    policy: str | None
    status: str
    sale_or_share: bool
    cookies: tuple[Cookie, ...]
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True)
class Category:
    """Texts by language."""

    id: str
    necessary: bool
    title: dict[str, str]
    purpose: dict[str, str]
    services: tuple[Service, ...]

    @property
    def active(self) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.active)

    @property
    def asked(self) -> bool:
        return not self.necessary and bool(self.active)


@dataclass(frozen=True)
class Change:
    """A change of what visitors are told. `date` in ISO form, text by language."""

    date: str
    cause: str
    significant: bool
    text: dict[str, str]


@dataclass(frozen=True)
class Google:
    """Google Consent Mode: `types` maps those of its types that can be granted to ids.

    In `regions`, or everywhere when there are none, tags wait `wait_ms` for the stored choice.
    """

    types: dict[str, str]
    wait_ms: int
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Signals:
    """Whom the script tells of a choice, and whether it follows Global Privacy Control.

    `gpc` is None when the owner did not say: `BannerConfig.follows_gpc` then does.
    """

    gpc: bool | None = None
    data_layer: bool = False
    google: Google | None = None


@dataclass(frozen=True)
class BannerConfig:
    """A valid `banner.toml`, defaults filled in. The default language stands first."""

    site: Site
    controller: Controller
    contacts: dict[str, str]
    ledger_url: str | None
    lifetime_days: int
    cookie_domain: str | None
    look: Look
    languages: tuple[str, ...]
    texts: dict[str, dict[str, str]]
    categories: tuple[Category, ...]
    changes: tuple[Change, ...] = ()
    """The newest last."""
    language_scripts: str = "one"
    """"one" script speaks all languages, or there is one for "each"."""
    signals: Signals = Signals()
    placeholders: bool = False
    """Whether a box with two buttons stands for each frame that waits."""
    report_uri: str | None = None
    """Where browsers report what the Content-Security-Policy barred."""
    budget_bytes: int = DEFAULT_BUDGET_BYTES
    """The most that a script that asks may have, brotli 11."""

    @property
    def default_language(self) -> str:
        return self.languages[0]

    @property
    def sold(self) -> tuple[Service, ...]:
        """Asked services that sell or share: what Global Privacy Control switches off."""
        return tuple(s for c in self.categories if c.asked for s in c.active if s.sale_or_share)

    @property
    def follows_gpc(self) -> bool:
        return bool(self.sold) if self.signals.gpc is None else self.signals.gpc

    @property
    def sha256(self) -> str:
        """Hex hash of the canonical form: the same for every way of writing the same settings."""
        return hashlib.sha256(canonical.dumps(asdict(self))).hexdigest()


def load(file: Path) -> BannerConfig:
    """The configuration in *file*. Raises: BuilderError with all that is wrong."""
    return parse(read(file), str(file))


def read(file: Path) -> str:
    """The text of *file*. Raises: BuilderError when it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        hint = "`consent-banner init` writes a first one"
        raise BuilderError(f"{file}: there is no such file; {hint}.") from None
    except UnicodeDecodeError as error:
        raise BuilderError(f"{file}: byte {error.start} is not UTF-8.") from None
    except OSError as error:
        raise BuilderError(f"{file}: cannot be read: {error.strerror}.") from None


def parse(text: str, file: str = "banner.toml") -> BannerConfig:
    """The configuration in *text*; *file* is only named in errors. Raises: BuilderError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BuilderError(_toml_error(str(error), text, file)) from None
    except RecursionError:
        raise BuilderError(f"{file}: this is nested too deeply.") from None
    return from_document(raw, file)


def _toml_error(message: str, text: str, file: str) -> str:
    """The parser's message with its place in front, as editors and compilers write it."""
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if place is None:
        return f"{file}: this is not TOML: {message}."
    lines = text.split("\n")
    line, column = place.groups() if place[1] else (len(lines), len(lines[-1]) + 1)
    return f"{file}:{line}:{column}: this is not TOML: {message[: place.start()]}."


def from_document(raw: Mapping[str, Any], file: str = "banner.toml") -> BannerConfig:
    """The configuration in a parsed document. Raises: ConfigError."""
    found: list[Problem] = []
    try:
        BannerTable().load(raw)
    except ValidationError as error:
        found = problems(error.messages)
    places = {place for place, _ in found}
    found += [problem for problem in cross_check(raw) if problem[0] not in places]
    if found:
        raise ConfigError(file, sort_problems(found))
    return _make(raw)


def _make(raw: Mapping[str, Any]) -> BannerConfig:
    languages = spoken(raw)
    assert languages is not None, "_make gets a checked document"
    default, available = languages
    site, choice, look = raw["site"], raw.get("choice", {}), raw.get("look", {})

    def colours(table: Mapping[str, Any]) -> dict[str, str]:
        return {key: contrast.long(table[key]) for key in COLOURS if key in table}

    def local(value: Any) -> dict[str, str]:
        return {default: value} if isinstance(value, str) else dict(value)

    def service(table: Mapping[str, Any]) -> Service:
        return Service(
            id=table["id"],
            name=local(table["name"]),
            provider=table["provider"],
            purpose=local(table["purpose"]),
            reason=local(table["reason"]) if "reason" in table else None,
            policy=table.get("policy"),
            status=table.get("status", "active"),
            sale_or_share=table.get("sale_or_share", False),
            cookies=tuple(
                Cookie(
                    cookie["name"],
                    cookie.get("kind", "cookie"),
                    cookie.get("domain"),
                    cookie["duration"],
                )
                for cookie in table.get("cookies", [])
            ),
            hosts={kind: (*listed,) for kind, listed in table.get("hosts", {}).items()},
        )

    return BannerConfig(
        site=Site(
            **site | {"updated": site["updated"].isoformat(), "origins": (*site["origins"],)}
        ),
        controller=Controller(**raw["controller"]),
        contacts=dict(raw["contacts"]),
        ledger_url=raw.get("ledger", {}).get("url"),
        lifetime_days=choice.get("lifetime_days", DEFAULT_LIFETIME_DAYS),
        cookie_domain=choice.get("cookie_domain"),
        look=Look(
            position=look.get("position", "bar"),
            light=colours(look) | {key: look[key] for key in ("radius", "font") if key in look},
            dark=colours(look.get("dark", {})),
            theme=look.get("theme", "auto"),
            headless=look.get("headless", False),
        ),
        languages=(default, *(language for language in available if language != default)),
        texts={language: dict(table) for language, table in raw.get("texts", {}).items()},
        categories=tuple(
            Category(
                id=table["id"],
                necessary=table.get("necessary", False),
                title=local(table["title"]),
                purpose=local(table["purpose"]),
                services=tuple(service(below) for below in table["service"]),
            )
            for table in raw.get("category", [])
        ),
        signals=_signals(raw.get("signals", {})),
        language_scripts=raw.get("languages", {}).get("scripts", "one"),
        changes=tuple(
            Change(
                date=table["date"].isoformat(),
                cause=table["cause"],
                significant=table["significant"],
                text=local(table["text"]),
            )
            for table in raw.get("change", [])
        ),
        placeholders=raw.get("content", {}).get("placeholders", False),
        report_uri=raw.get("csp", {}).get("report_uri"),
        budget_bytes=raw.get("size", {}).get("budget_bytes", DEFAULT_BUDGET_BYTES),
    )


def _signals(table: Mapping[str, Any]) -> Signals:
    google = table.get("google")
    return Signals(
        gpc=table.get("gpc"),
        data_layer=table.get("data_layer", False),
        google=None
        if google is None
        else Google(
            types={key: google[key] for key in GOOGLE_TYPES if key in google},
            wait_ms=google.get("wait_for_update", DEFAULT_WAIT_MS),
            regions=tuple(google.get("regions", ())),
        ),
    )
