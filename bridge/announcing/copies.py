"""What one recipient of an announcement is sent, step by step: the usual planning. Pure: no I/O, no clock, no state."""

from datetime import datetime

from msgspec import Struct, structs

from bridge.announcing.commands import Asked, understood
from bridge.asked import Outgoing, Template
from bridge.capabilities import Capabilities
from bridge.config import ApprovedWords
from bridge.errors import Feature
from bridge.events import Attachment, Deleted, Edited, Posted, Relayed, User
from bridge.fit_files import Carried
from bridge.ids import EventId, MessageId, MessageNumber, Place, RoomId, RoomNumber, RowNumber, UserId
from bridge.plan import planned
from bridge.steps import Ended, Facts, Orphan, Plan, View
from bridge.store.announced import Announcement, Recipient, Stands, What
from bridge.store.questions import Known
from bridge.store.rows import Row, RowKind
from bridge.text.nodes import Break, Rich
from bridge.text.plain import plain

_NOBODY = User(id=UserId(""), name="")
_KINDS = {What.ANNOUNCE: RowKind.POST, What.CORRECT: RowKind.EDIT, What.RECALL: RowKind.DELETE}


class Shown(Struct, frozen=True, kw_only=True):
    """What one room can show; `features` are those its connector has and did not refuse."""

    capabilities: Capabilities
    features: frozenset[Feature]

    def without(self, lacking: frozenset[Feature]) -> "Shown":
        """The same, once some features were refused."""
        can = self.capabilities
        if Feature.FORMATTING in lacking:
            can = structs.replace(can, formatting=can.formatting & {Break})
        if Feature.ATTACHMENT in lacking:
            can = structs.replace(can, media={})
        return Shown(capabilities=can, features=self.features - lacking)


def words_of(one: Announcement) -> Rich:
    """What is announced: the draft without the command in front."""
    if not isinstance(one.words, (Posted, Edited)):
        return ()
    asked = understood(one.words.text, files=len(one.words.attachments))
    return asked.text if isinstance(asked, Asked) else ()


def attachments_of(one: Announcement) -> tuple[Attachment, ...]:
    return one.words.attachments if isinstance(one.words, (Posted, Edited)) else ()


def event_of(one: Announcement, now: datetime) -> Relayed:
    """What happens, as an event that is planned like any other."""
    event, room, message = EventId(""), RoomId(""), MessageId("")
    match one.what:
        case What.ANNOUNCE:
            return Posted(
                id=event, room=room, at=now, message=(), author=_NOBODY, text=words_of(one),
                attachments=attachments_of(one),
            )  # fmt: skip
        case What.CORRECT:
            return Edited(id=event, room=room, at=now, replaces=message, author=_NOBODY, text=words_of(one))
        case What.RECALL:
            return Deleted(id=event, room=room, at=now, message=message)


def row_of(one: Announcement, now: datetime) -> Row:
    """The announcement as a row that nobody wrote: its words are the bridge's own."""
    return Row(
        number=RowNumber(0), room=RoomNumber(0), event_number=one.event, event=event_of(one, now),
        kind=_KINDS[one.what], link="", born=0, at=one.at, fanout=1,
    )  # fmt: skip


def copied(  # noqa: PLR0913 - what a copy depends on
    one: Announcement, recipient: Recipient, place: Place, shown: Shown, *, carried: tuple[Carried, ...],
    since: int, now: datetime,
) -> Plan | Ended | Orphan:  # fmt: skip
    """The steps for one recipient; `since` is when they got what is changed, in milliseconds."""
    view = View(
        place=place, capabilities=shown.capabilities, features=shown.features,
        prefix=f"{one.token}.{recipient.number}" + (f".{recipient.anew}" if recipient.anew else ""),
    )  # fmt: skip
    about = None if one.what is What.ANNOUNCE else _known(recipient.natives, since)
    return planned(row_of(one, now), Facts(about=about, carried=carried), view, now)


def _known(stands: tuple[Stands, ...], at: int) -> Known:
    """What stands there, as it is known of any copy."""
    there = [part for part in stands if any(part.ids)]
    return Known(
        number=MessageNumber(0), author="", excerpt=None, at=at, gone=False, ours=True, carried=True,
        parts=tuple(tuple(native for native in part.ids if native) for part in there),
        filed=frozenset(index for index, part in enumerate(there) if part.files),
    )  # fmt: skip


def templated(plan: Plan, template: ApprovedWords, text: Rich) -> Plan:
    """One message in words that the platform approved, ours in its gap, on one line as platforms want it."""
    first = next(step for step in plan.steps if isinstance(step.action, Outgoing))
    approved = Template(name=template.name, language=template.language, parameters=(" ".join(plain(text).split()),))
    action = structs.replace(first.action, template=approved, text=text, files=(), shared=())
    return Plan((structs.replace(first, action=action),))
