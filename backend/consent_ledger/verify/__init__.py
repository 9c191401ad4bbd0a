# SPDX-License-Identifier: MIT
"""The offline verifier: functions from files to a report; no database, network or web framework."""
