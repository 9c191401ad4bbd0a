# SPDX-License-Identifier: MIT
"""Makes the demo's modules importable, which live beside its pages."""

import sys
from pathlib import Path

SITE = Path(__file__).parents[3] / "site"
sys.path.insert(0, str(SITE))
