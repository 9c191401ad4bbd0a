# SPDX-License-Identifier: MIT
"""`consent-ledger`: a thin shell around the library, with the same verbs."""

from consent_ledger.cli.main import main

__all__ = ["main"]
