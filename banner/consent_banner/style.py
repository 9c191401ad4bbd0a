# SPDX-License-Identifier: MIT
"""The style sheet of one site: the minified base, its position, and the colours the owner set."""

from collections.abc import Mapping

from consent_banner.bundle import Parts
from consent_banner.config import Look


def files(look: Look) -> tuple[str, ...]:
    """Style sheets in the order in which they count."""
    return ("base.css", f"position-{look.position}.css")


def sheet(made: Parts, look: Look) -> str:
    """The whole sheet; what the owner set comes last."""
    text = "".join(made.style(file) for file in files(look))
    if look.light:
        text += _rule(look.light)
    if look.dark:
        text += f"@media(prefers-color-scheme:dark){{{_rule(look.dark)}}}"
    return text


def _rule(settings: Mapping[str, str]) -> str:
    properties = ";".join(
        f"--consent-{key.replace('_', '-')}:{value}" for key, value in sorted(settings.items())
    )
    return f":where(.consent-gate){{{properties}}}"
