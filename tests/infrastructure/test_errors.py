"""A mistake stops synthesis with a message that names the value, where, and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Duration, Fn, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from human_loop_events import (
    AlertFormat,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopStatus,
    ReviewHandler,
)
from human_loop_events.mappings import MAX_MAPPINGS_BYTES, render_mappings
from tests.infrastructure.cases import ACCOUNT, REGION, new_app
from tests.infrastructure.nag import findings
from tests.infrastructure.pattern_cases import flow_definition

ANY = FlowDefinitions.any()


@pytest.fixture(scope="module")
def stacks() -> Callable[[], Stack]:
    """Give a new stack of one app at each call."""
    app = new_app()
    return lambda: Stack(app, f"Loops{len(app.node.children)}")


def _function(stack: Stack) -> lambda_.Function:
    return lambda_.Function(
        stack,
        "Handler",
        code=lambda_.Code.from_inline("def handle(event, context): pass"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (FlowDefinitions.named, "FlowDefinitions.named() needs at least one name"),
        (FlowDefinitions.arns, "FlowDefinitions.arns() needs at least one ARN"),
        (
            lambda: FlowDefinitions.named("invoices", flow_definition("claims")),
            f"FlowDefinitions.named(): '{flow_definition('claims')}' is not the name of a flow "
            "definition: expected 1 to 63 letters, digits and hyphens (an ARN goes to arns())",
        ),
        (lambda: FlowDefinitions.named(""), "'' is not the name of a flow definition"),
        (lambda: FlowDefinitions.named("a" * 64), "is not the name of a flow definition"),
        (
            lambda: FlowDefinitions.arns("invoices"),
            "FlowDefinitions.arns(): 'invoices' is not the ARN of a flow definition: expected "
            "arn:<partition>:sagemaker:<region>:<account>:flow-definition/<name>",
        ),
        (
            lambda: FlowDefinitions.arns(flow_definition("x").replace("flow-", "")),
            "is not the ARN of a flow definition",
        ),
    ],
)
def test_flow_definition_that_is_none_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        make()


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"name": " "}, "FieldMapping: name=' '; expected the field's name in outcomes"),
        ({"name": 5}, "FieldMapping: name=5; expected the field's name in outcomes"),
        ({"answer": 5}, "FieldMapping 'Total': answer=5 is not a JMESPath expression"),
        ({"ignore_case": "no"}, "FieldMapping 'Total': ignore_case='no'; expected a boolean"),
        ({"tolerance": "1"}, "FieldMapping 'Total': tolerance='1'; expected a number from 0"),
        ({"tolerance": float("inf")}, "FieldMapping 'Total': tolerance=inf; expected a number"),
        ({"prediction": "a..b"}, "FieldMapping 'Total': prediction='a..b' is not a JMESPath"),
        ({"answer": "a[?"}, "FieldMapping 'Total': answer='a[?' is not a JMESPath expression"),
        ({"answer": ""}, "FieldMapping 'Total': answer='' is not a JMESPath expression"),
        ({"tolerance": -1.0}, "FieldMapping 'Total': tolerance=-1.0; expected a number from 0"),
        ({"tolerance": float("nan")}, "FieldMapping 'Total': tolerance=nan; expected a number"),
    ],
)
def test_field_mapping_that_cannot_work_is_refused(field: dict[str, Any], says: str) -> None:
    valid = {"name": "Total", "prediction": "model.total", "answer": "total"}

    with pytest.raises(ValueError, match=re.escape(says)):
        FieldMapping(**{**valid, **field})


def test_two_fields_of_one_name_are_refused() -> None:
    field = FieldMapping(name="Total", prediction="a", answer="b")

    with pytest.raises(ValueError, match=r"mappings\['invoices'\]: two fields are named 'Total'"):
        render_mappings({"claims": [field], "invoices": [field, field]}, ANY)


def test_mapping_of_an_unknown_flow_definition_is_refused() -> None:
    field = FieldMapping(name="Total", prediction="a", answer="b")
    known = FlowDefinitions.named("claims", "invoices")

    assert render_mappings({"invoices": [field]}, known)
    with pytest.raises(ValueError, match=r"mappings\['invocies'\]: no such .*claims, invoices"):
        render_mappings({"invocies": [field]}, known)


def test_mappings_that_do_not_fit_are_refused_with_their_size() -> None:
    fields = [FieldMapping(name=f"Field {n}", prediction="a", answer="b") for n in range(100)]

    with pytest.raises(ValueError, match=rf"mappings: \d{{4}} bytes .*{MAX_MAPPINGS_BYTES} fit"):
        render_mappings({"invoices": fields}, ANY)


def test_largest_mappings_that_fit_are_taken() -> None:
    def of_size(size: int, *, last: str = "n") -> str:
        field = FieldMapping(name="n", prediction="a", answer="b")
        rest = len(render_mappings({"f": [field]}, ANY))
        name = "n" * (size - rest) + last
        return render_mappings({"f": [FieldMapping(name=name, prediction="a", answer="b")]}, ANY)

    assert len(of_size(MAX_MAPPINGS_BYTES)) == MAX_MAPPINGS_BYTES
    with pytest.raises(ValueError, match="mappings: 3073 bytes"):
        of_size(MAX_MAPPINGS_BYTES, last="é")


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"statuses": []}, "statuses: expected at least one HumanLoopStatus, got none"),
        ({"statuses": ["InProgress"]}, "'InProgress' is not a valid HumanLoopStatus"),
        ({"handler_delivery": "QUEUED"}, "'QUEUED' is not a valid HandlerDelivery"),
        ({"alert_format": "XML"}, "'XML' is not a valid AlertFormat"),
        ({"retry_attempts": -1}, "retry_attempts: expected 0 to 185, got -1"),
        ({"retry_attempts": 186}, "retry_attempts: expected 0 to 185, got 186"),
        (
            {"max_event_age": Duration.seconds(59)},
            "max_event_age: expected 1 minute to 24 hours, got 59 seconds",
        ),
        (
            {"max_event_age": Duration.hours(25)},
            "max_event_age: expected 1 minute to 24 hours, got 90000 seconds",
        ),
        ({"failed_loops_threshold": 0}, "failed_loops_threshold: expected 1 or more, got 0"),
        (
            {"failed_loops_evaluation_periods": 0},
            "failed_loops_evaluation_periods: expected 1 or more, got 0",
        ),
        (
            {"handler_delivery": HandlerDelivery.BUFFERED, "handler_max_concurrency": 1},
            "handler_max_concurrency: expected 2 to 1000, got 1",
        ),
        (
            {"handler_delivery": HandlerDelivery.BUFFERED, "handler_max_concurrency": 1001},
            "handler_max_concurrency: expected 2 to 1000, got 1001",
        ),
        ({"low_agreement_threshold": 0.8}, "expected flow_definitions with names known"),
        (
            {
                "low_agreement_threshold": 80,
                "flow_definitions": FlowDefinitions.named("invoices"),
            },
            "low_agreement_threshold: expected over 0 up to 1, got 80",
        ),
        (
            {"low_agreement_threshold": 0.8, "alerts_enabled": False},
            "low_agreement_threshold: an alarm needs alerts_enabled=True",
        ),
        (
            {"low_agreement_threshold": 0.8, "handler_enabled": False},
            "low_agreement_threshold: agreement is measured by ReviewHandler",
        ),
        (
            {"handler_enabled": False, "include_values": True},
            "mappings, include_values and outcome_bus configure the ReviewHandler",
        ),
        ({"output_prefix": "reviews/*"}, "output_prefix: 'reviews/*' holds one of * ? $"),
        ({"output_prefix": "${aws:username}"}, "output_prefix: '${aws:username}' holds one of"),
    ],
    ids=str,
)
def test_value_that_cannot_work_is_refused(
    properties: dict[str, Any], says: str, stacks: Callable[[], Stack]
) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        HumanLoopEvents(stacks(), "HumanLoops", **properties)


def test_word_for_a_choice_is_taken_as_the_choice(stacks: Callable[[], Stack]) -> None:
    words: dict[str, Any] = {"handler_delivery": "DIRECT", "alert_format": "CHAT"}

    loops = HumanLoopEvents(stacks(), "HumanLoops", **words)

    assert loops.node.try_find_child("FailedReason")
    assert not loops.node.try_find_child("HandlerQueue")


@pytest.mark.parametrize("part", ["topic", "queue", "handler", "alerts"])
def test_part_that_is_supplied_and_switched_off_is_refused(
    part: str, stacks: Callable[[], Stack]
) -> None:
    stack = stacks()
    supplied: dict[str, Any] = {
        "topic": sns.Topic(stack, "Topic"),
        "queue": sqs.Queue(stack, "Queue"),
        "handler": _function(stack),
        "alerts": sns.Topic(stack, "Alerts"),
    }

    with pytest.raises(ValueError, match=f"{part}: supplied, but {part}_enabled is False"):
        HumanLoopEvents(stack, "HumanLoops", **{part: supplied[part], f"{part}_enabled": False})


def test_settings_of_the_included_handler_are_refused_beside_a_handler_of_ones_own(
    stacks: Callable[[], Stack],
) -> None:
    stack = stacks()

    with pytest.raises(ValueError, match="handler is supplied or switched off"):
        HumanLoopEvents(
            stack,
            "HumanLoops",
            handler=_function(stack),
            outcome_bus=events.EventBus(stack, "Outcomes"),
        )


def test_buffered_imported_function_needs_its_timeout(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    handler = lambda_.Function.from_function_arn(
        stack, "Handler", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:example"
    )

    with pytest.raises(ValueError, match=r"handler_timeout: .* expected the timeout of your"):
        HumanLoopEvents(
            stack, "HumanLoops", handler=handler, handler_delivery=HandlerDelivery.BUFFERED
        )


def test_buffered_function_of_another_stack_is_refused(stacks: Callable[[], Stack]) -> None:
    here, elsewhere = stacks(), stacks()

    with pytest.raises(ValueError, match=f"got one of {elsewhere.node.id}"):
        HumanLoopEvents(
            here,
            "HumanLoops",
            handler=_function(elsewhere),
            handler_delivery=HandlerDelivery.BUFFERED,
        )


@pytest.mark.parametrize(
    ("properties", "part"),
    [
        ({"topic_enabled": False}, "topic"),
        ({"queue_enabled": False}, "queue"),
        ({"queue_enabled": False}, "queue_dead_letters"),
        ({"handler_enabled": False}, "handler"),
        ({"handler_enabled": False}, "review_handler"),
        ({"handler_enabled": False}, "output_bucket"),
        ({"alerts_enabled": False}, "alerts"),
        ({"alerts_enabled": False}, "alarms"),
        ({"alerts_enabled": False}, "failed_rule"),
        ({}, "handler_queue"),
        ({}, "handler_queue_dead_letters"),
    ],
    ids=str,
)
def test_part_that_is_not_there_says_so(
    properties: dict[str, Any], part: str, stacks: Callable[[], Stack]
) -> None:
    loops = HumanLoopEvents(stacks(), "HumanLoops", **properties)

    with pytest.raises(ValueError, match="it is switched off or not given"):
        getattr(loops, part)


def test_pattern_that_is_too_long_is_refused_with_the_number_that_fits(
    stacks: Callable[[], Stack],
) -> None:
    def build(*names: str) -> None:
        HumanLoopEvents(stacks(), "HumanLoops", flow_definitions=FlowDefinitions.named(*names))

    names = [f"flow-definition-{n:03}" for n in range(200)]
    with pytest.raises(ValueError, match=r"200 flow definitions .* over 2048 characters") as error:
        build(*names)
    match = re.search(r"the first (\d+) fit", str(error.value))
    assert match
    fitting = int(match[1])

    build(*names[:fitting])
    with pytest.raises(ValueError, match=f"the first {fitting} fit"):
        build(*names[: fitting + 1])


def test_longest_pattern_of_the_construct_decides_what_fits(stacks: Callable[[], Stack]) -> None:
    def build(alert_format: AlertFormat) -> None:
        HumanLoopEvents(
            stacks(),
            "HumanLoops",
            flow_definitions=FlowDefinitions.named(
                *(f"flow-definition-{n:03}" for n in range(52)), "f" * 40
            ),
            statuses=[HumanLoopStatus.FAILED],
            alert_format=alert_format,
        )

    build(AlertFormat.TEXT)
    # A chat has a further rule, which also looks at the reason.
    with pytest.raises(ValueError, match="the first 52 fit"):
        build(AlertFormat.CHAT)


def test_tokens_are_left_alone() -> None:
    app = new_app()
    stack = Stack(app, "Loops")
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.named(Fn.import_value("FlowDefinitionName")),
        output_prefix=Fn.import_value("OutputPrefix"),
    )
    template = Template.from_stack(stack)

    template.has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "detail": {
                    "flowDefinitionArn": [
                        {
                            "suffix": {
                                "Fn::Join": ["", ["/", {"Fn::ImportValue": "FlowDefinitionName"}]]
                            }
                        }
                    ]
                }
            }
        },
    )
    # The name is not known at synthesis, so the whole prefix may be read.
    assert '"/",{"Fn::ImportValue":"OutputPrefix"},"/*"' in json.dumps(
        template.to_json(), separators=(",", ":")
    )
    assert findings(app) == set()


def test_review_handler_alone_refuses_what_it_refuses_within(stacks: Callable[[], Stack]) -> None:
    stack = stacks()

    with pytest.raises(ValueError, match="output_prefix: 'a\\?' holds one of"):
        ReviewHandler(
            stack, "ReviewHandler", output_bucket=s3.Bucket(stack, "Output"), output_prefix="a?"
        )
