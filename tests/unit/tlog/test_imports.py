# SPDX-License-Identifier: MIT
"""What loading the pure part costs: an auditor's verifier has to start fast."""

import subprocess
import sys


def loaded_after(statement):
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_pure_part_loads_no_web_framework_no_database_and_nothing_else_of_the_ledger():
    loaded = loaded_after(
        "import consent_ledger.tlog.proof_file, consent_ledger.tlog.cosignature, "
        "consent_ledger.tlog.prover, consent_ledger.tlog.receipts"
    )
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {"flask", "peewee", "marshmallow", "click", "cryptography"}
    ours = {name for name in loaded if name.startswith("consent_ledger.")}
    assert all(name.startswith("consent_ledger.tlog") for name in ours)


def test_cryptography_is_loaded_with_the_first_signature():
    loaded = loaded_after(
        "from consent_ledger.tlog.note import VerifierKey; "
        "VerifierKey('name', bytes(32)).is_signed('text', bytes(64))"
    )
    assert "cryptography" in loaded
