"""A real browser, and the page of the demonstration as its visitor handles it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_UNPACKED = Path(__file__).resolve().parents[2] / ".cache" / "browser" / "bin"
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--force-device-scale-factor=1",
    # Headless browsers have no mouse unless told; buttons that appear under the mouse would always show.
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)  # fmt: skip
_WIDTH, _HEIGHT = 1280, 800
_PATIENCE_SECONDS = 20.0
_CHANGING = (StaleElementReferenceException, NoSuchElementException, StopIteration)
"""What looking at a message may meet while the page draws it anew."""


@contextmanager
def browser(profile: Path) -> Iterator[WebDriver]:
    """Chromium with a fresh profile and a window of 1280x800."""
    options = webdriver.ChromeOptions()
    options.binary_location = _program("chromium")
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(_program("chromedriver")))
    try:
        frame = driver.execute_script("return [outerWidth - innerWidth, outerHeight - innerHeight]")
        driver.set_window_size(_WIDTH + frame[0], _HEIGHT + frame[1])
        yield driver
    finally:
        driver.quit()


def _program(name: str) -> str:
    unpacked = _UNPACKED / name
    found = str(unpacked) if unpacked.exists() else shutil.which(name)
    if found is None:
        missing = f"there is no {name}: run `python scripts/browser.py`"
        pytest.skip(missing) if os.environ.get("ALLOW_SKIP") == "1" else pytest.fail(missing)
    return found


class Column:
    """One platform's column."""

    def __init__(self, driver: WebDriver, account: str) -> None:
        self._driver, self._account = driver, account

    def element(self, selector: str = "") -> WebElement:
        """Something in it."""
        return self._driver.find_element(By.CSS_SELECTOR, f'.room[data-account="{self._account}"] {selector}')

    def say(self, words: str, person: str | None = None) -> None:
        """Type and press Enter."""
        if person is not None:
            self.element(".person").clear()
            self.element(".person").send_keys(person)
        self.element(".text").send_keys(words, Keys.ENTER)

    def message(self, words: str) -> WebElement:
        """The message that contains these words, as it is now: a change of it makes a new element."""
        found = self.element().find_elements(By.CSS_SELECTOR, ".message")
        return next(one for one in found if words in one.find_element(By.CSS_SELECTOR, ".said").text)

    def words(self) -> list[str]:
        """What the messages say."""
        script = "return [...arguments[0].querySelectorAll('.said')].map((one) => one.textContent)"
        found: list[str] = self._driver.execute_script(script, self.element())
        return found

    def shows(self, words: str) -> None:
        """Wait until some message contains these words."""
        self.until(lambda: any(words in one for one in self.words()), words)

    def shows_from(self, person: str, words: str) -> None:
        """Wait until somebody from elsewhere says these words: with their name in front, or as the author's."""
        self.shows(words)
        named = self.part(words, ".author") == person or any(f"{person}: {words}" in one for one in self.words())
        assert named, f"{person} is not named beside {words}"

    def lacks(self, words: str) -> None:
        """Wait until no message contains these words."""
        self.until(lambda: all(words not in one for one in self.words()), f"no {words}")

    def part(self, words: str, selector: str) -> str:
        """The words of a part of a message."""
        found: str = self.until(lambda: self.message(words).find_element(By.CSS_SELECTOR, selector).text, selector)
        return found

    def point_at(self, words: str) -> None:
        """Bring the mouse over a message."""
        self.shows(words)
        self.until(lambda: ActionChains(self._driver).move_to_element(self.message(words)).perform() or True, words)

    def press(self, words: str, button: str, *more: str) -> None:
        """Point at a message and press one of its buttons, then others, each told by a selector."""
        for selector in (f'[data-do="{button}"]', *more):
            self.point_at(words)
            self.until(lambda one=selector: self._pressed(words, one), selector)

    def _pressed(self, words: str, selector: str) -> bool:
        self.message(words).find_element(By.CSS_SELECTOR, selector).click()
        return True

    def buttons(self, words: str) -> set[str]:
        """The buttons that a message offers."""
        self.shows(words)
        found = self.message(words).find_elements(By.CSS_SELECTOR, "[data-do]")
        return {str(one.get_attribute("data-do")) for one in found if one.get_attribute("hidden") is None}

    def until(self, fact: Callable[[], Any], what: str) -> Any:  # noqa: ANN401 - whatever the fact is
        """Wait for a fact; the failure says what was there instead."""
        return WebDriverWait(self._driver, _PATIENCE_SECONDS, poll_frequency=0.05, ignored_exceptions=_CHANGING).until(
            lambda _: fact(), f"{self._account} shows {self.words()}, not {what}"
        )


def state(driver: WebDriver, wanted: str) -> None:
    """Wait until the line at the top says so."""
    found = driver.find_element(By.ID, "bridge")
    WebDriverWait(driver, _PATIENCE_SECONDS, poll_frequency=0.05).until(
        lambda _: found.get_attribute("data-state") == wanted, f"the bridge is not {wanted}"
    )
