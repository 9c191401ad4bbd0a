# SPDX-License-Identifier: MIT
"""Builds the wheel, and uses what it installs as a new user would.

As a program: installs the wheel in a clean environment outside the tree and starts both commands.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
# What the package is made from; the rest of the tree (environments, demo data) stays out.
PARTS = ("backend", "banner", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")


class CommandError(AssertionError):
    """A command of the installed package did not do what it should."""


def build_wheel(folder: Path) -> Path:
    """The wheel of this tree, in *folder*. Works on a copy: the tree may be in use."""
    copy = folder / "source"
    copy.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignore)
        else:
            shutil.copy(source, copy)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(copy)], folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def run(line: list[str], folder: Path, env: dict[str, str] | None = None) -> str:
    """Standard output. Raises: CommandError with everything the command said."""
    answer = subprocess.run(
        line, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    if answer.returncode != 0:
        said = answer.stdout + answer.stderr
        raise CommandError(f"{' '.join(line)} ended with {answer.returncode}:\n{said}")
    return answer.stdout


def use_both_commands(
    banner: list[str], ledger: list[str], folder: Path, env: dict[str, str] | None = None
) -> None:
    """A new owner's first quarter of an hour: configure, build, add the site, publish, serve.

    *banner* and *ledger* are the beginnings of the two command lines.
    """

    def step(line: list[str], *arguments: str) -> str:
        print(" ", Path(line[0]).name, *arguments, flush=True)
        return run([*line, *arguments], folder, env)

    step(banner, "init")
    toml = folder / "banner.toml"
    step(banner, "check")
    step(banner, "build")
    for name in ("consent.js", "notice.json", "build.json"):
        if not (folder / "dist" / name).stat().st_size:
            raise CommandError(f"consent-banner build wrote an empty {name}")
    site_id, origin = site_of(toml)
    step(ledger, "init")
    step(ledger, "site", "add", site_id, "--name", "First site", "--origin", origin)
    step(ledger, "publish", "dist")
    serve_and_stop(ledger, folder, env)
    step(ledger, "export", site_id, "-o", "all.zip")
    key = step(ledger, "signing-key", "show", site_id).strip()
    if "VERIFIED" not in step(ledger, "verify", "all.zip", "--key", key):
        raise CommandError("consent-ledger verify does not say that the export is verified")


def site_of(toml: Path) -> tuple[str, str]:
    """Site id and first origin of a banner.toml."""
    site = tomllib.loads(toml.read_text(encoding="utf-8"))["site"]
    return site["id"], site["origins"][0]


def serve_and_stop(ledger: list[str], folder: Path, env: dict[str, str] | None) -> None:
    """Starts the server, waits until it is healthy, ends it, and expects an orderly end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [*ledger, "serve", "--host", "127.0.0.1", "--port", str(port)]
    print(" ", Path(line[0]).name, *line[1:], flush=True)
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(line, cwd=folder, env=env, stdout=out, stderr=out)
    try:
        wait_until_healthy(process, port, log)
        process.terminate()
        if process.wait(30) != 0:
            raise CommandError(f"serve ended with {process.returncode}:\n{log.read_text()}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until_healthy(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise CommandError(f"serve did not answer:\n{log.read_text()}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="consent-ledger-") as name:
        folder = Path(name)
        print("Building the wheel", flush=True)
        wheel = build_wheel(folder / "wheel")
        print(f"Installing {wheel.name} in a clean environment", flush=True)
        home = folder / "venv"
        venv.create(home, with_pip=True)
        python = str(home / "bin" / "python")
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        run([*pip, "install", str(wheel)], folder, env)
        print("Using both commands", flush=True)
        work = folder / "work"
        work.mkdir()
        commands = [[str(home / "bin" / c)] for c in ("consent-banner", "consent-ledger")]
        use_both_commands(*commands, work, env)
    print("The installed wheel works")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandError as error:
        sys.exit(str(error))
