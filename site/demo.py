# SPDX-License-Identifier: MIT
"""The demo: a real ledger, the Meridian site and its third parties, on three origins.

`make run` starts it. Browsers resolve names that end in .localhost themselves, and count the
three names as different sites; Python does not resolve them, so this program uses 127.0.0.1.
"""

import argparse
import errno
import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from ledger import SITE, DemoError, Ledger, audit_key, prepare, publish, run, run_ledger
from stop import Stop
from vendors import Vendors
from web import Site

HERE = Path(__file__).parent
ROOT = HERE.parent
DEFAULT_PORTS = {"ledger": 8470, "site": 8471, "vendors": 8472}
NAMES = {"ledger": "ledger", "site": "meridian", "vendors": "vendors"}
# What of this folder the visitor may see.
PAGES = ("*.html", "assets/*")

Server = TypeVar("Server", bound=ThreadingHTTPServer)


def main(arguments: list[str] | None = None) -> int:
    options = read_options(arguments)
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with ExitStack() as stack:
            start(options, stack, stop)
    except DemoError as error:
        # Ctrl-C reaches the commands under way too; then their failing is no news.
        if not stop.is_set():
            print(error, file=sys.stderr)
            return 1
    return 0


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make run ARGS=...", description="Start the demo; Ctrl-C ends it."
    )
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".demo", help="where everything is kept"
    )
    for name, port in DEFAULT_PORTS.items():
        parser.add_argument(
            f"--{name}-port", type=port_number, default=port, help=f"default {port}; 0: a free one"
        )
    parser.add_argument(
        "--json-ready", type=Path, metavar="FILE", help="write the addresses here once all answer"
    )
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a port from 0 to 65535")
    return int(text)


def start(options: argparse.Namespace, stack: ExitStack, stop: Stop) -> None:
    """Starts everything, says where it is, and waits until it should end."""
    data = options.data.resolve()
    claim(data, stack)
    site = listen(Site, "site", options.site_port)
    stack.callback(site.server_close)
    vendors = listen(Vendors, "vendors", options.vendors_port)
    stack.callback(vendors.server_close)
    ports = {
        "ledger": free_port(options.ledger_port),
        "site": site.server_port,
        "vendors": vendors.server_port,
    }
    urls = {name: f"http://{NAMES[name]}.localhost:{port}" for name, port in ports.items()}

    prepare(data / "ledger", urls["site"])
    www, build = write_site(data, ports)
    # Published where visitors save their receipts, as an owner does.
    write_whole(www / "log-key.txt", run_ledger(data / "ledger", "signing-key", "show", SITE))
    publish(data / "ledger", build)
    key_file = audit_key(data)
    if stop.is_set():
        return

    site.show(www, urls["ledger"], urls["vendors"])
    for server in (site, vendors):
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        stack.callback(server.shutdown)
    process = Ledger(data, ports["ledger"])
    stack.callback(process.stop)
    process.wait_until_ready(stop)
    if stop.is_set():
        return

    if options.json_ready:
        ready = {
            **urls,
            "ports": ports,
            "site_id": SITE,
            "data": str(data),
            "audit_key_file": str(key_file),
            "ledger_pid": process.process.pid,
        }
        write_whole(options.json_ready, json.dumps(ready, indent=2))
    print(welcome(urls, data, key_file), flush=True)
    while not stop.wait(0.25):
        process.check()
    print("\nStopped. The records are kept; make run shows them again.", flush=True)


def claim(data: Path, stack: ExitStack) -> None:
    """Takes the data folder for this process alone."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = stack.enter_context((data / "lock").open("w"))
    except OSError as error:
        raise DemoError(
            f"{data} cannot be written ({error.strerror}): choose another folder with --data"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise DemoError(
            f"Another demo is running on {data}: end it, or choose another folder with --data"
        ) from None


def listen(kind: type[Server], name: str, port: int) -> Server:
    try:
        return kind(port)
    except OSError as error:
        raise port_error(name, port, error) from None


def free_port(port: int) -> int:
    """*port* if nobody listens there, or a free one for 0; the ledger itself binds it later."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise port_error("ledger", port, error) from None
        return probe.getsockname()[1]


def port_error(name: str, port: int, error: OSError) -> DemoError:
    why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
    return DemoError(
        f"Port {port} {why}: end what uses it, or choose another port with"
        f" make run ARGS='--{name}-port {port + 10 if port < 65000 else 0}'"
    )


def write_site(data: Path, ports: dict[str, int]) -> tuple[Path, Path]:
    """The pages and the built banner, with the addresses of *ports* in them.

    Returns: the folder to serve, and the folder of the build.
    """
    www, build = data / "www", data / "build"
    for folder in (www, build):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    for pattern in PAGES:
        for source in HERE.glob(pattern):
            copy_with_ports(source, www / source.relative_to(HERE), ports)
    copy_with_ports(HERE / "banner.toml", build / "banner.toml", ports)
    pages = [word for name in ("cookies", "choices") for word in ("--insert", www / f"{name}.html")]
    run("consent-banner", "build", build / "banner.toml", "--out", build, *pages)
    for file in (build / "notice.json", *build.glob("*.js")):
        shutil.copy(file, www)
    return www, build


def copy_with_ports(source: Path, target: Path, ports: dict[str, int]) -> None:
    """Copies a text file; where it names one of the three addresses, with the port in use."""
    text = source.read_text(encoding="utf-8")
    for name, port in ports.items():
        for host in (f"{NAMES[name]}.localhost", "127.0.0.1"):
            text = text.replace(f"{host}:{DEFAULT_PORTS[name]}", f"{host}:{port}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def write_whole(path: Path, text: str) -> None:
    """Writes *path* so that a reader sees all of it or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def welcome(urls: dict[str, str], data: Path, key_file: Path) -> str:
    by_address = urls["ledger"].replace("ledger.localhost", "127.0.0.1")
    export = f"{by_address}/v1/sites/{SITE}/export"
    return f"""
Consent Ledger is running.

  The site            {urls["site"]}
  Its third parties   {urls["vendors"]}
  The ledger          {urls["ledger"]}/openapi.json

Try this:
  1. Open the site. Look at the third parties: nothing has reached them.
  2. Choose Customise, allow one service, save. Look at the third parties again.
  3. Change a setting on the dashboard, with and without consent, and load the page again.
  4. Open "Your choices": what is in force, and what the ledger holds. Save a receipt.
  5. Change your mind with "Cookie choices" or "Withdraw consent" at the foot of any page.
     Or be forgotten, under "Your choices"; the receipt still holds.
  6. As an auditor, list every record:
     curl -H "Authorization: Bearer $(cat {shown(key_file)})" {export}

Everything is kept in {shown(data)}. Ctrl-C ends it."""


def shown(path: Path) -> str:
    """*path* as short as it can be written here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
