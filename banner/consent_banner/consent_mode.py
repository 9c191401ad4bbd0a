# SPDX-License-Identifier: MIT
"""The inline script that tells Google's tags, before any of them runs, that nothing is granted.

consent.js comes later, and then tells them what the visitor has answered (js/consent-mode.js).
Source: Google's tag platform, "Set up consent mode on websites".
"""

import base64
import hashlib
import json
from typing import Any

from consent_banner.config import Google
from consent_banner.tables import GOOGLE_TYPES

FILE = "consent-mode.html"

_QUEUE = (
    "window.dataLayer=window.dataLayer||[];"
    "window.gtag=window.gtag||function(){dataLayer.push(arguments)};"
)


def script(google: Google) -> str:
    """The JavaScript. Every type is denied everywhere, as everybody is asked.

    Only `security_storage` (sign-in, protection against fraud) is granted unless it is asked for.
    Tags wait for the stored choice in *google*'s regions, or everywhere when there are none; a tag
    takes the default whose region is nearest.
    """
    denied = dict.fromkeys(GOOGLE_TYPES, "denied")
    if "security_storage" not in google.types:
        denied["security_storage"] = "granted"
    waiting: dict[str, Any] = {**denied, "wait_for_update": google.wait_ms}
    if google.regions:
        return _QUEUE + _default({**waiting, "region": google.regions}) + _default(denied)
    return _QUEUE + _default(waiting)


def _default(state: dict[str, Any]) -> str:
    return f'gtag("consent","default",{json.dumps(state, separators=(",", ":"))});'


def source(google: Google) -> str:
    """What a Content-Security-Policy's `script-src` needs to let the script run."""
    digest = hashlib.sha256(script(google).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def html(google: Google) -> str:
    """The script element, ending in a line end."""
    return f"<script>{script(google)}</script>\n"
