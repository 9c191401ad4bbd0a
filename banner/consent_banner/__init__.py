# SPDX-License-Identifier: MIT
"""Consent Ledger's builder: one `banner.toml` becomes a script, its notice and a declaration."""

__version__ = "0.1.0"
