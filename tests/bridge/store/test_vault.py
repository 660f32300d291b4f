"""A store under a key: the same contract, nothing clear on the disk, and refused without the key."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from bridge.chance import SeededChance
from bridge.errors import BridgeError
from bridge.store.care import Decide, Deeds, Note, Ruled, Rulings
from bridge.store.ops import Delay, Hold, Park, Remember, Seal
from bridge.store.questions import Page, Parked, Recall, Twins, Wanted
from bridge.store.rows import Row
from bridge.store.sqlite import SqliteStore, StoreLocked
from bridge.store.vault import Keys
from bridge.testing.disk import Disk
from bridge.testing.store import StoreContract
from bridge.testing.store_kit import Opened

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
WORDS = ("words of", "Ada", "u1", "refused because", "thumbsup", "a plan's words", "a remembered", "closed because")


def opened(path: Path, keys: Keys | None) -> SqliteStore:
    return SqliteStore(path, SeededChance(1), keys=keys)


class TestSealed(StoreContract):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], SqliteStore]:
        return lambda: opened(tmp_path / "q.db", Keys(FIRST))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.db"


def fill(path: Path, keys: Keys | None) -> None:
    """Words in every column that may hold some."""
    there = Opened(opened(path, keys))
    first, second, third = (there.accept(there.posted(f"m{n}", words=f"words of {n}"))[0] for n in range(3))
    there.accept(there.reacted("r1", "m0", "thumbsup"))
    there.ask(Seal(row=first, plan=b"a plan's words", generation=1))
    there.ask(Park(row=second, reason="rejected", error="refused because", at=1))
    there.ask(Delay(row=third, attempts=1, next_at=1, error="refused because"))
    there.ask(Remember(account="left", name="x", value="a remembered", until=1 << 50))  # type: ignore[arg-type]
    there.ask(Hold(room=there.right, reason="closed because"))
    there.ask(Decide(kind=Ruled.MUTE, link="town", at=1, person=first.person))
    there.ask(Note(at=1, link="town", room=None, actor="Ada", did="mute", about="Ada"))
    there.store.close()


def read(path: Path, keys: Keys | None) -> tuple[object, ...]:
    """What `fill` put there, as the store answers it."""
    there = Opened(opened(path, keys))
    rows: list[Row] = there.ask(Page(there.right, 0))  # type: ignore[arg-type]
    (parked,) = there.ask(Parked())
    found = (
        [row.event for row in rows], rows[0].plan, (parked.author, parked.error),
        there.ask(Twins(there.right, (1,)))[1],  # type: ignore[arg-type]
        [(one.actor, one.about) for one in there.ask(Deeds())], [one.name for one in there.ask(Rulings())],
        there.ask(Wanted(1, there.right)).wanted, there.ask(Recall("left", "x", 0)),  # type: ignore[arg-type]
    )  # fmt: skip
    there.store.close()
    return found


def clear(path: Path) -> list[str]:
    """The words that can be read in any file beside the store."""
    content = b"".join(entry.read_bytes() for entry in path.parent.iterdir() if entry.is_file())
    return [word for word in WORDS if word.encode() in content]


def test_without_a_key_the_words_are_there_to_find(path: Path) -> None:
    fill(path, None)
    assert clear(path) == list(WORDS)


def test_with_a_key_none_of_the_words_is_there(path: Path) -> None:
    fill(path, Keys(FIRST))
    assert clear(path) == []
    events, plan, *_ = read(path, Keys(FIRST))
    assert plan == b"a plan's words"
    assert "words of 0" in str(events)


def test_a_key_for_a_clear_store_seals_it_and_leaves_nothing(path: Path) -> None:
    fill(path, None)
    before = read(path, None)
    sealed = opened(path, Keys(FIRST))
    assert clear(path) == []
    sealed.close()
    assert read(path, Keys(FIRST)) == before


def test_another_key_seals_it_anew_and_the_old_one_is_not_needed_any_more(path: Path) -> None:
    fill(path, Keys(FIRST))
    before = read(path, Keys(FIRST))
    assert read(path, Keys(SECOND, (FIRST,))) == before
    assert read(path, Keys(SECOND)) == before
    with pytest.raises(StoreLocked):
        opened(path, Keys(FIRST))


def test_somebody_is_known_again_after_the_key_was_changed(path: Path) -> None:
    fill(path, None)
    for keys in (Keys(FIRST), Keys(SECOND, (FIRST,))):
        there = Opened(opened(path, keys))
        (row,) = there.post(f"again{keys.current[0]}")
        assert row.person == 1
        there.store.close()


@pytest.mark.parametrize(("keys", "why"), [(None, "set store.key"), (Keys(SECOND), "under another key")])
def test_a_missing_or_wrong_key_is_refused_and_the_store_unhurt(path: Path, keys: Keys | None, why: str) -> None:
    fill(path, Keys(FIRST))
    before = read(path, Keys(FIRST))
    content = path.read_bytes()
    with pytest.raises(StoreLocked, match=why):
        opened(path, keys)
    assert path.read_bytes() == content
    assert read(path, Keys(FIRST)) == before


def test_a_death_in_the_middle_of_sealing_is_made_good_at_the_next_start(path: Path) -> None:
    fill(path, Keys(FIRST))
    before = read(path, Keys(FIRST))
    connection = apsw.Connection(str(path))
    connection.execute("INSERT INTO meta (name, value) VALUES ('sealing', '1')")
    connection.execute("UPDATE message SET author = 'Ada', excerpt = 'excerpt m0' WHERE number = 1")
    connection.close()
    opened(path, Keys(FIRST)).close()
    assert clear(path) == []
    assert read(path, Keys(FIRST)) == before


def test_a_value_moved_to_another_column_is_not_read(path: Path) -> None:
    fill(path, Keys(FIRST))
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE message SET excerpt = author WHERE number = 1")
    connection.close()
    there = Opened(opened(path, Keys(FIRST)))
    with pytest.raises(Exception, match=r"message\.excerpt cannot be read"):
        there.ask(Twins(there.right, (1,)))  # type: ignore[arg-type]
    there.store.close()


# --- deaths while it is sealed ---


def on(disk: Disk, keys: Keys | None) -> SqliteStore:
    return SqliteStore(Path("q.db"), SeededChance(1), vfs=disk.name, keys=keys)


def clear_disk() -> Disk:
    """A disk with a store on it that has no key."""
    disk = Disk(SeededChance(1))
    there = Opened(on(disk, None))
    there.accept(*(there.posted(f"m{number}", words=f"words of {number}") for number in range(3)))
    there.store.close()
    disk.sync()
    return disk


def test_a_power_cut_at_any_moment_of_sealing_loses_nothing_and_the_next_start_goes_on() -> None:
    interrupted = 0
    for step in range(1, 400):
        disk = clear_disk()
        disk.cut_after(step)
        with suppress(BridgeError, apsw.Error):
            on(disk, Keys(FIRST)).close()
        if not disk.life:
            break
        interrupted += 1
        there = Opened(on(disk, Keys(FIRST)))
        assert [str(row.event).count("words of") for row in there.page()] == [1, 1, 1], step
        there.store.close()
        content = b"".join(disk.read(name) for name in disk.files)
        assert b"words of" not in content, step
        assert b"Ada" not in content, step
    assert interrupted > 20


def test_a_key_without_the_package_is_told(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['cryptography'] = None; from pathlib import Path;"
        "from bridge.chance import SeededChance; from bridge.store.sqlite import SqliteStore;"
        "from bridge.store.vault import Keys\n"
        "SqliteStore(Path(sys.argv[1]), SeededChance(1), keys=Keys(bytes(32)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "q.db")], check=False, capture_output=True, text=True, timeout=30
    )
    assert "store.key needs the package `cryptography`" in done.stderr


def test_without_a_key_the_package_is_not_even_loaded(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from bridge.chance import SeededChance;"
        "from bridge.store.sqlite import SqliteStore; SqliteStore(Path(sys.argv[1]), SeededChance(1)).close();"
        "sys.exit('cryptography' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script, str(tmp_path / "q.db")], check=False, timeout=30).returncode == 0
    )


def test_copies_that_were_made_before_the_key_are_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(path, None)
    for name in ("q.db.schema-1.backup", "q.db.replaced-1"):
        path.with_name(name).write_bytes(b"words of")
    opened(path, Keys(FIRST)).close()
    told = capsys.readouterr().out
    assert "q.db.schema-1.backup" in told
    assert "q.db.replaced-1" in told
