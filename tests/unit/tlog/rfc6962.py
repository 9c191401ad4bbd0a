# SPDX-License-Identifier: MIT
"""RFC 6962 section 2.1, transcribed word for word: slow, and obviously the same.

D is the list of the entries' bytes. This is what the fast code has to agree with.
"""

from hashlib import sha256


def mth(d):
    """2.1: the Merkle Tree Hash."""
    if len(d) == 0:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def split(n):
    """The largest power of two smaller than n (k < n <= 2k)."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def path(m, d):
    """2.1.1: the Merkle audit path for the (m+1)th input."""
    n = len(d)
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m, d):
    """2.1.2: the Merkle consistency proof for the first m inputs."""
    return subproof(m, d, True)


def subproof(m, d, whole):
    n = len(d)
    if m == n:
        return [] if whole else [mth(d)]
    k = split(n)
    if m <= k:
        return [*subproof(m, d[:k], whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]
