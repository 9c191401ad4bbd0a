# SPDX-License-Identifier: MIT
"""WebKit through Selenium: Playwright drives only a WebKit of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver import ActionChains, Remote
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from urllib3.exceptions import HTTPError

# For the head of each page, before the banner's tag. The nonce is for pages with a strict policy.
WATCH = """<script nonce="n1">
    window.problems = [];
    addEventListener("error", (event) => event.message && problems.push(event.message));
    addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
    addEventListener("securitypolicyviolation", (event) => problems.push("policy: " + event.violatedDirective));
    console.error = (...words) => problems.push(words.join(" "));
</script>"""
WHERE = {"region": "section", "dialog": "dialog", "button": "button", "checkbox": "input"}


@contextmanager
def screen() -> Iterator[str]:
    """The name of a display that nobody sees, of a number that is free."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24"]
    quiet = subprocess.DEVNULL
    with (
        open(reading) as numbers,  # open as long as the server: it may write more than once
        subprocess.Popen(
            [*command, "-nolisten", "tcp"],
            pass_fds=[writing],
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
        ) as server,
    ):
        os.close(writing)
        try:
            number = numbers.readline().strip()
            assert number, "Xvfb did not start"
            yield f":{number}"
        finally:
            server.terminate()


class WebKit:
    """A visitor's browser, fresh. Has of Playwright's page what the shop's waits need."""

    def __init__(self, driver: str, display: str) -> None:
        # A group of its own: a browser that hangs outlives its driver otherwise.
        self._service = Service(
            driver,
            env={**os.environ, "DISPLAY": display},
            popen_kw={"start_new_session": True},
        )
        self._service.start()
        self.problems: list[str] = []
        try:
            options = Options()
            options.add_argument("--automation")
            config = ClientConfig(remote_server_addr=self._service.service_url, timeout=60)
            self.driver = Remote(RemoteConnection(client_config=config), options=options)
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        try:
            self._hear()
            self.driver.quit()
        except (WebDriverException, HTTPError) as error:
            self.problems.append(f"WebKit does not end: {error}")
        finally:
            self._end()

    def _end(self) -> None:
        group = self._service.process.pid
        self._service.stop()
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def _hear(self) -> None:
        """Takes down what went wrong in this page."""
        self.problems += self.evaluate("window.problems?.splice(0) || []")

    # As Playwright's page

    def evaluate(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def wait_for_timeout(self, timeout_ms: int) -> None:
        time.sleep(timeout_ms / 1000)

    def goto(self, url: str) -> None:
        self._hear()
        self.driver.get(url)

    def reload(self) -> None:
        self._hear()
        self.driver.refresh()

    # What the visitor sees and does

    def seen(self, role: str, name: str = "", within: WebElement | None = None) -> list[WebElement]:
        """What is shown and has this role and (unless it is "") name, as a screen reader is told."""

        def is_meant(element: WebElement) -> bool:
            try:
                if not element.is_displayed() or element.aria_role != role:
                    return False
                return name in ("", element.accessible_name)
            except StaleElementReferenceException:
                return False  # it went away meanwhile

        every = (within or self.driver).find_elements(By.CSS_SELECTOR, WHERE[role])
        return [element for element in every if is_meant(element)]

    def the(self, role: str, name: str = "", within: WebElement | None = None) -> WebElement:
        """The only one; waits for it."""
        deadline = time.monotonic() + 10
        while True:
            found = self.seen(role, name, within)
            if len(found) == 1:
                return found[0]
            assert time.monotonic() < deadline, f"no single {role} {name!r} in sight"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()
