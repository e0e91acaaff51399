"""Whether an output is of the human loop whose event names it."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.a2i.same_loop import require_same_loop
from human_loop_reviews.a2i.validation import Place, UnreadableOutputError
from tests.unit.conftest import ended_loop
from tests.unit.documents import custom, parse

LOOP = parse_event(ended_loop())._replace(
    human_loop_name="Invoice-1042",
    flow_definition_arn="arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices",
)
ARN = LOOP.flow_definition_arn
#: As in AWS's examples: an account id of 13 digits, and another Region.
ODD_ARN = "arn:aws:sagemaker:us-west-2:1111222233334:flow-definition/invoices"


def check(*, loop: Any = LOOP, **names: Any) -> None:
    require_same_loop(parse(custom({}) | names), loop, Place("output.json"))


@pytest.mark.parametrize(
    "names",
    [
        {"humanLoopName": "Invoice-1042", "flowDefinitionArn": ARN},
        {"humanLoopName": "invoice-1042", "flowDefinitionArn": ARN.upper()},
        {"flowDefinitionArn": ODD_ARN},
        {"humanLoopName": None, "flowDefinitionArn": ""},
        {"humanLoopName": 7},
        {},
    ],
)
def test_output_of_the_loop_is_accepted(names: dict[str, Any]) -> None:
    check(**names)


def test_odd_arn_in_the_event_is_compared_by_its_name() -> None:
    loop = LOOP._replace(flow_definition_arn=ODD_ARN)
    check(loop=loop, flowDefinitionArn=ARN)
    with pytest.raises(UnreadableOutputError):
        check(loop=loop, flowDefinitionArn=ARN.replace("invoices", "claims"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            {"humanLoopName": "invoice-7"},
            "humanLoopName: expected that of the event, Invoice-1042, got invoice-7",
        ),
        (
            {"humanLoopName": "Jane Doe"},
            "humanLoopName: expected that of the event, Invoice-1042, got another name",
        ),
        (
            {"flowDefinitionArn": ARN.replace("invoices", "claims")},
            "flowDefinitionArn: expected that of the event, invoices, got claims",
        ),
        (
            {"flowDefinitionArn": ARN.replace("1111", "4444")},
            f"flowDefinitionArn: expected {ARN}, got {ARN.replace('1111', '4444')}",
        ),
        (
            {"flowDefinitionArn": ARN.replace("eu-west-1", "eu-west-2")},
            f"flowDefinitionArn: expected {ARN}, got {ARN.replace('eu-west-1', 'eu-west-2')}",
        ),
    ],
)
def test_output_of_another_loop_is_refused(names: dict[str, str], message: str) -> None:
    with pytest.raises(UnreadableOutputError) as caught:
        check(**names)
    assert str(caught.value) == f"output.json: {message}"
