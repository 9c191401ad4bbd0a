# SPDX-License-Identifier: MIT
"""The pure part of the log: functions from bytes to bytes, with no database or web framework."""
