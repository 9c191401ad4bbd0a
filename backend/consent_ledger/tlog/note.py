# SPDX-License-Identifier: MIT
"""Signed notes: a text, and below it one line for each signature. C2SP signed-note.

text, one or more lines
(a blank line)
\N{EM DASH} <key name> base64(key ID (4 bytes) || signature)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import ClassVar, Protocol, Self

from consent_ledger.tlog import ed25519
from consent_ledger.tlog.encoding import format_base64, parse_base64
from consent_ledger.tlog.errors import FormatError, SignatureError, UnknownSignerError, shown

KEY_ID_BYTES = 4
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100  # as in Go's x/mod; the specification asks for at least 16
ED25519 = 0x01

_PREFIX = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; the name and the ID together tell whose key it is, and of which type."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was read; nothing about it is verified. The text ends with a newline."""

    text: str
    signatures: tuple[Signature, ...]


class Verifier(Protocol):
    """A key that somebody trusts: `VerifierKey` of a log, `CosignerKey` of a witness."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def is_signed(self, text: str, signature: bytes) -> bool: ...


# --- keys --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class VerifierKey:
    """The public half of an Ed25519 key and the name that it signs under.

    Raises: FormatError for a name that a note cannot hold, or a key of another length.
    """

    name: str
    public_key: bytes

    algorithm: ClassVar[int] = ED25519

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != ed25519.PUBLIC_KEY_BYTES:
            raise FormatError(
                f"public key of {shown(self.name)}",
                f"{len(self.public_key)} bytes",
                f"{ed25519.PUBLIC_KEY_BYTES} bytes",
            )

    @cached_property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || algorithm || public key)[:4]."""
        named = self.name.encode() + b"\n" + self._typed_key
        return sha256(named).digest()[:KEY_ID_BYTES]

    def is_signed(self, text: str, signature: bytes) -> bool:
        return ed25519.is_signed(self.public_key, text.encode(), signature)

    @property
    def vkey(self) -> str:
        """<name>+<key ID in hex>+base64(algorithm || public key): what people copy and pin."""
        return f"{self.name}+{self.key_id.hex()}+{format_base64(self._typed_key)}"

    @property
    def _typed_key(self) -> bytes:
        return bytes((self.algorithm,)) + self.public_key

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key that *vkey* spells.

        Raises: FormatError for another spelling, another algorithm, or an ID that is not the key's.
        """
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        typed_key = parse_base64(encoded, f"verifier key {shown(vkey)}, key")
        if typed_key[:1] != bytes((cls.algorithm,)):
            raise FormatError(
                f"verifier key {shown(vkey)}, algorithm",
                typed_key[:1].hex() or "nothing",
                f"{cls.algorithm:02x}",
            )
        key = cls(name, typed_key[1:])
        if key_id != key.key_id.hex():
            raise FormatError(
                f"verifier key of {shown(name)}, key ID", shown(key_id), key.key_id.hex()
            )
        return key


class Signer:
    """The private half of a `VerifierKey`. It is never shown, and signs whatever it is given."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Raises: FormatError for the name; ValueError for a seed that is not of 32 bytes."""
        self._private_key = ed25519.private_key(seed)
        self.key = VerifierKey(name, self._private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Raises: FormatError for a text that a note cannot hold."""
        check_text(text)
        return Signature(self.key.name, self.key.key_id, self._private_key.sign(text.encode()))


def check_name(name: str) -> None:
    """Raises: FormatError for a key name that is empty, or holds a space, a plus or a control."""
    if not name or "+" in name or any(map(str.isspace, name)) or not _is_note_text(name):
        raise FormatError("key name", shown(name), "characters, none of them a space or a plus")


def check_text(text: str) -> None:
    """Raises: FormatError for a text that does not end with a newline, or holds a control."""
    if not text.endswith("\n") or not _is_note_text(text):
        raise FormatError("note text", shown(text), "lines without control characters")


# --- notes -------------------------------------------------------------------------------------


def parse_note(data: bytes) -> Note:
    """The text and the signature lines, none of them verified.

    Raises: FormatError for bytes that a strict reader of signed notes refuses.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise FormatError("note", f"{len(data)} bytes", f"at most {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("note", f"byte {error.start} not UTF-8", "UTF-8") from None
    control = _CONTROL.search(whole)
    if control:
        raise FormatError("note", f"the control character {control[0]!r}", "none but newlines")
    start, blank, lines = whole.rpartition("\n\n")
    if not blank:
        raise FormatError("note", "no blank line", "one between text and signatures")
    if not lines.endswith("\n"):
        raise FormatError("note", "no newline at the end", "a newline after each signature")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > MAX_SIGNATURES:
        raise FormatError("note", f"{len(signature_lines)} signatures", f"at most {MAX_SIGNATURES}")
    return Note(start + "\n", tuple(map(parse_signature, signature_lines)))


def parse_signature(line: str) -> Signature:
    """One signature line, without its newline. Raises: FormatError."""
    field = "signature line"
    if not line.startswith(_PREFIX):
        raise FormatError(field, shown(line), "an em dash and a space at its start")
    name, _, encoded = line.removeprefix(_PREFIX).partition(" ")
    check_name(name)
    data = parse_base64(encoded, f"{field} of {shown(name)}")
    if len(data) <= KEY_ID_BYTES:
        raise FormatError(
            f"{field} of {shown(name)}", f"{len(data)} bytes", "a key ID of 4 bytes and a signature"
        )
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def format_signature(signature: Signature) -> str:
    """One signature line with its newline."""
    encoded = format_base64(signature.key_id + signature.signature)
    return f"{_PREFIX}{signature.name} {encoded}\n"


def format_note(text: str, signatures: Iterable[Signature]) -> bytes:
    """The note that says *text*, with these signatures in this order.

    Raises: FormatError for a text without a newline at its end, or with control characters.
    """
    check_text(text)
    return f"{text}\n{''.join(map(format_signature, signatures))}".encode()


def sign_note(text: str, *signers: Signer) -> bytes:
    """The note that says *text*, signed by each signer. Raises: FormatError."""
    return format_note(text, [signer.sign(text) for signer in signers])


def verified_signatures(note: Note, verifiers: Iterable[Verifier]) -> list[Signature]:
    """The signatures by the keys in *verifiers*; those of other keys are passed over.

    A key is told by its name and its ID, not by one of them.
    Raises: SignatureError when one of these keys did not make what stands under its name.
    """
    keys: dict[tuple[str, bytes], Verifier] = {}
    for key in verifiers:
        if keys.setdefault((key.name, key.key_id), key) != key:
            raise FormatError("verifier keys", f"two with the ID {key.key_id.hex()}", "one")
    verified = []
    for signature in dict.fromkeys(note.signatures):
        known = keys.get((signature.name, signature.key_id))
        if known is None:
            continue
        if not known.is_signed(note.text, signature.signature):
            raise SignatureError(
                f"signature of {signature.name}",
                f"one that the key {signature.key_id.hex()} did not make",
                "one of this text",
            )
        verified.append(signature)
    return verified


def verify_note(note: Note, verifiers: Iterable[Verifier]) -> list[Signature]:
    """`verified_signatures`, at least one of them.

    Raises: UnknownSignerError when none of these keys signed; SignatureError.
    """
    known = list(verifiers)
    verified = verified_signatures(note, known)
    if not verified:
        signed = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in note.signatures)
        wanted = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in known) or "no key"
        raise UnknownSignerError("signatures", shown(signed), f"one by {wanted}")
    return verified


def _is_note_text(text: str) -> bool:
    """Whether *text* is Unicode without control characters other than newline."""
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return not _CONTROL.search(text)
