# SPDX-License-Identifier: MIT
"""`python -m consent_banner` is the command consent-banner."""

from consent_banner.cli import main

main(prog_name="consent-banner")
