"""Whether moderators may link rooms by themselves: settings of `pairing`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class PairingSettings(BaseModel):
    """With this part, even an empty one, moderators of two rooms link them by a code: see docs/pairing.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    code_minutes: Annotated[float, Field(gt=0, le=1440)] = 15
    """How long, in minutes, a code can be used; each is good for one room."""
