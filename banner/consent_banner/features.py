# SPDX-License-Identifier: MIT
"""Which feature each row of the size report belongs to: what a site pays for what."""

_ROWS = {
    "gates": (
        *("main.js", "api.js", "gate.js", "choice.js", "decide.js", "clean.js"),
        *("cookie.js", "storage.js", "event.js"),
    ),
    "layers": ("ask.js", "layers.js", "panel.js", "element.js", "rows.js", "rows-services.js"),
    "changes": ("ask-changes.js",),
    "placeholders": ("placeholder.js",),
    "ledger": ("ledger.js", "ledger-off.js"),
    "texts": ("texts", "language.js"),
    "style": ("style", "style.js", "style-off.js"),
    "configuration": ("configuration", "wrapper"),
    "signals": ("signal.js", "consent-mode.js", "data-layer.js", "listen.js"),
    "receipts and history": (
        *("choices.js", "state.js", "history.js", "visitor.js"),
        *("receipt-line.js", "save.js", "forget.js"),
    ),
}
FEATURES = {row: feature for feature, rows in _ROWS.items() for row in rows}


def feature(row: str) -> str:
    """The feature that a module or another row of the report belongs to."""
    return FEATURES.get(row, row.removesuffix(".js"))
