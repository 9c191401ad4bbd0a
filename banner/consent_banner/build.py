# SPDX-License-Identifier: MIT
"""A whole build in memory: script, notice, declaration, hashes. Nothing is read but the package."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consent_banner import __version__, bundle, canonical, document, style, values
from consent_banner.config import BannerConfig
from consent_banner.notice import Notice

SCHEMA = "consent-ledger/build/v1"
GENERATOR = f"consent-banner {__version__}"


@dataclass(frozen=True)
class Build:
    """What was made of one configuration. `pieces` joined are the script."""

    config: BannerConfig
    notice: Notice
    build_hash: str
    pieces: tuple[tuple[str, str], ...]

    @property
    def script(self) -> bytes:
        return "".join(code for _, code in self.pieces).encode()

    @property
    def integrity(self) -> str:
        """Subresource integrity of the script."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.script).digest()).decode()

    @property
    def hashed_name(self) -> str:
        """File name that changes with the bytes, so that it may be cached for ever."""
        return f"consent.{hashlib.sha256(self.script).hexdigest()[:12]}.js"

    @property
    def facts(self) -> dict[str, Any]:
        """The content of build.json."""
        return {
            "schema": SCHEMA,
            "build": self.build_hash,
            "notice": self.notice.sha256,
            "config": self.config.sha256,
            "script": {
                "file": self.hashed_name,
                "integrity": self.integrity,
                "bytes": len(self.script),
            },
            "generator": GENERATOR,
        }


def make(config: BannerConfig, package: Path = bundle.PACKAGE) -> Build:
    """The build of *config* out of the modules in *package*."""
    made = bundle.parts(package)
    chosen = bundle.variants(ledger=config.ledger_url is not None, languages=len(config.languages))
    files = bundle.order(made, chosen)
    notice = document.notice(config)
    facts = {
        "config": config.sha256,
        "generator": GENERATOR,
        "modules": bundle.hashes(made, files, style.files(config.look)),
        "notice": notice.sha256,
    }
    build_hash = hashlib.sha256(canonical.dumps(facts)).hexdigest()
    css = style.sheet(made, config.look)
    pieces = bundle.join(
        made,
        files,
        lambda used, names: values.declarations(config, notice, build_hash, css, used, names),
    )
    return Build(config, notice, build_hash, tuple(pieces))
