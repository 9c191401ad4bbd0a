# SPDX-License-Identifier: MIT
# ruff: noqa: E501 - one case a line reads as a table
"""Writes the named cases beside it: good input, and each way of breaking it.

    python tests/vectors/tlog/make_cases.py

The good input comes from go/*.json and from signing with the `cryptography` package; the code
under test takes no part. Each file has `desc`, `want_error` (null, or the code of the error) and
the input, in which hashes are base64.
"""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
ORIGIN = "log.example/meridian/1"
WITNESS = "witness.example/w1"


def b64(data):
    return base64.b64encode(data).decode()


def raw(text):
    return base64.b64decode(text)


def go(name):
    return json.loads((HERE / "go" / f"{name}.json").read_bytes())


def flipped(text, bit=0):
    """The base64 of the same bytes with one bit changed."""
    data = bytearray(raw(text))
    data[bit // 8] ^= 1 << bit % 8
    return b64(data)


def with_spare_bits(text):
    """The same bytes in base64 of which the spare bits are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = text.rstrip("=")[-1]
    odd = alphabet[alphabet.index(last) + 1]
    return text.replace(last + "=", odd + "=")


# --- proofs ------------------------------------------------------------------------------------


def inclusion_cases():
    found = [case for case in go("inclusion") if (case["index"], case["size"]) == (100, 257)]
    good = {key: found[0][key] for key in ("index", "size", "leaf", "proof", "root")}
    proof = good["proof"]
    yield "good", "a good proof", None, good
    yield "good-single-entry", "a tree of one entry needs no hash", None, {
        **good, "index": 0, "size": 1, "proof": [], "root": good["leaf"],
    }  # fmt: skip
    for name, desc, error, change in [
        ("wrong-leaf", "another entry's leaf hash", "mismatch", {"leaf": flipped(good["leaf"])}),
        ("wrong-root", "another tree's root", "mismatch", {"root": flipped(good["root"], 255)}),
        ("wrong-index", "the neighbour's index", "mismatch", {"index": 101}),
        ("good-size-of-same-shape", "no proof binds the tree size, only the signed checkpoint does", None, {"size": 258}),
        ("wrong-size", "a size that needs fewer hashes", "format", {"size": 256}),
        ("index-is-size", "the index just beyond the tree", "range", {"index": 257}),
        ("index-beyond", "an index far beyond the tree", "range", {"index": 2**62}),
        ("index-negative", "a negative index", "range", {"index": -1}),
        ("size-zero", "an empty tree holds no entry", "range", {"index": 0, "size": 0}),
        ("size-negative", "a negative size", "range", {"index": 0, "size": -1}),
        ("empty-proof", "no hashes", "format", {"proof": []}),
        ("first-removed", "the leaf's sibling is missing", "format", {"proof": proof[1:]}),
        ("last-removed", "the root's child is missing", "format", {"proof": proof[:-1]}),
        ("hash-prepended", "a hash too many in front", "format", {"proof": [good["leaf"], *proof]}),
        ("hash-appended", "a hash too many at the end", "format", {"proof": [*proof, good["root"]]}),
        ("two-swapped", "two hashes swapped", "mismatch", {"proof": [proof[1], proof[0], *proof[2:]]}),
        ("reversed", "from root to leaf", "mismatch", {"proof": proof[::-1]}),
        ("bit-in-first", "one bit of the first hash", "mismatch", {"proof": [flipped(proof[0]), *proof[1:]]}),
        ("bit-in-last", "one bit of the last hash", "mismatch", {"proof": [*proof[:-1], flipped(proof[-1], 255)]}),
        ("hash-short", "a hash of 31 bytes", "format", {"proof": [b64(raw(proof[0])[:31]), *proof[1:]]}),
        ("hash-long", "a hash of 33 bytes", "format", {"proof": [b64(raw(proof[0]) + b"\0"), *proof[1:]]}),
        ("hash-empty", "an empty hash", "format", {"proof": ["", *proof[1:]]}),
        ("bytes-moved", "a byte moved from one hash to the next", "format", {
            "proof": [b64(raw(proof[0])[:31]), b64(raw(proof[0])[31:] + raw(proof[1])), *proof[2:]]}),
        ("leaf-short", "a leaf hash of 31 bytes", "format", {"leaf": b64(raw(good["leaf"])[:31])}),
        ("root-short", "a root hash of 31 bytes", "format", {"root": b64(raw(good["root"])[:31])}),
        ("root-is-leaf", "the leaf hash as root", "mismatch", {"root": good["leaf"]}),
        ("single-entry-with-hash", "a tree of one entry with a hash", "format", {
            "index": 0, "size": 1, "proof": proof[:1], "root": good["leaf"]}),
        ("single-entry-wrong-root", "a tree of one entry with another root", "mismatch", {
            "index": 0, "size": 1, "proof": []}),
    ]:  # fmt: skip
        yield name, desc, error, {**good, **change}


def consistency_cases():
    by_sizes = {(case["old_size"], case["new_size"]): case for case in go("consistency")}
    good = by_sizes[200, 257]
    power = by_sizes[128, 257]
    same = {**good, "old_size": 257, "old_root": good["new_root"], "proof": []}
    empty = b64(hashlib.sha256(b"").digest())
    proof = good["proof"]
    yield "good", "a good proof", None, good
    yield "good-power-of-two", "the old tree is complete: its root is not in the proof", None, power
    yield "good-same", "a tree is consistent with itself", None, same
    yield "good-from-empty", "every tree grows from the empty one", None, {
        **good, "old_size": 0, "old_root": empty, "proof": [],
    }  # fmt: skip
    yield "good-empty", "the empty tree is consistent with itself", None, {
        "old_size": 0, "new_size": 0, "proof": [], "old_root": empty, "new_root": empty,
    }  # fmt: skip
    for name, desc, error, base, change in [
        ("wrong-old-root", "another old root", "mismatch", good, {"old_root": flipped(good["old_root"])}),
        ("wrong-new-root", "another new root", "mismatch", good, {"new_root": flipped(good["new_root"])}),
        ("roots-swapped", "old and new root swapped", "mismatch", good, {
            "old_root": good["new_root"], "new_root": good["old_root"]}),
        ("shrinks", "the new tree is smaller", "range", good, {"old_size": 257, "new_size": 200}),
        ("old-size-negative", "a negative old size", "range", good, {"old_size": -1}),
        ("new-size-negative", "a negative new size", "range", good, {"old_size": 0, "new_size": -1, "old_root": empty, "proof": []}),
        ("wrong-old-size", "another old size with as many hashes", "mismatch", good, {"old_size": 216}),
        ("wrong-old-size-length", "an old size that needs fewer hashes", "format", good, {"old_size": 192}),
        ("good-new-size-of-same-shape", "no proof binds the new size, only the signed checkpoint does", None, good, {"new_size": 258}),
        ("wrong-new-size-length", "a new size that needs fewer hashes", "format", good, {"new_size": 256}),
        ("empty-proof", "no hashes though the sizes differ", "format", good, {"proof": []}),
        ("first-removed", "the first hash is missing", "format", good, {"proof": proof[1:]}),
        ("last-removed", "the last hash is missing", "format", good, {"proof": proof[:-1]}),
        ("hash-prepended", "a hash too many in front", "format", good, {"proof": [good["old_root"], *proof]}),
        ("hash-appended", "a hash too many at the end", "format", good, {"proof": [*proof, good["new_root"]]}),
        ("two-swapped", "two hashes swapped", "mismatch", good, {"proof": [proof[0], proof[2], proof[1], *proof[3:]]}),
        ("bit-in-first", "one bit of the first hash", "mismatch", good, {"proof": [flipped(proof[0]), *proof[1:]]}),
        ("bit-in-last", "one bit of the last hash", "mismatch", good, {"proof": [*proof[:-1], flipped(proof[-1])]}),
        ("hash-short", "a hash of 31 bytes", "format", good, {"proof": [b64(raw(proof[0])[:31]), *proof[1:]]}),
        ("old-root-short", "an old root of 31 bytes", "format", good, {"old_root": b64(raw(good["old_root"])[:31])}),
        ("new-root-empty", "no new root", "format", good, {"new_root": ""}),
        ("power-of-two-with-root", "a complete old tree's root in front of the proof", "format", power, {
            "proof": [power["old_root"], *power["proof"]]}),
        ("power-of-two-wrong-old-root", "a complete old tree with another root", "mismatch", power, {
            "old_root": flipped(power["old_root"])}),
        ("same-with-hash", "equal sizes with a hash", "format", same, {"proof": proof[:1]}),
        ("same-other-root", "equal sizes with different roots", "mismatch", same, {"new_root": good["old_root"]}),
        ("empty-with-hash", "a proof from the empty tree", "format", good, {
            "old_size": 0, "old_root": empty, "proof": proof[:1]}),
        ("empty-wrong-root", "an empty tree with another root", "mismatch", good, {"old_size": 0, "proof": []}),
        ("empty-new-wrong-root", "a new empty tree with another root", "mismatch", good, {
            "old_size": 0, "new_size": 0, "old_root": empty, "proof": []}),
    ]:  # fmt: skip
        yield name, desc, error, {**base, **change}


# --- notes -------------------------------------------------------------------------------------


def line(name, algorithm, seed, message, before=b""):
    """A signature line of a key, over any message."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(name.encode() + b"\n" + bytes((algorithm,)) + public).digest()[:4]
    return f"— {name} {b64(key_id + before + key.sign(message))}\n"


def seed(number):
    return bytes((number,)) * 32


def signed(text, name=ORIGIN, number=1):
    return f"{text}\n{line(name, 1, seed(number), text.encode())}"


def note_cases():
    """`vkeys` are the known ones; `verified` is how many signatures are by them."""
    keys = [each["vkey"] for each in go("keys")["log"]]
    text = "some text\n\nand more\n"
    good = signed(text)
    second = line(ORIGIN, 1, seed(2), text.encode())
    bad = line(ORIGIN, 1, seed(1), b"another text\n")
    start, _, encoded = good.rstrip("\n").rpartition(" ")
    many = "".join(line(f"other{n}", 1, seed(5), text.encode()) for n in range(16))
    too_many = "".join(line(f"other{n}", 1, seed(5), text.encode()) for n in range(100))
    for name, desc, error, note, vkeys, verified in [
        ("good", "one signature", None, good, keys[:1], 1),
        ("good-two-keys", "two known keys", None, good + second, keys[:2], 2),
        ("good-unknown-ignored", "an unknown key's signature is passed over", None, good + second, keys[:1], 1),
        ("good-unknown-bad-ignored", "an unknown key's signature is not even looked at", None, text + "\n" + bad + second, [keys[1]], 1),
        ("good-sixteen-more", "sixteen unknown signatures before the known one", None, text + "\n" + many + good.splitlines(True)[-1], keys[:1], 1),
        ("good-repeated", "the same line twice counts once", None, good + good.splitlines(True)[-1], keys[:1], 1),
        ("known-key-bad-signature", "a known key's line that it did not sign", "signature", text + "\n" + bad, keys[:1], 0),
        ("known-key-bad-beside-good", "a bad line by a known key beside a good one", "signature", good + bad, keys[:1], 0),
        ("known-key-bad-before-other-good", "a bad line by one known key, a good one by another", "signature", text + "\n" + bad + second, keys[:2], 0),
        ("no-known-key", "only unknown keys signed", "unknown_signer", good, [keys[1]], 0),
        ("no-keys", "no key is known", "unknown_signer", good, [], 0),
        ("same-id-other-name", "the known key ID under another name", "unknown_signer", good.replace(f"— {ORIGIN}", "— someone.example"), keys[:1], 0),
        ("text-changed", "a byte of the text changed", "signature", good.replace("some", "Some"), keys[:1], 0),
        ("text-blank-line-added", "a blank line added to the text", "signature", good.replace("some", "\nsome"), keys[:1], 0),
        ("empty", "nothing at all", "format", "", keys[:1], 0),
        ("no-blank-line", "no line between text and signatures", "format", good.replace("\n\n", "\n"), keys[:1], 0),
        ("no-signatures", "nothing after the blank line", "format", text + "\n", keys[:1], 0),
        ("unterminated", "no newline at the end", "format", good[:-1], keys[:1], 0),
        ("trailing-blank-line", "a blank line at the end", "format", good + "\n", keys[:1], 0),
        ("trailing-text", "a line that is no signature", "format", good + "more\n", keys[:1], 0),
        ("hyphen", "a hyphen for the em dash", "format", good.replace("—", "-"), keys[:1], 0),
        ("two-spaces", "two spaces after the name", "format", start + "  " + encoded + "\n", keys[:1], 0),
        ("no-name", "a line without a name", "format", f"{text}\n—  {encoded}\n", keys[:1], 0),
        ("plus-in-name", "a plus in the name", "format", good.replace("— log", "— l+g"), keys[:1], 0),
        ("no-break-space-in-name", "a Unicode space in the name", "format", good.replace("— log", "— l\u00a0g"), keys[:1], 0),
        ("carriage-return", "lines that end in CR LF", "format", good.replace("\n", "\r\n"), keys[:1], 0),
        ("tab-in-text", "a control character in the text", "format", good.replace("some", "some\t"), keys[:1], 0),
        ("base64-url", "the URL alphabet", "format", good.replace(encoded, encoded.replace("/", "_").replace("+", "-")), keys[:1], 0),
        ("base64-spare-bits", "spare bits that are not zero", "format", good.replace(encoded, with_spare_bits(encoded)), keys[:1], 0),
        ("base64-unpadded", "no padding", "format", good.replace(encoded, encoded.rstrip("=")), keys[:1], 0),
        ("base64-trailing-space", "a space after the signature", "format", good[:-1] + " \n", keys[:1], 0),
        ("signature-empty", "a key ID and nothing after it", "format", f"{start} {b64(raw(encoded)[:4])}\n", keys[:1], 0),
        ("signature-short", "a known key's signature of 63 bytes", "signature", f"{start} {b64(raw(encoded)[:-1])}\n", keys[:1], 0),
        ("signature-long", "a known key's signature of 65 bytes", "signature", f"{start} {b64(raw(encoded) + bytes(1))}\n", keys[:1], 0),
        ("too-many-signatures", "more than a hundred signatures", "format", good + too_many, keys[:1], 0),
        ("unknown-line-malformed", "an unknown key's line that cannot be read", "format", good + "— other.example ====\n", keys[:1], 0),
    ]:  # fmt: skip
        yield name, desc, error, {"note": note, "vkeys": vkeys, "verified": verified}
    yield "not-utf-8", "bytes that are not UTF-8", "format", {
        "note_b64": b64(good.encode().replace(b"some", b"s\xffme")), "vkeys": keys[:1], "verified": 0,
    }  # fmt: skip


def vkey_cases():
    """`name` and `public_key` are those of a good key."""
    good = go("keys")["log"][0]["vkey"]
    cosigner = go("keys")["cosigner"]["vkey"]
    name, key_id, encoded = good.split("+", 2)
    short = raw(encoded)[:-1]
    short_id = hashlib.sha256(name.encode() + b"\n" + short).hexdigest()[:8]
    for case, desc, error, vkey in [
        ("good", "a log's key", None, good),
        ("empty", "nothing at all", "format", ""),
        ("name-only", "nothing but a name", "format", name),
        ("no-name", "no name", "format", f"+{key_id}+{encoded}"),
        ("space-in-name", "a space in the name", "format", good.replace("log", "l g")),
        ("control-in-name", "a control character in the name", "format", good.replace("log", "l\x01g")),
        ("id-of-another-key", "the ID of another key", "format", f"{name}+00000000+{encoded}"),
        ("id-upper-case", "the ID in upper case", "format", f"{name}+{key_id.upper()}+{encoded}"),
        ("id-long", "the ID with a zero before it", "format", f"{name}+0{key_id}+{encoded}"),
        ("another-name", "the ID does not belong to this name", "format", f"x{good}"),
        ("cosigner", "a witness's key where a log's is wanted", "format", cosigner),
        ("key-short", "a key of 31 bytes with its own ID", "format", f"{name}+{short_id}+{b64(short)}"),
        ("key-empty", "no key", "format", f"{name}+{key_id}+"),
        ("base64-padded", "padding that is not needed", "format", good + "="),
        ("trailing-newline", "a newline at the end", "format", good + "\n"),
    ]:  # fmt: skip
        yield case, desc, error, {"vkey": vkey, "name": name, "public_key": b64(raw(encoded)[1:])}


def checkpoint_cases():
    """`note` is opened as the log `origin`, signed by `vkey`; `cosigners` are the known ones."""
    good = go("checkpoint")
    root, size = good["root"], good["size"]
    text = f"{ORIGIN}\n{size}\n{root}\n"
    base = {"origin": ORIGIN, "vkey": good["vkey"], "cosigners": [good["cosigner_vkey"]]}
    time = (1795300000).to_bytes(8, "big")
    cosigned = line(WITNESS, 4, seed(4), f"cosignature/v1\ntime 1795300000\n{text}".encode(), time)
    other_time = line(
        WITNESS, 4, seed(4), f"cosignature/v1\ntime 1795300001\n{text}".encode(), time
    )
    far = (2**63).to_bytes(8, "big")
    too_far = line(WITNESS, 4, seed(4), f"cosignature/v1\ntime {2**63}\n{text}".encode(), far)
    not_timed = line(WITNESS, 4, seed(4), text.encode())
    for name, desc, error, note in [
        ("good", "signed by the log", None, signed(text)),
        ("good-cosigned", "signed by the log and a witness", None, signed(text) + cosigned),
        ("good-extension", "an extension line", None, signed(text + "extension\n")),
        ("good-empty", "an empty tree", None, signed(f"{ORIGIN}\n0\n{b64(hashlib.sha256(b'').digest())}\n")),
        ("good-largest", "the largest size", None, signed(f"{ORIGIN}\n{2**63 - 1}\n{root}\n")),
        ("only-cosigned", "a witness's signature does not replace the log's", "unknown_signer", f"{text}\n{cosigned}"),
        ("other-origin", "another log's checkpoint under the same key", "mismatch", signed(text.replace("/1\n", "/2\n"))),
        ("origin-upper-case", "the origin in other letters", "mismatch", signed(text.replace("log", "Log"))),
        ("origin-empty", "no origin", "format", signed(f"\n{size}\n{root}\n")),
        ("size-leading-zero", "a size with a leading zero", "format", signed(f"{ORIGIN}\n0{size}\n{root}\n")),
        ("size-plus", "a size with a sign", "format", signed(f"{ORIGIN}\n+{size}\n{root}\n")),
        ("size-negative", "a negative size", "format", signed(f"{ORIGIN}\n-1\n{root}\n")),
        ("size-empty", "no size", "format", signed(f"{ORIGIN}\n\n{root}\n")),
        ("size-hexadecimal", "a size in hexadecimal", "format", signed(f"{ORIGIN}\n0x11\n{root}\n")),
        ("size-underscore", "a size as Python writes it", "format", signed(f"{ORIGIN}\n70_000\n{root}\n")),
        ("size-other-digits", "a size in Arabic-Indic digits", "format", signed(f"{ORIGIN}\n\u0667\u0660\n{root}\n")),
        ("size-space", "a space after the size", "format", signed(f"{ORIGIN}\n{size} \n{root}\n")),
        ("size-too-large", "a size of 64 bits", "format", signed(f"{ORIGIN}\n{2**63}\n{root}\n")),
        ("size-huge", "a size of 5000 digits", "format", signed(f"{ORIGIN}\n{'9' * 5000}\n{root}\n")),
        ("root-short", "a root of 31 bytes", "format", signed(f"{ORIGIN}\n{size}\n{b64(raw(root)[:31])}\n")),
        ("root-long", "a root of 33 bytes", "format", signed(f"{ORIGIN}\n{size}\n{b64(raw(root) + bytes(1))}\n")),
        ("root-spare-bits", "spare bits that are not zero", "format", signed(f"{ORIGIN}\n{size}\n{with_spare_bits(root)}\n")),
        ("root-hexadecimal", "a root in hexadecimal", "format", signed(f"{ORIGIN}\n{size}\n{raw(root).hex()}\n")),
        ("two-lines", "no root", "format", signed(f"{ORIGIN}\n{size}\n")),
        ("extension-empty", "an empty line after the root", "format", signed(text + "\n")),
        ("extension-after-empty", "an empty line before an extension", "format", signed(text + "\nextension\n")),
        ("size-changed", "a size that was not signed", "signature", signed(text).replace("70000", "70001")),
        ("extension-added", "an extension that was not signed", "signature", signed(text).replace(f"{root}\n", f"{root}\nextension\n")),
        ("cosignature-other-time", "a witness's time that it did not sign", "signature", signed(text) + other_time),
        ("cosignature-time-too-large", "a witness's time of 64 bits", "signature", signed(text) + too_far),
        ("cosignature-without-time", "a witness's signature as a log would make it", "signature", signed(text) + not_timed),
        ("cosignature-of-other-text", "a witness's line from another checkpoint", "signature", signed(text.replace("70000", "70001")) + cosigned),
    ]:  # fmt: skip
        yield name, desc, error, {**base, "note": note}


# --- files and tiles ---------------------------------------------------------------------------


def proof_file_cases():
    """`file` is verified for `leaf` as the log `origin`, signed by `vkey`."""
    good = go("proof_file")
    base = {key: good[key] for key in ("origin", "vkey", "leaf")}
    file = good["file"]
    lines = file.split("\n")
    bare = file.replace(lines[1] + "\n", "")
    first = lines[3]
    for name, desc, error, text in [
        ("good", "with extra data", None, file),
        ("good-bare", "without extra data", None, bare),
        ("empty", "nothing at all", "format", ""),
        ("version", "another version", "format", file.replace("@v1", "@v2")),
        ("no-version", "no first line", "format", file.split("\n", 1)[1]),
        ("leading-blank-line", "a blank line in front", "format", "\n" + file),
        ("extra-empty", "an extra line without data", "format", bare.replace("index", "extra \nindex")),
        ("extra-twice", "two extra lines", "format", file.replace("index", lines[1] + "\nindex")),
        ("extra-after-index", "the extra line below the index", "format", bare.replace(lines[2], lines[2] + "\n" + lines[1])),
        ("extra-not-base64", "extra data that is no base64", "format", bare.replace("index", "extra %%%\nindex")),
        ("extra-changed", "extra data is not authenticated: any is accepted", None, bare.replace("index", "extra aGk=\nindex")),
        ("no-index", "no index line", "format", bare.replace(lines[2] + "\n", "")),
        ("index-empty", "an index line without a number", "format", file.replace(lines[2], "index ")),
        ("index-leading-zero", "an index with a leading zero", "format", file.replace("index 4711", "index 04711")),
        ("index-negative", "a negative index", "format", file.replace("index 4711", "index -1")),
        ("index-two-spaces", "two spaces before the index", "format", file.replace("index 4711", "index  4711")),
        ("index-other", "the neighbour's index", "mismatch", file.replace("index 4711", "index 4710")),
        ("index-beyond", "an index beyond the tree", "range", file.replace("index 4711", "index 70000")),
        ("hash-removed", "a hash is missing", "format", file.replace(first + "\n", "")),
        ("hash-added", "a hash too many", "format", file.replace(first, first + "\n" + first)),
        ("hash-flipped", "one bit of a hash", "mismatch", file.replace(first, flipped(first))),
        ("hash-short", "a hash of 31 bytes", "format", file.replace(first, b64(raw(first)[:31]))),
        ("hash-spare-bits", "spare bits that are not zero", "format", file.replace(first, with_spare_bits(first))),
        ("hashes-too-many", "64 hashes", "format", file.replace(first, "\n".join([first] * 64))),
        ("blank-line-within", "a blank line within the proof", "signature", file.replace(first, first + "\n")),
        ("carriage-return", "lines that end in CR LF", "format", file.replace("\n", "\r\n")),
        ("no-checkpoint", "nothing after the proof", "format", file.split("\n\n")[0] + "\n\n"),
        ("checkpoint-changed", "a size that was not signed", "signature", file.replace("\n70000\n", "\n70001\n")),
        ("checkpoint-unterminated", "no newline at the end", "format", file[:-1]),
        ("checkpoint-unsigned", "no signature by a known key", "unknown_signer", file.replace("— log", "— lag")),
    ]:  # fmt: skip
        yield name, desc, error, {**base, "file": text}
    yield (
        "other-leaf",
        "another entry",
        "mismatch",
        {**base, "leaf": flipped(good["leaf"]), "file": file},
    )
    yield (
        "other-log",
        "another log is expected",
        "mismatch",
        {**base, "origin": ORIGIN[:-1] + "2", "file": file},
    )


def tile_path_cases():
    for name, desc, error, path in [
        ("good", "a full tile", None, "tile/0/x001/x234/067"),
        ("good-partial", "a partial tile", None, "tile/1/000.p/255"),
        ("good-entries", "an entry bundle", None, "tile/entries/x001/000"),
        ("good-entries-partial", "a partial entry bundle", None, "tile/entries/000.p/1"),
        ("good-level-63", "the highest level", None, "tile/63/000"),
        ("empty", "nothing at all", "format", ""),
        ("no-index", "no index", "format", "tile/0"),
        ("leading-slash", "a slash in front", "format", "/tile/0/000"),
        ("trailing-slash", "a slash at the end", "format", "tile/0/000/"),
        ("trailing-newline", "a newline at the end", "format", "tile/0/000\n"),
        ("with-height", "the height that x/mod writes", "format", "tile/8/0/000"),
        ("data", "x/mod's name for entries", "format", "tile/data/000"),
        ("level-64", "a level beyond 63", "format", "tile/64/000"),
        ("level-leading-zero", "a level with a leading zero", "format", "tile/00/000"),
        ("level-negative", "a negative level", "format", "tile/-1/000"),
        ("index-two-digits", "a group of two digits", "format", "tile/0/00"),
        ("index-four-digits", "a group of four digits", "format", "tile/0/0000"),
        ("index-leading-group", "a group of zeroes in front", "format", "tile/0/x000/001"),
        ("index-last-with-x", "an x before the last group", "format", "tile/0/x001"),
        ("index-first-without-x", "no x before an earlier group", "format", "tile/0/001/234"),
        ("index-other-digits", "digits beyond ASCII", "format", "tile/0/\u0660\u0660\u0660"),
        ("index-too-large", "an index of 64 bits", "format", "tile/0/x009/x223/x372/x036/x854/x775/808"),
        ("index-parent", "a path that climbs", "format", "tile/0/../000"),
        ("width-zero", "an empty tile", "format", "tile/0/000.p/0"),
        ("width-256", "a full tile written as a partial one", "format", "tile/0/000.p/256"),
        ("width-999", "a width beyond 256", "format", "tile/0/000.p/999"),
        ("width-leading-zero", "a width with a leading zero", "format", "tile/0/000.p/01"),
        ("width-empty", "no width", "format", "tile/0/000.p/"),
        ("partial-without-width", "the suffix alone", "format", "tile/0/000.p"),
    ]:  # fmt: skip
        yield name, desc, error, {"path": path}


def bundle_cases():
    """`bundle` is decoded as one of `width` entries."""
    whole = raw(go("bundle")["bundle"])
    entries = go("bundle")["entries"]
    for name, desc, error, data, width in [
        ("good", "four entries", None, whole, 4),
        ("good-empty-entry", "an entry of no bytes", None, whole + b"\0\0", 5),
        ("empty", "nothing at all", "format", b"", 4),
        ("one-missing", "an entry too few", "format", whole[:-302], 4),
        ("one-more", "an entry too many", "format", whole + b"\0\1x", 4),
        ("cut-in-entry", "the last byte is missing", "format", whole[:-1], 4),
        ("cut-in-length", "half a length at the end", "format", whole[:-302] + b"\1", 4),
        ("trailing-byte", "a byte after the last entry", "format", whole + b"\0", 4),
        ("length-too-large", "a length beyond the end", "format", b"\xff\xff" + whole[2:], 4),
        ("little-endian", "a length with its bytes swapped", "format", b"\7\0" + whole[2:], 4),
    ]:  # fmt: skip
        expected = [*entries, ""][:width] if error is None else []
        yield name, desc, error, {"bundle": b64(data), "width": width, "entries": expected}


CASES = {
    "inclusion": inclusion_cases,
    "consistency": consistency_cases,
    "note": note_cases,
    "vkey": vkey_cases,
    "checkpoint": checkpoint_cases,
    "proof-file": proof_file_cases,
    "tile-path": tile_path_cases,
    "bundle": bundle_cases,
}


def files():
    """Path relative to this directory, and text, of every case."""
    made = {}
    for kind, cases in CASES.items():
        for name, desc, error, data in cases():
            path = f"{kind}/{name}.json"
            assert path not in made, path
            case = {"desc": desc, "want_error": error, **data}
            made[path] = json.dumps(case, indent=1, ensure_ascii=False) + "\n"
    return made


def main():
    for kind in CASES:
        (HERE / kind).mkdir(exist_ok=True)
        for old in (HERE / kind).glob("*.json"):
            old.unlink()
    for path, text in files().items():
        (HERE / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
