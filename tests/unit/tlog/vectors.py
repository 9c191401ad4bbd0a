# SPDX-License-Identifier: MIT
"""Reading tests/vectors/tlog."""

import base64
import json
from pathlib import Path

DIRECTORY = Path(__file__).parents[2] / "vectors" / "tlog"


def raw(text):
    return base64.b64decode(text, validate=True)


def go(name):
    """What Go's implementation wrote."""
    return json.loads((DIRECTORY / "go" / f"{name}.json").read_bytes())


def cases(kind):
    """(name, case) of each named case."""
    return [
        (path.stem, json.loads(path.read_bytes())) for path in sorted((DIRECTORY / kind).iterdir())
    ]
