"""Files on disk: what was written is read, sealed under a key, and never half."""

import asyncio
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.chance import SeededChance
from bridge.media.disk import AtOnce, Threads
from bridge.media.files import Files
from bridge.media.sealing import PIECE, Sealing
from bridge.store.vault import Keys, VaultError

KEY, OTHER = b"k" * 32, b"o" * 32


def files(folder: Path, *keys: bytes) -> Files:
    chance = SeededChance(1)
    sealing = Sealing(Keys(keys[0], keys[1:]), chance.raw) if keys else None
    return Files(folder / "media", AtOnce(), chance.token, sealing)


async def put(there: Files, *pieces: bytes) -> str:
    writing = there.begin()
    for piece in pieces:
        await writing.write(piece)
    return (await writing.finish()).id


async def got(there: Files, name: str) -> bytes:
    return b"".join([piece async for piece in there.read(name)])


@pytest.mark.parametrize("keys", [(), (KEY,)], ids=["clear", "sealed"])
@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 4 * PIECE, 5 * PIECE, 9 * PIECE + 7])
async def test_what_was_written_is_read(size: int, keys: tuple[bytes, ...], tmp_path: Path) -> None:
    data = SeededChance(size).raw(size)
    there = files(tmp_path, *keys)
    assert await got(there, await put(there, data)) == data


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3 * PIECE), max_size=5))
def test_however_it_comes_it_is_the_same(sizes: list[int]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(come_in_pieces(files(Path(folder), KEY), sizes))


async def come_in_pieces(there: Files, sizes: list[int]) -> None:
    pieces = [bytes([index]) * size for index, size in enumerate(sizes)]
    writing = there.begin()
    for piece in pieces:
        await writing.write(piece)
    written = await writing.finish()
    whole = b"".join(pieces)
    assert await got(there, written.id) == whole
    assert (written.size, written.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert written.header == whole[:4096]


async def test_under_a_key_nothing_of_it_is_clear(tmp_path: Path) -> None:
    there = files(tmp_path, KEY)
    name = await put(there, b"euphrates" * 20_000)
    assert b"euphrates" not in (there.directory / name).read_bytes()
    assert (there.directory / name).stat().st_mode & 0o077 == 0


async def test_a_key_that_was_changed_still_opens_what_it_sealed(tmp_path: Path) -> None:
    name = await put(files(tmp_path, OTHER), b"old")
    assert await got(files(tmp_path, KEY, OTHER), name) == b"old"
    with pytest.raises(VaultError):
        await got(files(tmp_path, KEY), name)
    with pytest.raises(VaultError):
        await got(files(tmp_path), name)


@pytest.mark.parametrize("harm", ["cut", "turned", "renamed"])
async def test_a_sealed_file_that_was_harmed_is_not_read(harm: str, tmp_path: Path) -> None:
    there = files(tmp_path, KEY)
    name = await put(there, b"x" * (3 * PIECE))
    path = there.directory / name
    data = path.read_bytes()
    if harm == "cut":
        path.write_bytes(data[: 11 + PIECE + 16])
    elif harm == "turned":
        path.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    else:
        name = f"other{name}"
        path.rename(there.directory / name)
    with pytest.raises(VaultError):
        await got(there, name)


async def test_what_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    there = files(tmp_path)
    writing = there.begin()
    await writing.write(b"x" * 10 * PIECE)
    writing.discard()
    assert there.names() == frozenset()


async def test_threads_do_the_same(tmp_path: Path) -> None:
    there = Files(tmp_path, Threads(), SeededChance(2).token)
    assert await got(there, await put(there, b"words")) == b"words"
