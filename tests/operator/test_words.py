"""Whatever strangers call themselves, their rooms and their errors, on the operator's page it is words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from bridge.errors import Rejected, Unavailable
from bridge.ids import Place, RoomId
from bridge.testing.waiting import eventually
from bridge.text.nodes import said
from tests.demo.browser import browser
from tests.operator.board import Board
from tests.operator.lab import TOKEN, Lab, lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
"""What a stranger would like the page to run."""
LINK = "</bdi><img src=x onerror=\"document.title='taken'\">"
ROOM = f"{ATTACK}'\"&amp;${{x}}{{{{x}}}}"


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Lab]:
    room = json.dumps(f"right/{ROOM}".replace("${", "$${"))
    links = f"  {json.dumps(LINK)}: {{rooms: [left/town, {room}]}}\n  two: {{rooms: [left/garden, right/garden]}}\n"
    with lab(tmp_path, {"left": ("town", "garden"), "right": (ROOM, "garden")}, links) as one:
        one.do(_attack(one))
        yield one


async def _attack(lab: Lab) -> None:
    left, right = lab.platforms["left"], lab.bridge.connector("right")
    right.fails.append(Rejected(f"refused: {ATTACK}"))
    await left.say("town", ATTACK, said(ATTACK))
    await eventually(lab.bridge.parked)
    lab.bridge.lane(f"right/{ROOM}").state.hold_until_told(f"it says {ATTACK}", Place(RoomId(f"!{ATTACK}")))
    lab.bridge.lane("right/garden").state.hold(f"closed: {ATTACK}")
    right.connects = Unavailable(f"down: {ATTACK}")
    lab.platforms["right"].drop_connections()
    await eventually(lambda: "down: " in lab.bridge.account("right").last_error)


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[WebDriver]:
    with browser(tmp_path / "profile") as driver:
        yield driver


def test_nothing_a_stranger_wrote_becomes_markup(driver: WebDriver, hostile: Lab) -> None:
    driver.get(hostile.address)
    board = Board(driver)
    board.sign_in(TOKEN)
    board.shows("#needs", "parked")
    for place in ("#needs", "#accounts", "#links", "#parked"):
        board.shows(place, ATTACK)
    _all_is_words(board)
    board.press('#parked [data-do="life"]')
    board.shows("#life", ATTACK)
    board.press('#needs [data-do="follow"]')
    board.shows("#ask", ATTACK)
    _all_is_words(board)
    board.answer("no")
    board.press('#parked [data-do="drop"]')
    board.shows("#ask", ATTACK)
    board.answer("no")
    board.press('#needs [data-do="look"]')
    assert board.one("#of-room").get_attribute("value") == f"right/{ROOM}"
    board.one("#find").send_keys(ATTACK)
    assert len(board.all("#parked > li")) == 1
    board.one("#find").send_keys("(.*")
    board.shows("#none-parked", "Nothing that is parked fits")
    board.one("#what").send_keys(Keys.CONTROL, "a")
    board.one("#what").send_keys(f"../../{ATTACK}#?%", Keys.ENTER)
    board.shows("#life", "no message has this number or id")
    _all_is_words(board)
    assert [line for line in board.complaints() if "404" not in line] == []


def _all_is_words(board: Board) -> None:
    assert not board.all("main img, main script, dialog img, dialog script, [onerror]")
    assert "taken" not in board.driver.title


def test_the_headers_hold_even_if_the_page_were_wrong(driver: WebDriver, hostile: Lab) -> None:
    """A control: what the page never does is tried by hand, and the browser refuses it and says so."""
    driver.get(hostile.address)
    board = Board(driver)
    board.complaints()
    tries = (
        "document.body.innerHTML = '<b>x</b>'",
        "document.createElement('script').textContent = 'document.title = 1'",
        "setTimeout('document.title = 1')",
        "document.createElement('iframe').srcdoc = '<p>x'",
    )
    script = "try { " + "{}" + "; return 'done' } catch (error) { return error.name }"
    assert [driver.execute_script(script.replace("{}", one, 1)) for one in tries] == ["TypeError"] * len(tries)
    frame = (
        "const one = document.createElement('iframe'); one.src = 'https://evil.example.org/'; document.body.append(one)"
    )
    driver.execute_script(frame)
    board.until(
        lambda: any("frame" in line and "default-src" in line for line in board.complaints()), "told of the frame"
    )
    assert driver.title == "Qantara: operator"
