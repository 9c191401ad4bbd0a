# SPDX-License-Identifier: MIT
"""The tables. The site's id leads every primary key, so that a site is one slice of each table.

Models are bound to no database: a query says which one it runs on (`query.execute(database)`), so
that several ledgers can live in one process.
"""

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from consent_ledger.tlog.merkle import EMPTY_ROOT

# How long parts are kept unless the site says otherwise: who decided, three years, which outlasts
# every choice (at most 400 days) and a complaint about it; what was decided for five.
SUBJECT_DAYS = 1095
EVIDENCE_DAYS = 1825


class Table(Model):
    class Meta:
        legacy_table_names = False


class Meta(Table):
    """About the database itself: its schema version, the log name, when it was made."""

    key = TextField(primary_key=True)
    value = TextField()


class Site(Table):
    """A website; `origins` is a JSON array of what its browsers send as Origin.

    `log_access` says who reads its log's tiles and checkpoint: "public", or "audit" for holders
    of a key with that scope. Parts of records are kept for so many days.
    """

    site = TextField(primary_key=True)
    name = TextField()
    origins = TextField()
    created_ms = BigIntegerField()
    log_access = TextField(constraints=[SQL("DEFAULT 'public'")])
    subject_days = IntegerField(constraints=[SQL(f"DEFAULT {SUBJECT_DAYS}")])
    evidence_days = IntegerField(constraints=[SQL(f"DEFAULT {EVIDENCE_DAYS}")])


class Log(Table):
    """The head row of a site's log, and the only lock that writing takes."""

    site = TextField()
    generation = IntegerField()
    origin = TextField(unique=True)
    size = BigIntegerField()
    last_ms = BigIntegerField()  # server time of the last entry; never decreases
    root = BlobField(constraints=[SQL(f"DEFAULT x'{EMPTY_ROOT.hex()}'")])
    checkpoint = BlobField(null=True)  # the signed note about size and root; none while empty
    subjects_from = BigIntegerField(constraints=[SQL("DEFAULT 0")])  # below, S of all has expired
    evidence_from = BigIntegerField(constraints=[SQL("DEFAULT 0")])  # below, E of all has expired

    class Meta:
        primary_key = CompositeKey("site", "generation")


class LogKey(Table):
    """A key that signs a log, and the indexes it covers: from the entry that made it public.

    `checkpoint` is the first one that this key and the one before it signed together.
    """

    site = TextField()
    generation = IntegerField()
    version = IntegerField()  # 1 for the first
    vkey = TextField()
    first_index = BigIntegerField()
    last_index = BigIntegerField(null=True)  # none while it signs
    overlap_until_ms = BigIntegerField(null=True)  # until then it signs beside its successor
    checkpoint = BlobField(null=True)

    class Meta:
        primary_key = CompositeKey("site", "generation", "version")


class Hour(Table):
    """The first index of each hour in which something was written: from a time to an index."""

    site = TextField()
    generation = IntegerField()
    hour = IntegerField()  # hours since 1970
    first_index = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("site", "generation", "hour")
        without_rowid = True


class Entry(Table):
    """The bytes of one index; `entry.py` says what they are."""

    site = TextField()
    generation = IntegerField()
    entry_index = BigIntegerField()
    entry = BlobField()

    class Meta:
        primary_key = CompositeKey("site", "generation", "entry_index")
        without_rowid = True  # rows are short: one tree instead of a table and its index


class Tile(Table):
    """The hashes of a tile, as far as they exist; `tlog/tile.py` says which they are."""

    site = TextField()
    generation = IntegerField()
    level = SmallIntegerField()
    tile_index = BigIntegerField()
    hashes = BlobField()

    class Meta:
        primary_key = CompositeKey("site", "generation", "level", "tile_index")
        without_rowid = True


class Record(Table):
    """The openings of a private entry, as the canonical bytes that were committed to.

    What names a person is nullable: erasing empties it, and the entry stays. `kind` repeats the
    entry's, so that openings are found without reading entries.
    """

    site = TextField()
    generation = IntegerField()
    entry_index = BigIntegerField()
    kind = SmallIntegerField()
    record_id = BlobField(null=True)  # 16 bytes, chosen by the browser
    subject = BlobField(null=True)  # 32 bytes, see visitors.py
    subject_part = BlobField(null=True)
    subject_salt = BlobField(null=True)
    evidence_part = BlobField(null=True)
    evidence_salt = BlobField(null=True)

    class Meta:
        primary_key = CompositeKey("site", "generation", "entry_index")
        indexes = (
            (("site", "record_id"), True),
            (("site", "subject", "generation", "entry_index"), False),
        )


class Pending(Table):
    """A part that is destroyed, but not yet accounted for by an erasure entry."""

    site = TextField()
    generation = IntegerField()
    entry_index = BigIntegerField()
    part = TextField()  # subject or evidence
    reason = TextField()  # visitor, owner or retention
    erased_ms = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("site", "generation", "entry_index", "part")
        without_rowid = True


class Forgotten(Table):
    """A visitor who was erased, for as long as their browser may still send something."""

    site = TextField()
    mark = BlobField()  # keyed hash of the subject; the key is not in the database
    until_ms = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("site", "mark")
        without_rowid = True


class Preference(Table):
    """What a visitor last decided; `state` is the canonical JSON that `preferences.py` folds."""

    site = TextField()
    subject = BlobField()
    state = BlobField()

    class Meta:
        primary_key = CompositeKey("site", "subject")


class Notice(Table):
    """A notice as the bytes that its hash names; never changed."""

    site = TextField()
    notice = BlobField()  # SHA-256
    document = BlobField()

    class Meta:
        primary_key = CompositeKey("site", "notice")


class Publication(Table):
    """A build and the notice it shows, with the index of the entry that made them public.

    The newest is in force. A build has several when it was put back in force.
    """

    site = TextField()
    generation = IntegerField()
    entry_index = BigIntegerField()
    build = BlobField()  # SHA-256
    notice = BlobField()
    config = BlobField()
    integrity = TextField()
    published_ms = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("site", "generation", "entry_index")
        indexes = ((("site", "build"), False),)


class Screenshot(Table):
    """What a banner looked like when it was published, as a PNG file that its SHA-256 names."""

    site = TextField()
    sha256 = BlobField()
    image = BlobField()

    class Meta:
        primary_key = CompositeKey("site", "sha256")


class ApiKey(Table):
    """A key of one site; the secret is kept as a hash only. Times are ms since 1970."""

    site = TextField()
    key_id = TextField()  # 12 hexadecimal digits, the readable part of the key
    label = TextField()
    scopes = TextField()  # comma-separated: audit, manage, publish
    secret_hash = BlobField()  # SHA-256 of the whole key
    created_ms = BigIntegerField()
    expires_ms = BigIntegerField(null=True)
    last_used_ms = BigIntegerField(null=True)  # cut to the hour
    revoked_ms = BigIntegerField(null=True)
    replaces = TextField(null=True)  # key_id that this one takes over from

    class Meta:
        primary_key = CompositeKey("site", "key_id")


TABLES: tuple[type[Table], ...] = (
    Meta,
    Site,
    Log,
    LogKey,
    Hour,
    Entry,
    Tile,
    Record,
    Pending,
    Forgotten,
    Preference,
    Notice,
    Publication,
    Screenshot,
    ApiKey,
)
