"""What the OpenAPI document says is true: made-up calls of every route, each answer checked."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    unsupported_method,
)

from bridge.http.routes import document
from tests.operator import story
from tests.operator.lab import TOKEN, Lab, lab

EXAMPLES = int(os.environ.get("QANTARA_EXAMPLES", "20"))
"""Made-up calls a route; `make fuzz-api` makes more."""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("lab"), story.PLACES, story.LINKS) as one:
        one.do(story.play(one))
        yield one


AUTHORISED = [ignored_auth, missing_required_header]
"""Who may ask is tested in tests/bridge/http/test_access.py; here too many wrong tokens would end every other check."""
ANY_METHOD = [*AUTHORISED, unsupported_method]
"""Below /in/ a connector answers, whatever the method."""

GETTING = [negative_data_rejection]
"""A name behind the question mark that nobody knows is passed over, as everywhere."""


@schemathesis.hook
def filter_body(_context: schemathesis.HookContext, body: Any) -> bool:  # noqa: ANN401 - any JSON
    """To JSON Schema 1.0 is an integer; here it is none: a number has no fraction, not even an empty one."""
    values = body.values() if isinstance(body, dict) else ()
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return not any(isinstance(one, float) and one.is_integer() for one in flat)


api = schemathesis.openapi.from_dict(document())


@api.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.timeout(600)
def test_every_answer_is_one_that_is_described(case: schemathesis.Case, busy: Lab) -> None:
    """Statuses, content types, headers and shapes are as the document says, and nothing is a fault of the server."""
    excluded = [
        *(ANY_METHOD if case.path.startswith("/in/") else AUTHORISED),
        *(GETTING if case.method == "GET" else []),
    ]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    case.call_and_validate(base_url=busy.address.rstrip("/"), headers=headers, excluded_checks=excluded)
