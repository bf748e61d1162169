"""A headless Chromium that opens reports from disk, and what it says of them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 20.0


class Browser:
    """One window; ``driver`` is Selenium's."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, file: Path, route: str = "/overview") -> None:
        """Opens a report anew at a part of it, and waits until that is drawn."""
        self.driver.get("about:blank")
        self.driver.get(f"{file.resolve().as_uri()}#{route}")
        self.wait_for(route.strip("/").partition("/")[0].partition("?")[0])

    def go(self, route: str) -> None:
        """Follows a link within the report."""
        before = self.run("return document.documentElement.dataset.ready")
        self.run("location.hash = arguments[0]", f"#{route}")
        self.until(f"document.documentElement.dataset.ready !== {json.dumps(before)}")

    def wait_for(self, part: str) -> None:
        self.until(f'(document.documentElement.dataset.ready || "").startsWith({json.dumps(part + " ")})')

    def until(self, condition: str) -> None:
        """Waits until the JavaScript ``condition`` holds."""
        end = time.monotonic() + SECONDS
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < end, f"{condition} does not hold after {SECONDS:g} s; {self.errors()}"
            time.sleep(0.02)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str = "main") -> str:
        return str(self.run("return document.querySelector(arguments[0])?.innerText || ''", selector))

    def all(self, selector: str) -> list[str]:
        """The texts of the elements that match, seen or not."""
        return list(self.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector))

    def click(self, selector: str) -> None:
        self.run(
            "const e = document.querySelector(arguments[0]);"
            "e.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window }))",
            selector,
        )

    def press(self, *keys: str) -> None:
        """Presses keys where the focus is."""
        from selenium.webdriver import ActionChains

        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def errors(self) -> list[str]:
        """What the page logged since the last call: errors, also of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last call, from the log of the network."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def violations(self, axe: str) -> list[str]:
        """What axe-core finds serious or critical in what is shown."""
        self.run(axe)
        found = self.driver.execute_async_script("axe.run({ resultTypes: ['violations'] }).then(arguments[0])")
        assert found["passes"]
        return [
            f"{one['impact']}: {one['id']}: {one['nodes'][0]['html'][:120]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]


def program() -> str | None:
    """Where Chromium is, if its driver is there too."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found if shutil.which("chromedriver") else None


@contextmanager
def browser(
    folder: Path, *, width: int = 1400, height: int = 950, dark: bool = False, phone: bool = False
) -> Iterator[Browser]:
    """A window; downloads go to ``folder``."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program() or ""
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", f"window-size={width},{height}"):
        options.add_argument(f"--{argument}")
    options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        if phone:
            size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield Browser(driver)
    finally:
        driver.quit()
