"""How attachments and their files stand in the store: which are to come, which are here, which have to go."""

from typing import Any

import apsw
import msgspec
from msgspec import Struct

from bridge.events import Deleted, Edited, File, Posted, Reacted, Tallied, Unreacted
from bridge.ids import AccountName
from bridge.store.attached import Fetch, Fetched, Held, HeldOf, Linked, Served, Sweep, ToFetch
from bridge.store.codec import UNREADABLE, decode
from bridge.store.faces import Facing
from bridge.store.vault import Column, Vault, VaultError


class About(Struct, frozen=True):
    """What stands in `media.about`."""

    file: File | None = None
    why: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(About).decode
_LOST = About(why="what is known of it cannot be read")


class Filing:
    """Statements about attachments; none of them runs for a message without any."""

    def __init__(self, cursor: apsw.Cursor, vault: Vault) -> None:
        self._cursor, self._vault = cursor, vault
        self.faces = Facing(cursor, vault)

    def fetched(self, op: Fetched) -> None:
        """Point to a file on disk, or note why there is none."""
        about = self._vault.seal(Column.ABOUT, _encode(About(op.file, op.why)))
        state, name = (2, None) if op.file is None else (1, op.file.id)
        if not op.form:
            self._cursor.execute(
                "UPDATE media SET state = ?, name = ?, about = ? WHERE event = ? AND part = ? AND form = ''",
                (state, name, about, op.event, op.part),
            )
            return
        self._cursor.execute(
            "INSERT OR REPLACE INTO media (event, message, part, form, account, state, name, about)"
            " SELECT event, message, part, ?, account, ?, ?, ? FROM media WHERE event = ? AND part = ? AND form = ''",
            (op.form, state, name, about, op.event, op.part),
        )

    def linked(self, op: Linked) -> None:
        self._cursor.execute("UPDATE media SET until = max(coalesce(until, 0), ?) WHERE name = ?", (op.until, op.id))

    def sweep(self, op: Sweep) -> frozenset[str]:
        self._cursor.execute(
            "DELETE FROM media WHERE event NOT IN (SELECT number FROM event) AND (until IS NULL OR until < ?"
            " OR NOT EXISTS (SELECT 1 FROM message m WHERE m.number = media.message AND NOT m.gone))",
            (op.at,),
        )
        kept: Any = self._cursor.execute("SELECT name FROM media WHERE name IS NOT NULL")
        return frozenset(name for (name,) in kept) | self.faces.stay()

    def to_fetch(self, _: ToFetch) -> tuple[Fetch, ...]:
        """Those whose event can be read: the others are never sent either."""
        found: Any = list(
            self._cursor.execute(
                "SELECT m.event, m.part, m.account, e.body FROM media m JOIN event e ON e.number = m.event"
                " WHERE m.state = 0 ORDER BY m.number"
            )
        )
        return tuple(fetch for row in found if (fetch := self._fetch(*row)) is not None)

    def _fetch(self, event: int, part: int, account: str, body: bytes) -> Fetch | None:
        try:
            posted = decode(self._vault.data(Column.BODY, body))
        except (*UNREADABLE, VaultError):
            return None
        match posted:
            case Posted() | Edited():
                attachment = posted.attachments[part]
                return Fetch(event=event, part=part, account=AccountName(account), attachment=attachment)
            case Deleted() | Reacted() | Unreacted() | Tallied():
                return None

    def held_of(self, op: HeldOf) -> tuple[Held, ...]:
        """Every attachment, with the form it came in first."""
        found: Any = list(
            self._cursor.execute(
                "SELECT part, form, about FROM media WHERE event = ? OR message = ? AND until IS NOT NULL"
                " ORDER BY part, form",
                (op.event, op.message),
            )
        )
        held: dict[int, Held] = {}
        for part, form, about in found:
            told, before = self._about(about), held.get(part, Held(part))
            files, forms = before.files, before.forms
            if told.file is not None:
                files, forms = (*files, told.file), (*forms, form)
            held[part] = Held(part, files, before.why or told.why, forms)
        return tuple(held.values())

    def served(self, op: Served) -> File | None:
        question = (
            "SELECT m.about FROM media m JOIN message n ON n.number = m.message"
            " WHERE m.name = ? AND m.until >= ? AND NOT n.gone"
        )
        for (about,) in self._cursor.execute(question, (op.id, op.at)):
            return self._about(about).file
        return self.faces.served(op.id)

    def _about(self, value: Any) -> About:  # noqa: ANN401 - a value of the table
        if value is None:
            return About()
        try:
            return _decode(self._vault.data(Column.ABOUT, value))
        except (*UNREADABLE, VaultError):
            return _LOST
