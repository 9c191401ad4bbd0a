# SPDX-License-Identifier: MIT
"""What the machine is and how much it disturbs: every figure is read beside this."""

import os
import platform
import time
from pathlib import Path
from statistics import median

import tables

ROUNDS = 15
LOOP = 200_000
SYNC_S = 0.4
MEMORY_FILE_SYSTEMS = {"tmpfs", "ramfs"}


def _spin_ms() -> float:
    """The time that a fixed amount of pure Python takes."""
    start = time.perf_counter()
    total = 0
    for step in range(LOOP):
        total += step & 7
    assert total
    return (time.perf_counter() - start) * 1e3


def _syncs_per_s(folder: Path) -> float:
    """Appends of 4 KiB made durable one by one in *folder*, per second."""
    sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
    path = folder / "sync-rate"
    block = b"x" * 4096
    count = 0
    handle = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        start = time.perf_counter()
        while time.perf_counter() - start < SYNC_S:
            os.write(handle, block)
            sync(handle)
            count += 1
        return count / (time.perf_counter() - start)
    finally:
        os.close(handle)
        path.unlink()


def file_system(folder: Path) -> str:
    """The type of the file system that holds *folder*, empty where the system does not say."""
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    place = folder.resolve()
    found = [
        (len(point), kind)
        for _, point, kind, *_ in (line.split(" ") for line in mounts)
        if place.is_relative_to(point)
    ]
    return max(found)[1] if found else ""


def measure(folder: Path) -> dict[str, float]:
    """One sample of the noise: the fixed loop's times in ms, the load, durable writes per s."""
    spins = [_spin_ms() for _ in range(ROUNDS)]
    return {
        "spin_ms": median(spins),
        "spin_min_ms": min(spins),
        "spin_max_ms": max(spins),
        "load_1min": os.getloadavg()[0],
        "syncs_per_s": _syncs_per_s(folder),
    }


def describe(folder: Path) -> dict[str, str | int]:
    """What the figures were taken on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count() or 1,
        "file_system": file_system(folder),
    }


def report(machine: dict[str, str | int], samples: list[tuple[str, dict[str, float]]]) -> None:
    """Prints the machine and the noise samples, each with the moment it was taken at."""
    tables.heading("The machine and its noise")
    kind = machine["file_system"]
    tables.note(
        f"  {machine['system']}, {machine['cores']} cores, Python {machine['python']}, "
        f"ledger's data on {kind or 'an unnamed file system'}"
    )
    if kind in MEMORY_FILE_SYSTEMS:
        tables.note(
            "  WARNING: that is memory, where a durable write costs nothing; "
            "set TMPDIR to a folder on a disk"
        )
    tables.note("  On a quiet machine the loop's median and maximum are near its minimum.\n")
    tables.table(
        ["when", "fixed loop ms", "min..max", "load (1 min)", "durable 4 KiB writes/s"],
        [
            [
                when,
                tables.ms(sample["spin_ms"]),
                tables.spread([sample["spin_min_ms"], sample["spin_max_ms"]]),
                tables.ratio(sample["load_1min"]),
                tables.number(sample["syncs_per_s"]),
            ]
            for when, sample in samples
        ],
    )
