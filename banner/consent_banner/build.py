# SPDX-License-Identifier: MIT
"""A whole build in memory: scripts, notice, hashes. Nothing is read but the package."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property
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
    """What was made of one configuration. Without a ledger there is no `choices` script."""

    config: BannerConfig
    notice: Notice
    build_hash: str
    consent: Script
    choices: Script | None

    @property
    def scripts(self) -> tuple[Script, ...]:
        return (self.consent, self.choices) if self.choices else (self.consent,)

    @property
    def facts(self) -> dict[str, Any]:
        """The content of build.json: what a visitor is asked by, which the ledger publishes."""
        return {
            "schema": SCHEMA,
            "build": self.build_hash,
            "notice": self.notice.sha256,
            "config": self.config.sha256,
            "script": self.consent.facts,
            "generator": GENERATOR,
        }


def _other_forms(config: BannerConfig) -> list[str]:
    """Import names of the modules that this site needs in their other form."""
    found = {
        "language.js": len(config.languages) > 1,
        "ledger.js": config.ledger_url is None,
    }
    return [name for name, is_needed in found.items() if is_needed]


def make(config: BannerConfig, package: Path = bundle.PACKAGE) -> Build:
    """The build of *config* out of the modules in *package*."""
    made = bundle.parts(package)
    chosen = bundle.variants(_other_forms(config))
    notice = document.notice(config)
    build_hash = ""

    def script(name: str, entry: str, css: str) -> Script:
        pieces = bundle.join(
            made,
            bundle.order(made, chosen, entry),
            lambda used, names: values.declarations(config, notice, build_hash, css, used, names),
        )
        return Script(name, tuple(pieces))

    # choices.js asks nothing, so it does not count: a record's build says what asked the visitor.
    files = bundle.order(made, chosen)
    facts = {
        "config": config.sha256,
        "generator": GENERATOR,
        "modules": bundle.hashes(made, files, style.files(config.look)),
        "notice": notice.sha256,
    }
    build_hash = hashlib.sha256(canonical.dumps(facts)).hexdigest()
    consent = script("consent", modules.ENTRY, style.sheet(made, config.look))
    choices = None
    if config.ledger_url:
        choices = script("choices", modules.CHOICES_ENTRY, style.choices_sheet(made, config.look))
    return Build(config, notice, build_hash, consent, choices)
