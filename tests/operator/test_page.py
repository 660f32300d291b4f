"""The operator's page in a real browser: what it shows, what its buttons do, who gets in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from tests.demo.browser import browser
from tests.operator import story
from tests.operator.board import Board
from tests.operator.lab import TOKEN, Lab, lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PICTURES = os.environ.get("QANTARA_PICTURES")
"""The folder where to save the picture for the docs; test runs keep it to themselves otherwise."""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with browser(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path, story.PLACES, story.LINKS) as one:
        one.do(story.play(one))
        yield one


def opened(driver: WebDriver, lab: Lab) -> Board:
    driver.get(lab.address)
    board = Board(driver)
    board.complaints()  # of the tests before
    return board


@pytest.fixture
def board(driver: WebDriver, busy: Lab) -> Iterator[Board]:
    """Signed in; afterwards nothing that the browser complained of."""
    one = opened(driver, busy)
    one.sign_in(TOKEN)
    one.shows("#needs", "parked")
    yield one
    assert TOKEN not in driver.current_url
    complaints = one.complaints()
    driver.get("about:blank")
    assert not complaints


def test_at_a_glance_it_says_what_needs_the_operator(board: Board) -> None:
    needs = board.words("#needs")
    assert "Account attic is stopped\nthe token is refused\nGet new credentials" in needs
    assert "Account harbour is down\nconnection refused\nNothing, at first" in needs
    assert "Room town/news is held\nwe may not write here" in needs
    assert "Room home/garden waits for your word" in needs
    assert "Room town/garden has 2 parked deliveries" in needs
    assert board.words("#state-words") == "5 things need you"
    tiles = board.words("#tiles").split("\n")
    assert dict(zip(tiles[::2], tiles[1::2], strict=True)) | {"oldest waiting": ""} == {
        "waiting": "6", "oldest waiting": "", "held": "1", "parked": "2", "delivered": "13",
    }  # fmt: skip
    assert "home" in board.words("#accounts")
    links = board.words("#links")
    assert "lobby" in links
    assert "everyone hears everyone" in links
    assert "one way" in links
    assert "3 waiting" in links
    assert "nobody sees" not in board.one("body").text
    assert "Accepted is the sum of all the others" in board.words("#sum")


def test_an_announcement_that_needs_somebody_is_shown_with_what_to_do(driver: WebDriver, tmp_path: Path) -> None:
    with lab(tmp_path, {"home": ("lobby", "press"), "town": ("lobby", "news")}, story.ANNOUNCING) as one:
        one.do(story.announce(one))
        board = opened(driver, one)
        board.sign_in(TOKEN)
        board.shows("#needs", "announcement 1 may have reached 1 on town, or not: nobody knows")
        assert "!resend 1 sends it to them again" in board.words("#needs")
        board.shows("#announcements", "town: 1 unknown")
        assert not board.complaints()
        driver.get("about:blank")


def test_parked_deliveries_are_found_retried_and_dropped(board: Board, busy: Lab) -> None:
    assert len(board.all("#parked > li")) == 2
    board.one("#find").send_keys("too long")
    board.until(lambda: len(board.all("#parked > li")) == 1, "one that fits")
    board.press('#parked [data-do="retry"]')
    board.shows("#done", "1 delivery in line again")
    board.one("#find").send_keys(Keys.CONTROL, "a", Keys.BACKSPACE)
    board.until(lambda: len(board.all("#parked > li")) == 1, "the other one")
    board.press('#parked [data-do="drop"]')
    board.shows("#ask", "forgotten for good")
    board.answer("no")
    assert len(board.all("#parked > li")) == 1
    board.press('#parked [data-do="drop"]')
    board.answer("yes")
    board.shows("#none-parked", "Nothing is parked")
    assert not busy.do(busy.bridge.parked())
    board.until(lambda: "parked" not in board.words("#needs"), "one need less")


def test_all_of_a_room_go_at_once(board: Board, busy: Lab) -> None:
    board.press('#needs [data-do="look"]')
    assert board.one("#of-room").get_attribute("value") == "town/garden"
    board.press("#retry-all")
    board.answer("yes")
    board.shows("#done", "2 deliveries in line again")
    board.shows("#none-parked", "Nothing is parked")
    assert not busy.do(busy.bridge.parked())


def test_the_life_of_a_message_is_told(board: Board) -> None:
    board.press('#parked [data-do="life"]')
    board.shows("#life", "by Ada in home/garden")
    assert "post parked" in board.words("#life")
    board.one("#what").send_keys(Keys.CONTROL, "a")
    board.one("#what").send_keys("no/such?id=1#x", Keys.ENTER)
    board.shows("#life", "no message has this number or id")
    board.complaints()  # the browser notes the 404


def test_a_room_that_moved_is_followed_after_asking(board: Board, busy: Lab) -> None:
    board.press('#needs [data-do="follow"]')
    board.shows("#ask", "ask somebody you trust")
    board.answer("no")
    board.press('#needs [data-do="stay"]')
    board.answer("yes")
    board.shows("#done", "The room is entered there")
    board.lacks("#needs", "waits for your word")
    assert busy.bridge.lane("home/garden").state.followed is not None


def test_it_renews_itself_and_keeps_what_is_being_done(board: Board, busy: Lab) -> None:
    """What did not change stays the same element; a field keeps its words and its focus."""
    drop = board.one('#parked > li:last-child [data-do="drop"]')
    ActionChains(board.driver).move_to_element(board.one("#find")).click().send_keys("n").perform()
    busy.do(busy.platforms["home"].say("lobby", "Ada", story.said("one more")))
    board.shows("#tiles", "delivered\n14")
    assert board.driver.switch_to.active_element == board.one("#find")
    assert board.one("#find").get_attribute("value") == "n"
    assert drop.is_displayed()


def test_the_keyboard_is_enough(driver: WebDriver, busy: Lab) -> None:
    board = opened(driver, busy)
    board.until(lambda: driver.switch_to.active_element == board.one("#token"), "the field to begin with")
    keys = ActionChains(driver)
    keys.send_keys(TOKEN, Keys.ENTER).perform()
    board.shows("#needs", "parked")
    assert driver.switch_to.active_element == board.one("#needs-title")
    for _ in range(60):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        if driver.switch_to.active_element.get_attribute("aria-label") == "Drop delivery 10 to town/garden":
            break
    ActionChains(driver).send_keys(Keys.ENTER).perform()
    board.until(lambda: driver.switch_to.active_element == board.one("#ask-no"), "the safe answer first")
    ActionChains(driver).send_keys(Keys.TAB, Keys.ENTER).perform()
    board.until(lambda: len(board.all("#parked > li")) == 1, "it is gone")
    board.until(lambda: driver.switch_to.active_element == board.one("#parked-title"), "a place to go on from")
    assert not board.complaints()


def test_a_wrong_token_is_told_and_the_right_one_leaves_no_trace(driver: WebDriver, busy: Lab) -> None:
    board = opened(driver, busy)
    for wrong in ("wrong", "ключ от моста", "x" * 500):
        board.sign_in(wrong)
        board.shows("#problem", "does not know this token")
        board.until(lambda: board.one("#token").get_attribute("value") == "", "an empty field")
    assert not board.one("#board").is_displayed()
    board.sign_in(TOKEN)
    board.shows("#needs", "parked")
    driver.refresh()
    board.shows("#needs", "parked")
    kept = driver.execute_script(
        "return [document.cookie, localStorage.length, document.referrer, location.href,"
        " document.documentElement.outerHTML]"
    )
    assert kept[:3] == ["", 0, ""]
    assert not any(TOKEN in str(one) for one in kept)
    board.press("#leave")
    board.until(lambda: board.one("#token").is_displayed(), "signed out")
    assert driver.execute_script("return sessionStorage.length") == 0
    driver.refresh()
    board.until(lambda: board.one("#token").is_displayed(), "still signed out")
    assert "town/garden" not in driver.page_source


def test_a_bridge_that_ends_is_told(board: Board, busy: Lab) -> None:
    busy.do(busy.bridge.stop())
    board.shows("#problem", "does not answer")
    board.shows("#state-words", "does not answer")
    assert "from before" in board.words("#problem")
    board.complaints()  # the browser notes each call that failed


def test_it_fits_any_screen_and_can_be_read_in_light_and_dark(board: Board, tmp_path: Path) -> None:
    board.press('#parked [data-do="life"]')
    board.shows("#life", "by Ada in home/garden")
    for scheme in ("dark", "light"):
        for width in (360, 768, 1200):
            board.looks(scheme, width)
            assert board.driver.execute_script("return document.documentElement.scrollWidth") <= width
            assert board.faint() == []
    picture = (Path(PICTURES) if PICTURES else tmp_path) / "operator.png"
    board.driver.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    assert board.driver.save_screenshot(str(picture))
    assert picture.stat().st_size > 20_000


def test_names_and_buttons_are_told_to_who_cannot_see(board: Board) -> None:
    unnamed = board.driver.execute_script(
        "return [...document.querySelectorAll('button, input, select, section, dialog')]"
        ".filter((one) => one.checkVisibility())"
        ".filter((one) => !(one.ariaLabel || one.labels?.length || one.getAttribute('aria-labelledby')))"
        ".filter((one) => !one.textContent.trim())"
        ".map((one) => one.outerHTML)"
    )
    assert unnamed == []
    isolated = board.driver.execute_script("return [...document.querySelectorAll('bdi')].map((one) => one.textContent)")
    assert {"نور الدين", "town/garden", "connection refused", "lobby"} <= set(isolated)
