"""The operator's page as its user handles it."""

from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

_PATIENCE_SECONDS = 20.0
_CHANGING = (StaleElementReferenceException, NoSuchElementException, StopIteration)


class Board:
    """What is seen, found by ids of the page, and what is pressed."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, fact: Callable[[], Any], what: str) -> Any:  # noqa: ANN401 - whatever the fact is
        """Wait for a fact; the failure says what was there instead."""
        return WebDriverWait(self.driver, _PATIENCE_SECONDS, poll_frequency=0.05, ignored_exceptions=_CHANGING).until(
            lambda _: fact(), f"not {what}"
        )

    def sign_in(self, token: str) -> None:
        field = self.until(
            lambda: self.one("#token") if self.one("#token").is_displayed() else None, "asked for a token"
        )
        field.send_keys(token, Keys.ENTER)

    def shows(self, selector: str, words: str) -> None:
        """Wait until that part of the page holds these words."""
        self.until(lambda: words in self.words(selector), f"{words} in {selector}")

    def lacks(self, selector: str, words: str) -> None:
        self.until(lambda: words not in self.words(selector), f"without {words} in {selector}")

    def words(self, selector: str) -> str:
        return self.one(selector).text

    def press(self, selector: str) -> None:
        self.until(lambda: self._pressed(self.one(selector)), f"pressed {selector}")

    def _pressed(self, element: WebElement) -> bool:
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        return True

    def answer(self, word: str) -> None:
        """Yes or no to what the page asks."""
        self.until(lambda: self.one("#ask").is_displayed(), "asked")
        self.press(f"#ask-{word}")

    def complaints(self) -> list[str]:
        """What the browser noted since it was asked last: a script stopped, a rule broken, a call refused."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "DEBUG"]

    def looks(self, scheme: str, width: int) -> None:
        """Look at it in this colour scheme and at this width."""
        wanted = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wanted.items()]
        self._tell("Emulation.setEmulatedMedia", {"features": features})
        sizes = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._tell("Emulation.setDeviceMetricsOverride", sizes)

    def _tell(self, command: str, parameters: dict[str, Any]) -> None:
        self.driver.execute_cdp_cmd(command, parameters)  # type: ignore[attr-defined] # Chromium's own

    def faint(self) -> list[str]:
        """Words whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""
        found: list[str] = self.driver.execute_script(_FAINT)
        return found


_FAINT = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgb = (colours) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const light = (colour) => {
  const linear = (one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = colour.map((one) => linear(one / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (node) => {
  const colours = [];
  for (let one = node; one; one = one.parentElement) colours.unshift(getComputedStyle(one).backgroundColor);
  return ["#fff", ...colours];
};
const found = [];
for (const node of document.querySelectorAll("body *")) {
  const words = [...node.childNodes].filter((one) => one.nodeType === 3 && one.textContent.trim());
  if (!words.length || !node.checkVisibility() || node.matches("option, noscript *")) continue;
  const ground = behind(node);
  const [ink, paper] = [light(rgb([...ground, getComputedStyle(node).color])), light(rgb(ground))];
  const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  if (ratio < 4.5) found.push(`${words[0].textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
}
return found;
"""
