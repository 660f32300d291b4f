"""The page of the demonstration in a real browser: what is done in one column is seen in the others."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.demo.browser import Column, browser, state
from tests.demo.running import demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PICTURE = os.environ.get("QANTARA_PICTURE")
"""Where to save the README's picture; test runs keep it to themselves otherwise."""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(driver: WebDriver, tmp_path: Path) -> Iterator[WebDriver]:
    """A fresh demonstration, open in the browser."""
    with demo(tmp_path) as running:
        driver.get(running.address)
        state(driver, "running")
        yield driver
        complaints = [entry["message"] for entry in driver.get_log("browser")]
        driver.get("about:blank")
    assert not complaints


@pytest.fixture
def irc(page: WebDriver) -> Column:
    return Column(page, "irc")


@pytest.fixture
def matrix(page: WebDriver) -> Column:
    return Column(page, "matrix")


@pytest.fixture
def telegram(page: WebDriver) -> Column:
    return Column(page, "telegram")


def test_what_is_typed_in_a_column_appears_in_the_others(irc: Column, matrix: Column, telegram: Column) -> None:
    irc.say("hello from here")
    for other in (matrix, telegram):
        other.shows_from("Ada", "hello from here")
    telegram.say("and **from** there", person="Zoe")
    for other in (irc, matrix):
        other.shows_from("Zoe", "and from there")
        assert other.part("and from there", "strong:last-of-type") == "from"


def test_an_answer_an_edit_a_reaction_and_a_deletion_are_made_with_the_buttons(
    page: WebDriver, irc: Column, matrix: Column, telegram: Column
) -> None:
    matrix.say("The bakery opens at 9")
    for other in (irc, telegram):
        other.shows_from("Ben", "The bakery opens at 9")
    irc.press("opens at 9", "reply")
    irc.say("Too late for me")
    matrix.shows_from("Ada", "Too late for me")
    assert matrix.part("Too late for me", ".answers") == "Ben: The bakery opens at 9"

    telegram.press("opens at 9", "react", ".palette button")
    for column in (matrix, telegram):
        assert column.part("opens at 9", ".reaction") == "👍 1"
    irc.until(lambda: "👍" in irc.element(".log").text, "the reaction, in its own way")

    matrix.press("opens at 9", "edit")
    field = matrix.element(".text")
    assert field.get_attribute("value") == "The bakery opens at 9"
    field.send_keys(Keys.BACKSPACE, "8", Keys.ENTER)
    telegram.shows_from("Ben", "The bakery opens at 8")
    telegram.lacks("opens at 9")
    assert matrix.part("opens at 8", ".edited") == "edited"

    matrix.press("opens at 8", "delete")
    for column in (matrix, telegram):
        column.lacks("opens at 8")


def test_quick_typing_sends_each_message_once_and_in_order(irc: Column, matrix: Column) -> None:
    irc.element(".text").send_keys("one", Keys.ENTER, Keys.ENTER, "two", Keys.ENTER, "three", Keys.ENTER)
    matrix.shows("three")
    assert matrix.words() == ["one", "two", "three"]


def test_what_a_platform_refuses_comes_back_to_be_changed(page: WebDriver, irc: Column) -> None:
    irc.say("as the bridge itself", person="bridge")
    irc.until(lambda: irc.element(".text").get_attribute("value") == "as the bridge itself", "the words again")
    assert "does not let a person" in page.find_element(By.ID, "problem").text
    assert irc.words() == []
    page.get_log("browser")  # the refused request is told of there


def test_only_buttons_that_the_platform_and_the_message_allow_are_there(irc: Column, matrix: Column) -> None:
    irc.say("one of ours")
    matrix.say("one of theirs")
    irc.shows("one of theirs")
    matrix.shows("one of ours")
    assert irc.buttons("one of ours") == {"reply", "react"}
    assert matrix.buttons("one of ours") == {"reply", "react"}
    assert matrix.buttons("one of theirs") == {"reply", "react", "edit", "delete"}


def test_nothing_crosses_while_the_bridge_is_dead_and_it_crosses_after_the_start(
    page: WebDriver, irc: Column, matrix: Column, telegram: Column
) -> None:
    matrix.say("while it lives")
    for other in (irc, telegram):
        other.shows("while it lives")
    page.find_element(By.ID, "kill").click()
    state(page, "stopped")
    assert "dead" in page.find_element(By.ID, "state").text
    matrix.say("while it is dead")
    telegram.say("here as well", person="Cleo")
    matrix.shows("while it is dead")
    telegram.shows("here as well")
    assert not [words for words in irc.words() if "dead" in words or "as well" in words]
    assert not [words for words in telegram.words() if "dead" in words]
    page.find_element(By.ID, "start").click()
    state(page, "running")
    for other in (irc, telegram):
        other.shows_from("Ben", "while it is dead")
    for other in (irc, matrix):
        other.shows_from("Cleo", "here as well")


def test_what_people_write_is_words_and_never_markup(page: WebDriver, matrix: Column, telegram: Column) -> None:
    attack = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    telegram.say(attack, person="<b>Eve</b>")
    telegram.shows(attack)
    matrix.shows(attack)
    matrix.press(attack, "reply")
    assert attack[:20] in matrix.element(".about-text").text
    assert not page.find_elements(By.CSS_SELECTOR, "main img, main script, main b")
    assert page.title == "Qantara: linked rooms"


def test_the_other_rooms_are_one_press_away_and_linked_too(page: WebDriver, irc: Column, matrix: Column) -> None:
    irc.say("in the lobby")
    matrix.shows("in the lobby")
    page.find_element(By.CSS_SELECTOR, '[data-link="garden"]').click()
    assert matrix.words() == []
    irc.say("in the garden")
    matrix.shows_from("Ada", "in the garden")
    page.find_element(By.CSS_SELECTOR, '[data-link="lobby"]').click()
    matrix.shows("in the lobby")
    matrix.lacks("in the garden")


def test_who_writes_in_private_is_answered_from_the_room_of_the_desk(page: WebDriver, matrix: Column) -> None:
    page.find_element(By.CSS_SELECTOR, '[data-link="desk"]').click()
    for account in ("messenger", "viber", "whatsapp"):
        person, question, answer = Column(page, account), f"Are you open today? ({account})", f"Until six. ({account})"
        assert not person.element(".person").is_enabled(), "it is one person's conversation"
        person.say(question)
        matrix.shows(question)
        assert matrix.part(question, ".answers"), "it stands in a thread"
        matrix.say(f"who answers {account}?")
        matrix.press(question, "reply")
        matrix.say(answer)
        person.shows(answer)
        person.lacks("who answers")
    if PICTURE:
        assert page.save_screenshot(str(Path(PICTURE).with_name("desk.png")))


def test_the_keyboard_is_enough(page: WebDriver, irc: Column, matrix: Column, telegram: Column) -> None:
    irc.say("answer me")
    matrix.shows("answer me")
    matrix.element(".log").send_keys(Keys.TAB, Keys.ENTER)
    matrix.until(lambda: page.switch_to.active_element == matrix.element(".text"), "the field to write in")
    assert matrix.element(".about").is_displayed()
    ActionChains(page).send_keys("with pleasure", Keys.ENTER).perform()
    irc.shows("with pleasure")
    assert telegram.part("with pleasure", ".answers") == "Bridge: Ada: answer me"


def test_the_picture_of_the_readme(
    page: WebDriver, irc: Column, matrix: Column, telegram: Column, tmp_path: Path
) -> None:
    irc.say("Good morning! Does the bridge hold today?")
    telegram.shows("Good morning!")
    matrix.press("Good morning!", "reply")
    matrix.say("It does. I killed it twice, **nothing** was lost. Try `make demo`!")
    telegram.shows("was lost")
    telegram.say("Lovely. Shall we meet at 10 in the garden?")
    irc.shows("meet at 10")
    irc.press("was lost", "react", ".palette button:nth-child(3)")
    assert telegram.part("was lost", ".reaction") == "🎉 1"
    telegram.press("meet at 10", "edit")
    telegram.element(".text").send_keys(Keys.CONTROL, "a")
    telegram.element(".text").send_keys("Lovely. Shall we meet at 11 in the garden?", Keys.ENTER)
    matrix.shows("meet at 11")
    irc.say("نعم، بكل سرور 🌿")
    matrix.shows("بكل سرور")
    telegram.shows("بكل سرور")
    telegram.point_at("meet at 11")
    picture = Path(PICTURE) if PICTURE else tmp_path / "demo.png"
    assert page.save_screenshot(str(picture))
    assert picture.stat().st_size > 20_000
