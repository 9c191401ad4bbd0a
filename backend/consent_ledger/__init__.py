# SPDX-License-Identifier: MIT
"""Consent Ledger's ledger: records each decision with its proof and serves current preferences."""

from consent_banner import __version__ as __version__
