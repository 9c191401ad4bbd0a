# SPDX-License-Identifier: MIT
"""`consent-ledger verify` as people run it: exit codes, one sentence for an error, kept heads."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import COMMAND
from unit.verify.histories import full_bundle, full_logs, keys, small_bundle, small_log
from unit.verify.log_maker import dumps
from unit.verify.test_single import proof, receipt

Run = Callable[..., subprocess.CompletedProcess[str]]

OLD, NEW = keys(*full_logs())


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command in *tmp_path*, with a bundle, a receipt, a proof and keys at hand."""
    (tmp_path / "small.zip").write_bytes(small_bundle().pack())
    (tmp_path / "full.zip").write_bytes(full_bundle().pack())
    (tmp_path / "receipt.json").write_bytes(dumps(receipt()))
    (tmp_path / "x.tlog-proof").write_bytes(proof())
    (tmp_path / "keys.txt").write_text(f"# of meridian\n{OLD}  # until 2026\n\n{NEW}\n")
    changed = small_bundle().copy()
    at = "logs/1/openings.ndjson"
    changed.members[at] = changed.members[at].replace(b'"seq":3,', b'"seq":4,')
    (tmp_path / "changed.zip").write_bytes(changed.seal().pack())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, "verify", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.mark.parametrize("file", ["small.zip", "full.zip", "receipt.json", "x.tlog-proof"])
def test_what_holds_exits_0_with_a_pinned_key_and_3_without(run: Run, file: str) -> None:
    done = run(file, "--key", "keys.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERIFIED" in done.stdout
    assert done.stdout.count("\n- ") == 3, "what no log can show"
    done = run(file)
    assert (done.returncode, done.stderr) == (3, "")
    assert "SIGNER NOT AUTHENTICATED" in done.stdout


def test_keys_may_be_given_one_by_one(run: Run) -> None:
    assert run("full.zip", "--key", OLD, "--key", NEW).returncode == 0
    assert run("full.zip", "--key", OLD).returncode == 1


def test_what_does_not_hold_exits_1_and_is_named(run: Run) -> None:
    done = run("changed.zip", "--key", "keys.txt")
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 thing does not hold" in done.stdout
    assert "entry 2, logs/1/openings.ndjson: subject commitment: found" in done.stdout
    assert "failed    1 entries" in done.stdout


def test_json_says_the_same_for_programs(run: Run) -> None:
    done = run("changed.zip", "--key", "keys.txt", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["schema"] == "consent-ledger/report/v1"
    assert (report["kind"], report["verdict"]) == ("bundle", "failed")
    assert report["faults_total"] == 1
    (fault,) = report["faults"]
    assert fault["log"] == "ledger.test/meridian/1"
    assert (fault["index"], fault["path"]) == (2, "logs/1/openings.ndjson")
    assert {"field", "found", "expected"} <= fault.keys()
    assert report["logs"][0]["failed"] == 1


def test_the_checkpoint_is_kept_when_all_holds_and_checked_next_time(
    run: Run, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    assert run("small.zip", "--keep", "kept.txt").returncode == 3
    assert run("changed.zip", "--key", OLD, "--keep", "kept.txt").returncode == 1
    assert not kept.exists()
    assert run("small.zip", "--key", OLD, "--keep", "kept.txt").returncode == 0
    assert kept.read_bytes() == small_log().checkpoint()
    assert run("small.zip", "--key", OLD, "--previous", "kept.txt").returncode == 0
    done = run("full.zip", "--key", "keys.txt", "--previous", "kept.txt")
    assert done.returncode == 1, "another history of the same log"
    assert "as in the checkpoint you kept" in done.stdout


def sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("consent-ledger: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.zip",), "missing.zip cannot be read: No such file"),
        ((".",), "Is a directory"),
        (("small.zip", "--key", "missing.txt"), "--key missing.txt cannot be read"),
        (("small.zip", "--key", OLD[:-4] + "AAAA"), "--key: verifier key"),
        (("small.zip", "--key", "a+b+c"), "--key: verifier key"),
        (("small.zip", "--key", "small.zip"), "bytes that are no text"),
        (("small.zip", "--previous", "missing.txt"), "--previous missing.txt cannot be read"),
        (("receipt.json", "--previous", "keys.txt"), "--previous is for an export"),
        (("small.zip", "--keep", "nowhere/kept.txt"), "--keep nowhere/kept.txt cannot be written"),
    ],
)
def test_wrong_usage_exits_2_with_one_sentence(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    assert words in sentence(run(*arguments), 2)


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--no-such-option", "small.zip")])
def test_arguments_that_there_are_not_exit_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2


@pytest.mark.parametrize("data", [b"", b"P", b"garbage", b"\0" * 1000, b"\xff\xfe", b"<html>"])
def test_a_file_that_is_nothing_of_ours_exits_1_with_one_sentence(
    run: Run, tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "file").write_bytes(data)
    assert "neither an export bundle, a receipt nor" in sentence(run("file"), 1)


@pytest.mark.parametrize("data", [b"PK", b"PK\x03\x04" + b"x" * 500, b"{", b'{"a":1}', b"{}\n"])
def test_a_damaged_file_exits_1_with_a_report(run: Run, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    done = run("file")
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED" in done.stdout


def test_the_verifier_loads_no_database_web_framework_or_schema_library() -> None:
    code = (
        "import sys; sys.argv = ['consent-ledger', 'verify', '--help']\n"
        "from consent_ledger.cli import main\n"
        "import consent_ledger.verify.bundle, consent_ledger.verify.single\n"
        "try: main()\n"
        "except SystemExit: print(*sys.modules, sep='\\n')"
    )
    run = subprocess.run([COMMAND[0], "-c", code], capture_output=True, text=True, check=True)
    roots = {name.partition(".")[0] for name in run.stdout.split()}
    assert not roots & {"flask", "peewee", "marshmallow", "granian", "cryptography", "sqlite3"}


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    """On standard error, so that what is piped stays whole; nothing of it elsewhere (see above)."""
    (tmp_path / "full.zip").write_bytes(full_bundle().pack())
    controller, terminal = os.openpty()
    try:
        command = [*COMMAND, "verify", "full.zip", "--json"]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=terminal, cwd=tmp_path, check=False
        )
        shown = os.read(controller, 10_000).decode()
    finally:
        os.close(terminal)
        os.close(controller)
    assert "entries" in shown
    assert "100%" in shown
    assert json.loads(done.stdout)["verdict"] == "consistent, signer not authenticated"


def test_a_bundle_on_a_pipe_is_refused_as_it_cannot_be_read_in_several_places(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [*COMMAND, "verify", "/dev/stdin"],
        input=small_bundle().pack(),
        capture_output=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert b"no regular file" in done.stderr
