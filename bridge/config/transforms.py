"""What a link does with words on their way: settings of `transforms`, checked against RE2."""

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.config.faults import FIXED_SENTENCE

MOST_PATTERN = 2000
"""Characters of one pattern."""


def _pattern(value: str) -> str:
    import re2  # noqa: PLC0415 - only who writes patterns pays for it

    try:
        re2.compile(value, _quiet(re2.Options()))
    except re2.error as error:
        # What stands behind the colon is the pattern itself, which may have come from a reference.
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise PydanticCustomError(FIXED_SENTENCE, "is no pattern: {why}", {"why": why.partition(":")[0]}) from None
    return value


def _quiet(options: "re2.Options") -> "re2.Options":  # type: ignore[name-defined]  # noqa: F821 - imported where it is used
    options.log_errors = False
    return options


def _printable(value: str) -> str:
    if value and not value.isprintable():
        raise PydanticCustomError(FIXED_SENTENCE, "must be printable text on one line")
    return value


Pattern = Annotated[str, Field(min_length=1, max_length=MOST_PATTERN), AfterValidator(_pattern)]


class _Part(BaseModel):
    """As other parts of the file: nothing unknown, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
    not_yet: ClassVar[frozenset[str]] = frozenset({"translate", "transcribe"})


class FilterSettings(_Part):
    """Messages that match do not go as they are."""

    text: Pattern
    """A pattern of RE2, such as `^!` or `(?i)casino`: looked for in the words, and in the addresses of links."""
    name: Annotated[str, Field(max_length=60), AfterValidator(_printable)] = ""
    """Under which name it is counted; `drop 1`, `hold 2` and so on without it, by its place in the list."""


class ReplaceSettings(_Part):
    """Words that become others."""

    text: Pattern
    """A pattern of RE2; each piece of words with the same formatting is looked at for itself."""
    with_: Annotated[str, Field(alias="with", max_length=2000), AfterValidator(_printable)]
    """What stands there instead, as it is written here; it may be empty."""


class TransformSettings(_Part):
    """One of `drop`, `hold` and `replace`."""

    drop: FilterSettings | None = None
    """Messages that match are not relayed, only counted."""
    hold: FilterSettings | None = None
    """Messages that match are parked until somebody decides."""
    replace: ReplaceSettings | None = None
    """Words that match become others."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.drop, self.hold, self.replace)) != 1:
            raise PydanticCustomError(FIXED_SENTENCE, "must be one of drop, hold and replace")
        return self
