"""What a link does with words on their way, and everything that can be wrong with that."""

import pytest

from tests.bridge.config.examples import SMALL, faults, read


def with_transforms(written: str) -> str:

    return f"{SMALL}links:\n  l:\n    rooms: [a/1, b/1]\n    transforms: {written}\n"


CASES = [
    ("nothing", "[{}]", "links.l.transforms[0]  must be one of drop, hold and replace"),
    ("two", '[{drop: {text: "a"}, hold: {text: "b"}}]', "must be one of drop, hold and replace"),
    ("no pattern", "[{drop: {}}]", "links.l.transforms[0].drop.text  is missing"),
    ("broken", '[{drop: {text: "(a"}}]', "links.l.transforms[0].drop.text  is no pattern: missing )"),
    ("backwards", '[{drop: {text: "(?<=a)b"}}]', "links.l.transforms[0].drop.text  is no pattern: invalid"),
    ("empty", '[{hold: {text: ""}}]', "links.l.transforms[0].hold.text  is empty"),
    ("nothing instead", '[{replace: {text: "a"}}]', "links.l.transforms[0].replace.with  is missing"),
    ("lines", '[{replace: {text: "a", with: "b\\nc"}}]', "must be printable text on one line"),
    ("unknown", '[{drop: {txt: "a"}}]', 'unknown setting "txt", did you mean "text"?'),
]


@pytest.mark.parametrize(("written", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_transform_says_what_it_needs(written: str, said: str) -> None:
    assert any(said in fault for fault in faults(with_transforms(written))), faults(with_transforms(written))


def test_a_pattern_from_a_reference_is_not_shown() -> None:
    found = faults(with_transforms('[{drop: {text: "${WORDS}"}}]'), environ={"WORDS": "(hush-hush"})
    assert len(found) == 1
    assert "hush" not in found[0]


def test_transforms_are_read_in_order() -> None:
    link = read(with_transforms('[{drop: {text: "^!"}}, {replace: {text: "a", with: ""}}]')).links["l"]
    first, second = link.transforms
    assert first.drop is not None
    assert first.drop.text == "^!"
    assert second.replace is not None
    assert second.replace.with_ == ""
