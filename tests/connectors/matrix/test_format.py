"""Matrix's body and formatted_body: what is sent is read back, and nothing a person types does harm.

The HTML between them keeps the whole contract of a format in tests/bridge/text.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.ids import UserId
from bridge.testing import strategies
from bridge.testing.formats import HOSTILE
from bridge.text.nodes import Paragraph, Rich, Text, said
from bridge.text.walk import normal, plain
from connectors.matrix.connector import Matrix
from connectors.matrix.format import parsed, rendered

PEOPLE = st.sampled_from((UserId("@ada:example.org"), UserId("@b_b-2:other.example")))
slowly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@slowly
@given(tree=strategies.trees(Matrix.features.formatting, reasons=strategies.words(), users=PEOPLE))
def test_what_was_rendered_is_parsed_back(tree: Rich) -> None:
    assert parsed(rendered(tree)) == tree


@slowly
@given(text=strategies.wild_texts())
def test_nothing_typed_raises(text: str) -> None:
    for content in ({"body": text}, {"body": "", "format": "org.matrix.custom.html", "formatted_body": text}):
        tree = parsed(content, profile_name="Ada")
        assert normal(tree) == tree


@pytest.mark.parametrize("text", HOSTILE)
def test_words_stay_words(text: str) -> None:
    tree = normal((Paragraph((Text(text.strip()),)),))
    assert parsed(rendered(tree)) == tree


@slowly
@given(text=strategies.texts())
def test_plain_words_come_back(text: str) -> None:
    assert plain(parsed(rendered(normal(said(text))))) == plain(normal(said(text)))


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "opening", ["<strong data-mx-profile-fallback", "<mx-reply>", "<b>", "<", "< data-mx-profile-fallback"]
)
def test_a_long_unfinished_tag_costs_no_time(opening: str) -> None:
    tree = parsed({"body": "x", "format": "org.matrix.custom.html", "formatted_body": opening * 3000})
    assert normal(tree) == tree
