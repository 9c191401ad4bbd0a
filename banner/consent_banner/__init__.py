# SPDX-License-Identifier: MIT
"""Consent Ledger's builder: from one `banner.toml` to one script, its notice and its declaration."""

__version__ = "0.1.0"
