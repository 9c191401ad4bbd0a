# SPDX-License-Identifier: MIT
"""The same records in other shapes, for people and other tools: made from the openings alone.

Pure functions from parts to bytes. Who exports writes with them; who verifies makes the same bytes
again from the openings and compares.
"""
