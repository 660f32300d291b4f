"""Who may do what in the rooms of a link: settings of `moderation`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ModerationSettings(BaseModel):
    """With this part, even an empty one, moderators of the link's rooms are heeded: see docs/moderation.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    reach: Literal["room", "link"] = "room"
    """How far a moderator's word about people from elsewhere goes: what their own `room` hears, or the whole `link`."""
    room: str | None = None
    """A room, `account/name`, where moderators are told of reports and of what is held; whoever has power there has it
    over the whole link. Without it they are told in the notices room."""
    ban_hours: Annotated[float, Field(ge=0, le=720)] = 24
    """When somebody is banned from a room, copies of what they wrote so many hours before are taken back."""
    newcomer_minutes: Annotated[float, Field(ge=0, le=43200)] = 0
    """What people say who were heard of first less than so many minutes ago waits for a moderator; 0: it does not."""
    report: Annotated[str, Field(max_length=16)] = ""
    """An emoji, such as 🚩, by which anybody reports a message to the moderators; without it there are no reports."""
