# SPDX-License-Identifier: MIT
"""A whole build in memory: scripts, notice, hashes. Nothing is read but the package."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from consent_banner import __version__, bundle, canonical, document, modules, style, values
from consent_banner.config import BannerConfig
from consent_banner.notice import Notice

SCHEMA = "consent-ledger/build/v1"
GENERATOR = f"consent-banner {__version__}"


@dataclass(frozen=True)
class Script:
    """One script. `pieces` joined are the whole of it, each with its row of the size report."""

    name: str
    pieces: tuple[tuple[str, str], ...]

    @cached_property
    def content(self) -> bytes:
        return "".join(code for _, code in self.pieces).encode()

    @property
    def file(self) -> str:
        """Its plain file name."""
        return f"{self.name}.js"

    @property
    def hashed_file(self) -> str:
        """A file name that changes with the bytes, so that it may be cached for ever."""
        return f"{self.name}.{hashlib.sha256(self.content).hexdigest()[:12]}.js"

    @property
    def integrity(self) -> str:
        """Its subresource integrity."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.content).digest()).decode()

    @property
    def facts(self) -> dict[str, Any]:
        """What identifies it, for the JSON files."""
        return {
            "file": self.hashed_file,
            "integrity": self.integrity,
            "bytes": len(self.content),
        }


@dataclass(frozen=True)
class Build:
    """What was made of one configuration. Without a ledger there is no `choices` script.

    `translated` has the same scripts in each other language, when each has its own.
    """

    config: BannerConfig
    notice: Notice
    build_hash: str
    consent: Script
    choices: Script | None
    translated: Mapping[str, tuple[Script, ...]]

    @property
    def scripts(self) -> tuple[Script, ...]:
        return (*self.spoken(self.config.default_language), *chain(*self.translated.values()))

    def spoken(self, language: str) -> tuple[Script, ...]:
        """The scripts for a page in *language*."""
        own = (self.consent, self.choices) if self.choices else (self.consent,)
        return self.translated.get(language, own)

    @property
    def facts(self) -> dict[str, Any]:
        """The content of build.json: what a visitor is asked by, which the ledger publishes."""
        found: dict[str, Any] = {
            "schema": SCHEMA,
            "build": self.build_hash,
            "notice": self.notice.sha256,
            "config": self.config.sha256,
            "script": self.consent.facts,
            "generator": GENERATOR,
        }
        if self.translated:
            found["translated"] = [
                {"language": language, **consent.facts}
                for language, (consent, *_) in self.translated.items()
            ]
        return found


def _other_forms(config: BannerConfig) -> list[str]:
    """Import names of the modules that this site needs in their other form."""
    found = {
        "ask.js": bool(config.changes),
        "consent-mode.js": config.signals.google is None,
        "data-layer.js": not config.signals.data_layer,
        "language.js": len(config.languages) == 1 or config.language_scripts == "each",
        "ledger.js": config.ledger_url is None,
        "placeholder.js": not config.placeholders,
        "rows.js": any(c.necessary or len(c.active) > 1 for c in config.categories),
        "signal.js": not config.follows_gpc,
        "style.js": config.look.headless,
    }
    return [name for name, is_needed in found.items() if is_needed]


def _style_features(config: BannerConfig) -> list[str]:
    """Style sheets of what this site has switched on."""
    return ["placeholder.css"] if config.placeholders else []


def make(config: BannerConfig, package: Path = bundle.PACKAGE) -> Build:
    """The build of *config* out of the modules in *package*."""
    made = bundle.parts(package)
    chosen = bundle.variants(_other_forms(config))
    notice = document.notice(config)
    build_hash = ""

    def script(name: str, entry: str, css: str, languages: Sequence[str]) -> Script:
        pieces = bundle.join(
            made,
            bundle.order(made, chosen, entry),
            lambda used, names: values.found(
                config, notice, build_hash, css, used, names, languages
            ),
        )
        return Script(name, tuple(pieces))

    def scripts(suffix: str, languages: Sequence[str]) -> tuple[Script, ...]:
        wanted = [
            ("consent", modules.ENTRY, style.sheet(made, config.look, _style_features(config)))
        ]
        if config.ledger_url:
            css = style.choices_sheet(made, config.look)
            wanted.append(("choices", modules.CHOICES_ENTRY, css))
        return tuple(script(name + suffix, entry, css, languages) for name, entry, css in wanted)

    # choices.js asks nothing, so it does not count: a record's build says what asked the visitor.
    files = bundle.order(made, chosen)
    facts = {
        "config": config.sha256,
        "generator": GENERATOR,
        "modules": bundle.hashes(made, files, style.files(config.look, _style_features(config))),
        "notice": notice.sha256,
    }
    build_hash = hashlib.sha256(canonical.dumps(facts)).hexdigest()
    default, *others = config.languages
    if config.language_scripts == "one":
        consent, *choices = scripts("", config.languages)
        translated = {}
    else:
        consent, *choices = scripts("", [default])
        translated = {language: scripts(f".{language}", [language]) for language in others}
    return Build(config, notice, build_hash, consent, next(iter(choices), None), translated)
