"""Several messages as one, in a room that may be written to less often than people write. Pure: no I/O, no state.

Only what has waited is joined, and only where the block can be edited: an edit or deletion of one of its messages
gives the whole block other words.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from msgspec import structs

from bridge.asked import Edit
from bridge.capabilities import Authorship, Capabilities
from bridge.errors import Feature, Scope
from bridge.events import Manner, Posted, answered
from bridge.fit import Part, Words, fit
from bridge.ids import MessageNumber
from bridge.steps import Plan, Step, View, late, name_of, outgoing, target_of
from bridge.store.questions import Joint, Known, Piece
from bridge.store.rows import Row, RowKind
from bridge.text.nodes import Block, Break, Italic, Paragraph, Rich, Text
from bridge.text.walk import length, normal, plain

JOIN_SECONDS = 2.0
"""How long the oldest message must have waited before others are joined with it."""
MOST_MESSAGES = 40
_KEPT = timedelta(hours=48)
"""How long, at most, the words of a block are kept to give it others."""
_SLOW_SECONDS = 1.0
_LAG_SECONDS = 60
_NOBODY = MessageNumber(0)
"""Whose piece is the word about the lag."""


def is_slow(to: Capabilities, features: Iterable[Feature]) -> bool:
    """Whether messages are joined in a room when it lags: it takes one a second or fewer, and can show a block."""
    rare = any(rate.scope is Scope.ROOM and rate.seconds >= _SLOW_SECONDS * rate.count for rate in to.rates)
    return rare and Feature.EDIT in features and Break in to.formatting


def gathered(row: Row, waiting: Iterable[Row], now_ms: int) -> tuple[Row, ...]:
    """Those behind a row that may stand in one block with it; none before it has waited a while."""
    if now_ms - row.at < JOIN_SECONDS * 1000 or not _joinable(row):
        return ()
    behind = takewhile(lambda other: _joinable(other) and other.link == row.link, waiting)
    return tuple(other for other, _ in zip(behind, range(MOST_MESSAGES - 1), strict=False))


def _joinable(row: Row) -> bool:
    """A person's plain words, never tried before."""
    event = row.event
    if not isinstance(event, Posted) or row.kind is not RowKind.POST or event.attachments or row.message is None:
        return False
    fresh = row.plan is None and not (row.alone or row.gone or row.doubtful or row.unreadable or row.lacks)
    alone = row.reply is None and answered(event) is None and row.person is not None and row.next_at is None
    return fresh and alone and event.manner is not Manner.NOTICE


def joined(rows: Sequence[Row], view: View, now: datetime) -> Plan | None:
    """One message of as many of these as fit into it; None where the first stands alone."""
    pieces = list(_lag(rows[0], now)) if not late(rows[0], view, now) else []
    shown: list[Row] = []
    for row in rows:
        piece = _piece(row, view, now)
        if piece is None or not _fits((*pieces, piece), view) or not _may_stand_with(rows[0], row, view):
            break
        pieces.append(piece)
        shown.append(row)
    if len(shown) < 2:  # noqa: PLR2004 one is no block
        return None
    content = structs.replace(outgoing(shown[0], Part(text=laid_out(pieces)), view, 0), author=None)
    if len({row.person for row in shown}) == 1:
        content = structs.replace(content, author=outgoing(shown[0], Part(text=()), view, 0).author)
    behind = tuple(row.number for row in shown[1:])
    return Plan((Step(content),), ("joined",), behind, Joint(tuple(pieces), _kept_until(view, now)))


def _kept_until(view: View, now: datetime) -> int:
    """As long as the room lets us edit, within limits."""
    kept = min(view.capabilities.edit_within or _KEPT, _KEPT)
    return int((now + kept).timestamp() * 1000)


def _may_stand_with(first: Row, row: Row, view: View) -> bool:
    """Several people stand in one block only where it names them itself."""
    return view.capabilities.authorship is Authorship.PREFIX or first.person == row.person


def _piece(row: Row, view: View, now: datetime) -> Piece | None:
    """A message as it stands in a block; None for one that would need several."""
    event = row.event
    if not isinstance(event, Posted) or row.message is None:
        return None
    words = Words(
        text=view.told(event.text), manner=event.manner, label=name_of(row, view), mark=late(row, view, now)
    )  # fmt: skip
    parts = fit(words, view.capabilities)
    return Piece(row.message, parts[0].text) if len(parts) == 1 and not parts[0].shared else None


def _fits(pieces: Sequence[Piece], view: View) -> bool:
    return length(laid_out(pieces), view.capabilities.unit) <= view.capabilities.max_text


def _lag(row: Row, now: datetime) -> Iterator[Piece]:
    """How late the block is, for its readers."""
    seconds = now.timestamp() - row.at / 1000
    if seconds >= _LAG_SECONDS:
        yield Piece(_NOBODY, (Paragraph((Italic((Text(f"({lag(seconds)} late)"),)),)),))


def lag(seconds: float) -> str:
    """A time as people say it: 50 s, 3 min, 2 h."""
    if seconds < _LAG_SECONDS:
        return f"{round(seconds)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"  # noqa: PLR2004 an hour and a half


def laid_out(pieces: Sequence[Piece]) -> Rich:
    """Messages one below the other."""
    blocks: list[Block] = []
    for piece in pieces:
        for index, one in enumerate(piece.text):
            above = blocks[-1] if blocks else None
            if not index and isinstance(above, Paragraph) and isinstance(one, Paragraph):
                blocks[-1] = Paragraph((*above.inside, Break(), *one.inside))
            else:
                blocks.append(one)
    return normal(tuple(blocks))


def quoted_in(joint: Joint, quoted: str) -> MessageNumber | None:
    """Which message of a block an answer is about, by the words that it quotes; None where that is not clear."""
    words = " ".join(quoted.split())
    found = [piece.message for piece in joint.pieces if words in " ".join(plain(piece.text).split())]
    return found[0] if words and len(found) == 1 and found[0] != _NOBODY else None


# What becomes of a block later.


def with_words(row: Row, words: Words, about: Known, view: View) -> Plan | None:
    """The block with other words for one message; None where it would not fit any more."""
    parts = fit(words, view.capabilities)
    if about.joint is None or len(parts) > 1 or parts[0].shared:
        return None
    new = Piece(about.number, parts[0].text)
    pieces = tuple(new if piece.message == about.number else piece for piece in about.joint.pieces)
    return _anew(row, pieces, about, view) if _fits(pieces, view) else None


def without(row: Row, about: Known, view: View) -> Plan | None:
    """The block without one message; None where nobody knows any more what stands in it."""
    if about.joint is None:
        return None
    return _anew(row, tuple(piece for piece in about.joint.pieces if piece.message != about.number), about, view)


def _anew(row: Row, pieces: tuple[Piece, ...], about: Known, view: View) -> Plan:
    content = structs.replace(outgoing(row, Part(text=laid_out(pieces)), view, 0), author=None)
    edit = Edit(target=target_of(view, about.parts), content=content)
    return Plan((Step(edit),), ("edit",), joint=Joint(pieces))
