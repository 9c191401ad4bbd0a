# SPDX-License-Identifier: MIT
"""The HTTP surface: one module for each resource, described once and served from that."""

from consent_ledger.api import (
    consents,
    document,
    export,
    health,
    logs,
    notices,
    preferences,
    publications,
    receipts,
)
from consent_ledger.api.operation import Resource

RESOURCES: tuple[Resource, ...] = (
    consents.resource,
    preferences.resource,
    receipts.resource,
    notices.resource,
    publications.resource,
    export.resource,
    logs.resource,
    health.resource,
    document.resource,
)
