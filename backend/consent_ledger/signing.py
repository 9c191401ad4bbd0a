# SPDX-License-Identifier: MIT
"""The keys that sign logs: some for each origin, all derived from one secret file.

So the operator keeps one secret, and the key of a single log can be handed over with its site.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from consent_ledger.disk import sync_file, sync_folder
from consent_ledger.errors import SetupError
from consent_ledger.tlog.note import Signer

FILE = "signing.seed"
SEED_BYTES = 32
LABEL = b"consent-ledger/log-key/v1\n"
FIRST_VERSION = 1  # of a log's key; each rotation makes the next one


def make_seed(directory: Path) -> Path:
    """Makes the seed file of *directory*, for this user only, and returns its path.

    Raises: SetupError when there is one already, or it cannot be written.
    """
    path = directory / FILE
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise SetupError(
            f"{path} exists already: it may have signed logs, so it is never replaced"
        ) from None
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SEED_BYTES))
        file.flush()
        sync_file(file.fileno())
    sync_folder(directory)
    return path


class SigningKeys:
    """Signers by origin. The seed is never shown, and a signer is derived once."""

    def __init__(self, seed: bytes) -> None:
        """Requires 32 secret bytes."""
        self._seed = seed
        self._signers: dict[tuple[str, int], Signer] = {}

    @classmethod
    def read(cls, directory: Path) -> SigningKeys:
        """The keys of a data directory.

        Raises: SetupError with a sentence that says what to do when the seed is missing, has
            another length, or others than its owner may read it.
        """
        path = directory / FILE
        try:
            mode = path.stat().st_mode
            seed = path.read_bytes()
        except FileNotFoundError:
            raise SetupError(
                f"{path} is missing; put the file back from where it is kept safe, or, for a "
                "ledger that never had one, run `consent-ledger signing-key create`"
            ) from None
        except OSError as error:
            raise SetupError(f"{path} cannot be read: {error.strerror}") from None
        if mode & 0o077:
            raise SetupError(
                f"{path} may be read by others (mode {mode & 0o777:04o}, expected 0600); "
                f"run `chmod 600 {path}`"
            )
        if len(seed) != SEED_BYTES:
            raise SetupError(
                f"{path} has {len(seed)} bytes, expected {SEED_BYTES}; "
                "put the whole file back from where it is kept safe"
            )
        return cls(seed)

    def signer(self, origin: str, version: int = FIRST_VERSION) -> Signer:
        """A key of the log *origin*, which is also the key's name."""
        known = self._signers.get((origin, version))
        if known is None:
            known = Signer(origin, derive(self._seed, origin, version))
            self._signers[origin, version] = known
        return known

    def secret(self, info: bytes) -> bytes:
        """32 secret bytes for something else than signing, which *info* names."""
        return _expand(self._seed, info)


def derive(seed: bytes, origin: str, version: int = FIRST_VERSION) -> bytes:
    """The 32-byte Ed25519 seed of one log: HKDF-SHA256 without salt, info = label || origin, and
    for each version after the first a newline and its decimal number behind that."""
    suffix = "" if version == FIRST_VERSION else f"\n{version}"
    return _expand(seed, LABEL + f"{origin}{suffix}".encode())


def _expand(seed: bytes, info: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=SEED_BYTES, salt=None, info=info).derive(seed)
