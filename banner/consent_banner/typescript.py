# SPDX-License-Identifier: MIT
"""`consent.d.ts` of one site: the package's declarations, with the ids that this site has."""

from pathlib import Path

from consent_banner.notice import Notice

FILE = "consent.d.ts"
_ANY_ID = "type Id = string;"


def declarations(notice: Notice) -> str:
    """The file's content, so that a misspelt id is an error of the site's own type check."""
    ids = [name for category, services in notice.asked.items() for name in (category, *services)]
    # Ids have no character that a string literal would have to escape.
    union = " | ".join(f'"{name}"' for name in ids) or "never"
    general = (Path(__file__).parent / FILE).read_text(encoding="utf-8")
    assert general.count(_ANY_ID) == 1, "the declarations have one place for the ids"
    return general.replace(_ANY_ID, f"type Id = {union};")
