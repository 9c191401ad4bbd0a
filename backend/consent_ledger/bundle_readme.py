# SPDX-License-Identifier: MIT
"""What a person finds on top of a bundle. It is for reading, and proves nothing."""

from collections.abc import Sequence

from consent_ledger.export_range import Range, Span
from consent_ledger.sites import SiteInfo

WITHOUT_SUBJECTS = """\
Who decided was withheld: this file
holds what was decided, with the time cut to the hour."""
WITH_SUBJECTS = """\
Who decided is in it as well, under
a pseudonym: treat this file as personal data."""

TEXT = """\
{title}
{line}

{what}, as the ledger kept them:

{logs}

They stand in a Merkle log whose root is signed, so that nobody can change,
drop, reorder or insert one unnoticed. {parts}

What is what
  logs/<n>/records.csv       the records as a table, for a spreadsheet
  logs/<n>/records.jsonld    the same in W3C DPV / ISO/IEC TS 27560 terms
  logs/<n>/openings.ndjson   the records with what proves them, a line for each
  logs/<n>/context.ndjson    entries around them that explain what was erased
  logs/<n>/checkpoint        what the ledger signed about the whole log
  logs/<n>/tile/             the log itself, in the formats of c2sp.org/tlog-tiles
  notices/                   what visitors were shown, named by SHA-256
  screenshots/               what it looked like when it was published
  manifest.json              what belongs to this bundle, and what was withheld

An empty cell or a null is a part that was erased; an entry of the log says
since when and why. Check all of it, without the ledger and offline:

  pip install consent-ledger
  consent-ledger verify THIS-FILE.zip --key <the log's public key>

Ask the site's owner for the public key on another way than this file. How to
check the bundle with other people's software, or your own, is in BUNDLE.md of
the project's documentation.
"""


def readme(site: SiteInfo, spans: Sequence[Span], wanted: Range, with_subjects: bool) -> bytes:
    """README.txt of a bundle."""
    title = f"Consent records of {site.name} ({site.site})"
    logs = [
        f"  {span.origin}: entries {span.first} to {span.end - 1}"
        for span in spans
        if span.first < span.end
    ]
    return TEXT.format(
        title=title,
        line="=" * len(title),
        what="All consent records" if wanted.is_all else f"The consent records {wanted}",
        parts=WITH_SUBJECTS if with_subjects else WITHOUT_SUBJECTS,
        logs="\n".join(logs),
    ).encode()
