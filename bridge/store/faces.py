"""The pictures of people in the store: where each is to be had, and which one is here."""

from typing import Any

import apsw
import msgspec
from msgspec import Struct

from bridge.events import File
from bridge.ids import AccountName, PersonNumber
from bridge.store.codec import UNREADABLE
from bridge.store.vault import Column, Vault, VaultError


class Face(Struct, frozen=True):
    """Somebody's picture: its handle for their account, and the file that was had of `source` at a time (ms)."""

    account: AccountName
    avatar: str | None
    source: str = ""
    file: File | None = None
    at: int = 0


class FaceOf(Struct, frozen=True):
    """What is known of somebody's picture. Answer: `Face`, None for nobody."""

    person: PersonNumber


class Faced(Struct, frozen=True, kw_only=True):
    """Somebody's picture is on disk; or it cannot be had, and `file` is None."""

    person: PersonNumber
    source: str
    file: File | None
    at: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(File).decode


class Facing:
    """Statements about pictures of people; none of them runs for a room that shows none."""

    def __init__(self, cursor: apsw.Cursor, vault: Vault) -> None:
        self._cursor, self._vault = cursor, vault

    def faced(self, op: Faced) -> None:
        """Point to a file on disk, or note that there is none; of nobody who was forgotten meanwhile."""
        name = None if op.file is None else op.file.id
        about = None if op.file is None else self._vault.seal(Column.FACE, _encode(op.file))
        self._cursor.execute(
            "INSERT OR REPLACE INTO face (person, source, name, about, at) SELECT number, ?, ?, ?, ? FROM person"
            " WHERE number = ?",
            (op.source, name, about, op.at, op.person),
        )

    def face_of(self, op: FaceOf) -> Face | None:
        found: Any = self._cursor.execute(
            "SELECT p.account, p.avatar, f.source, f.about, f.at FROM person p LEFT JOIN face f ON f.person = p.number"
            " WHERE p.number = ?",
            (op.person,),
        )
        for account, avatar, source, about, at in found:
            handle = None if avatar is None else self._vault.text(Column.AVATAR, avatar)
            return Face(AccountName(account), handle, source or "", self._file(about), at or 0)
        return None

    def served(self, name: str) -> File | None:
        """The picture with this name."""
        for (about,) in self._cursor.execute("SELECT about FROM face WHERE name = ?", (name,)):
            return self._file(about)
        return None

    def stay(self) -> frozenset[str]:
        """The names of all that are needed; those of people who were forgotten are not."""
        self._cursor.execute("DELETE FROM face WHERE person NOT IN (SELECT number FROM person)")
        kept: Any = self._cursor.execute("SELECT name FROM face WHERE name IS NOT NULL")
        return frozenset(name for (name,) in kept)

    def _file(self, about: Any) -> File | None:  # noqa: ANN401 - a value of the table
        try:
            return None if about is None else _decode(self._vault.data(Column.FACE, about))
        except (*UNREADABLE, VaultError):
            return None
