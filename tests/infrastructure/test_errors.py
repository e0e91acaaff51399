"""A mistake stops synthesis with a message that names the value, where, and what was expected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import Aws, Duration, Environment, Fn, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from human_loop_events import (
    Alerts,
    AlertsSettings,
    Delivery,
    DeliverySettings,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopFilter,
    HumanLoopStatus,
    JobFilter,
    Ledger,
    OutputLocation,
    Reconciler,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
    StatusEvents,
)
from human_loop_events.reviews.mappings import validate_mappings
from tests.infrastructure.cases import ACCOUNT, REGION, new_app
from tests.infrastructure.events.pattern_cases import flow_definition
from tests.infrastructure.nag import findings

ALL = FlowDefinitions.all()
FIELDS = [FieldMapping(name="n", prediction="a", answer="b")]


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
        (FlowDefinitions.from_names, "FlowDefinitions.from_names() needs at least one name"),
        (FlowDefinitions.from_arns, "FlowDefinitions.from_arns() needs at least one ARN"),
        (
            lambda: FlowDefinitions.from_names("invoices", flow_definition("claims")),
            f"FlowDefinitions.from_names(): '{flow_definition('claims')}' is not the name of a "
            "flow definition: expected 1 to 63 lower-case letters, digits and hyphens, a letter or "
            "digit first and last (an ARN goes to from_arns())",
        ),
        (lambda: FlowDefinitions.from_names("Invoices"), "'Invoices' is not the name of a flow"),
        (lambda: FlowDefinitions.from_names("-invoices"), "'-invoices' is not the name of a flow"),
        (lambda: FlowDefinitions.from_names("invoices-"), "'invoices-' is not the name of a flow"),
        (
            lambda: FlowDefinitions.from_names(["invoices"]),  # type: ignore[arg-type]
            "FlowDefinitions.from_names(): expected texts as in "
            "FlowDefinitions.from_names('invoices', 'claims'), got ['invoices']",
        ),
        (lambda: FlowDefinitions.from_names(""), "'' is not the name of a flow definition"),
        (lambda: FlowDefinitions.from_names("a" * 64), "is not the name of a flow definition"),
        (
            lambda: FlowDefinitions.from_arns("invoices"),
            "FlowDefinitions.from_arns(): 'invoices' is not the ARN of a flow definition: expected "
            "arn:<partition>:sagemaker:<region>:<account>:flow-definition/<name>",
        ),
        (
            lambda: FlowDefinitions.from_arns(flow_definition("x").replace("flow-", "")),
            "is not the ARN of a flow definition",
        ),
        (
            lambda: FlowDefinitions.from_arns(flow_definition("x").replace(ACCOUNT, "1234")),
            "is not the ARN of a flow definition",
        ),
        (
            lambda: FlowDefinitions.from_arns(flow_definition("X")),
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
        ({"answer": 5}, "FieldMapping 'Total': answer=5; expected a JMESPath expression"),
        ({"normalize": "case"}, "FieldMapping 'Total': normalize='case'; expected a list of case"),
        ({"tolerance": "1"}, "FieldMapping 'Total': tolerance='1'; expected a number from 0"),
        ({"tolerance": True}, "FieldMapping 'Total': tolerance=True; expected a number from 0"),
        ({"tolerance": 1e301}, "FieldMapping 'Total': tolerance=1e+301; expected a number from 0"),
        ({"tolerance": float("inf")}, "FieldMapping 'Total': tolerance=inf; expected a number"),
        ({"prediction": "a..b"}, "FieldMapping 'Total': prediction='a..b' is not a JMESPath"),
        ({"answer": "a[?"}, "FieldMapping 'Total': answer='a[?' is not a JMESPath expression"),
        ({"answer": ""}, "FieldMapping 'Total': answer=''; expected a JMESPath expression"),
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

    with pytest.raises(ValueError, match=r"mappings\['invoices'\]: .*two fields are named 'Total'"):
        validate_mappings({"claims": [field], "invoices": [field, field]}, ALL)


def test_mapping_of_an_unknown_flow_definition_is_refused() -> None:
    field = FieldMapping(name="Total", prediction="a", answer="b")
    known = FlowDefinitions.from_names("claims", "invoices")

    assert validate_mappings({"invoices": [field]}, known)
    with pytest.raises(ValueError, match=r"mappings\['invocies'\]: no such .*claims, invoices"):
        validate_mappings({"invocies": [field]}, known)


@pytest.mark.parametrize(
    ("mappings", "says"),
    [
        ([], "mappings: expected {'<flow definition>': [FieldMapping(…)]}, got []"),
        ({"f": FieldMapping(name="n", prediction="a", answer="b")}, "expected a list of FieldMap"),
        (
            {"f": [{"name": "n"}]},
            "mappings['f']: expected a list of FieldMapping, or a TaskMapping, got [{'name'",
        ),
        ({"f": []}, "mappings['f']: expected at least one FieldMapping, got none"),
        ({"F": FIELDS}, "mappings['F']: 'F' is not the name of a flow definition"),
        ({"../f": FIELDS}, "mappings['../f']: expected the name of a flow definition"),
        ({"f" * 64: FIELDS}, "is not the name of a flow definition; expected 1 to 63"),
        ({Aws.STACK_NAME: FIELDS}, "the name is known at deployment only"),
    ],
)
def test_mappings_of_the_wrong_shape_are_refused(mappings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        validate_mappings(mappings, ALL)


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"statuses": []}, "statuses: expected a list such as ['Completed', 'Failed'], got an"),
        ({"statuses": "Failed"}, "statuses: expected a list such as ['Completed', 'Failed'], got"),
        ({"statuses": HumanLoopStatus.FAILED}, "statuses: expected a list such as"),
        (
            {"statuses": ["InProgress"]},
            "statuses: expected one of Completed, Failed, Stopped, got 'InProgress'",
        ),
        (
            {"flow_definitions": "invoices"},
            "flow_definitions: expected FlowDefinitions.from_names(",
        ),
        ({"handler_delivery": "BUFFERED"}, "handler_delivery: expected HandlerDelivery.direct()"),
        ({"alerts": "topic"}, "alerts: expected Alerts(…) or AlertsSettings(…), got 'topic'"),
        ({"handler": "function"}, "handler: expected a function, such as lambda_.Function"),
        ({"delivery": 5}, "delivery: expected Delivery(…) or DeliverySettings(…), got 5"),
        (
            {"alerts": AlertsSettings(alert_format="XML")},  # type: ignore[typeddict-item]
            "alert_format: expected one of TEXT, JSON, CHAT, got 'XML'",
        ),
        (
            {"alerts": AlertsSettings(failure_threshold=0)},
            "failure_threshold: expected a whole number from 1, got 0",
        ),
        (
            {"alerts": AlertsSettings(failure_evaluation_periods=0)},
            "failure_evaluation_periods: expected a whole number from 1, got 0",
        ),
        (
            {"alerts": AlertsSettings(failure_period=Duration.seconds(90))},
            "failure_period: expected whole minutes, 1 minute to 1 day, got 1 minute 30 seconds: "
            "CloudWatch has no other period for the metrics of AWS services",
        ),
        (
            {"alerts": AlertsSettings(runbook="our runbook")},
            "runbook: expected a path or URL without spaces, got 'our runbook'",
        ),
        (
            {"delivery": DeliverySettings(retry_attempts=-1)},
            "retry_attempts: expected a whole number, 0 to 185, got -1",
        ),
        (
            {"delivery": DeliverySettings(retry_attempts=186)},
            "retry_attempts: expected a whole number, 0 to 185, got 186",
        ),
        (
            {"delivery": DeliverySettings(max_event_age=Duration.seconds(59))},
            "max_event_age: expected a time, 1 minute to 1 day, got 59 seconds",
        ),
        (
            {"delivery": DeliverySettings(max_event_age=Duration.hours(25))},
            "max_event_age: expected a time, 1 minute to 1 day, got 1 day 1 hour",
        ),
        (
            {"handler": ReviewHandlerSettings(memory_size=64)},
            "memory_size: expected a whole number, 256 to 10,240, got 64",
        ),
        (
            {"handler": ReviewHandlerSettings(timeout=Duration.minutes(16))},
            "timeout: expected a time, 2 minutes to 15 minutes, got 16 minutes",
        ),
        (
            {"handler": ReviewHandlerSettings(ledger_retention=Duration.hours(1))},
            "retention of the ledger: expected a time, from 1 day, got 1 hour",
        ),
        (
            {"handler": ReviewHandlerSettings(include_values="yes")},  # type: ignore[typeddict-item]
            "include_values: expected True or False, got 'yes'",
        ),
        (
            {"handler": ReviewHandlerSettings(allowed_field_names="Total")},
            "allowed_field_names: expected a list such as ['Total', 'Invoice Date'], got 'Total'",
        ),
        (
            {"handler": ReviewHandlerSettings(allowed_field_names=["n" * 300])},
            "allowed_field_names: 304 bytes as JSON, but 256 fit into the function's environment",
        ),
        (
            {"handler": ReviewHandlerSettings(max_output_size=Size.kibibytes(0))},
            "max_output_size: expected a size, 1 KiB to 1 GiB",
        ),
        ({"topic": "arn:aws:sns:x"}, "topic: expected a topic, such as sns.Topic.from_topic_arn("),
        ({"queue": "reviews"}, "queue: expected a queue, such as sqs.Queue.from_queue_arn(…) or"),
        ({"event_bus": "loops"}, "event_bus: expected a bus, such as events.EventBus.from_event_"),
        (
            {"alerts": AlertsSettings(topic="incidents")},  # type: ignore[typeddict-item]
            "topic: expected a topic, such as sns.Topic.from_topic_arn(…), got 'inci",
        ),
        (
            {"delivery": DeliverySettings(encryption_key="alias/x")},  # type: ignore[typeddict-item]
            "encryption_key: expected a key, such as kms.Key.from_key_arn(…), got 'alias/x'",
        ),
        (
            {"delivery": DeliverySettings(dead_letter_queue="dlq")},  # type: ignore[typeddict-item]
            "dead_letter_queue: expected a queue, such as sqs.Queue.from_queue_arn(…), got 'dlq'",
        ),
        (
            {"handler": ReviewHandlerSettings(outcome_bus="bus")},  # type: ignore[typeddict-item]
            "outcome_bus: expected a bus, such as events.EventBus.from_event_bus_name(…), got 'b",
        ),
        (
            {"output": "s3://reviews"},
            "output: expected OutputLocation(…) or a list with OutputLocation(…) or",
        ),
    ],
    ids=lambda value: re.sub(" object at 0x[0-9a-f]+", "", str(value)),
)
def test_value_that_cannot_work_is_refused(
    properties: dict[str, Any], says: str, stacks: Callable[[], Stack]
) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        HumanLoopEvents(stacks(), "HumanLoops", **properties)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: HandlerDelivery.buffered(max_concurrency=1),
            "max_concurrency: expected a whole number, 2 to 1,000, got 1",
        ),
        (
            lambda: HandlerDelivery.buffered(max_concurrency=1001),
            "max_concurrency: expected a whole number, 2 to 1,000, got 1001",
        ),
        (
            lambda: HandlerDelivery.buffered(retry_for=Duration.days(8)),
            "retry_for: expected a time, 1 second to 7 days, got 8 days",
        ),
        (
            lambda: JobFilter.training(statuses="Failed"),
            "statuses: expected a list such as ['Failed'], got 'Failed'",
        ),
        (
            lambda: JobFilter.training(statuses=["Succeeded"]),
            "statuses: 'Succeeded' is not a status of a SageMaker Training Job; expected one of "
            "InProgress, Completed, Failed, Stopping, Stopped",
        ),
        (
            lambda: JobFilter.training(name_prefix="invoices-*"),
            "name_prefix: expected the beginning of a name, 1 to 63 letters, digits and hyphens, "
            "got 'invoices-*'",
        ),
        (lambda: JobFilter.training(name_prefix=""), "name_prefix: expected the beginning of a"),
    ],
)
def test_part_that_cannot_work_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        make()


@pytest.mark.parametrize(
    ("failure_codes", "says"),
    [
        ("InternalError", "failure_codes: expected a list such as ['InternalError'], got 'Inter"),
        ([], "failure_codes: expected a list such as ['InternalError'], got an empty one"),
        ([5], "failure_codes: expected a list such as ['InternalError'], got 5 in it"),
        (["expired"], "failure_codes: expected 'Expired', got 'expired': EventBridge compares"),
    ],
)
def test_failure_codes_that_match_nothing_are_refused(
    failure_codes: Any, says: str, stacks: Callable[[], Stack]
) -> None:
    loops = HumanLoopEvents(stacks(), "HumanLoops")

    with pytest.raises(ValueError, match=re.escape(says)):
        loops.on_failed("Page", failure_codes=failure_codes)


def test_failure_code_that_is_not_known_is_accepted(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    loops = HumanLoopEvents(stack, "HumanLoops")

    assert loops.on_failed(
        "Page", failure_codes=["NewCode"], target=targets.LambdaFunction(_function(stack))
    )


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        ("reviews/*", "prefix of the output: 'reviews/*' contains one of * ? $"),
        ("${aws:username}", "prefix of the output: '${aws:username}' contains one of"),
        ("s3://bucket/reviews/", "OutputLocation.from_s3_output_path(self, 'Output', 's3://bucket"),
        ("arn:aws:s3:::bucket/reviews", "expected a key prefix such as 'reviews/', got 'arn:aws"),
        (None, "prefix: expected text, got None"),
    ],
)
def test_prefix_that_is_none_is_refused(
    prefix: Any, says: str, stacks: Callable[[], Stack]
) -> None:
    bucket = s3.Bucket.from_bucket_name(stacks(), "Output", "example-reviews")

    with pytest.raises(ValueError, match=re.escape(says)):
        OutputLocation(bucket, prefix=prefix)


@pytest.mark.parametrize("path", ["reviews/", "https://bucket/reviews", "s3://", "s3:///x"])
def test_output_path_that_is_none_is_refused(path: Any, stacks: Callable[[], Stack]) -> None:
    with pytest.raises(ValueError, match=r"s3_output_path: expected s3://<bucket>/<prefix>, got"):
        OutputLocation.from_s3_output_path(stacks(), "Output", path)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("s3://example-reviews", ""), ("s3://example-reviews/a2i/x/", "a2i/x/")],
)
def test_output_path_of_a_flow_definition_is_taken_apart(
    path: str, prefix: str, stacks: Callable[[], Stack]
) -> None:
    output = OutputLocation.from_s3_output_path(stacks(), "Output", path)

    assert (output.bucket.bucket_name, output.prefix) == ("example-reviews", prefix)


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        (flow_definition("x").replace(REGION, "us-east-1"), f"deployed to Region {REGION}"),
        (flow_definition("x").replace(ACCOUNT, "444455556666"), f"deployed to account {ACCOUNT}"),
    ],
)
def test_flow_definition_whose_events_go_elsewhere_is_refused(arn: str, says: str) -> None:
    stack = Stack(new_app(), "Loops", env=Environment(account=ACCOUNT, region=REGION))
    flow_definitions = FlowDefinitions.from_arns(arn)

    with pytest.raises(ValueError, match=says):
        HumanLoopEvents(stack, "HumanLoops", flow_definitions=flow_definitions)
    assert HumanLoopEvents(
        stack,
        "FromAnotherBus",
        flow_definitions=flow_definitions,
        event_bus=events.EventBus(stack, "Forwarded"),
    )


def test_rule_on_a_bus_of_another_account_is_refused() -> None:
    stack = Stack(new_app(), "Loops", env=Environment(account=ACCOUNT, region=REGION))
    bus = events.EventBus.from_event_bus_arn(
        stack, "Bus", f"arn:aws:events:{REGION}:444455556666:event-bus/theirs"
    )

    with pytest.raises(ValueError, match=r"event_bus: .* a rule must be where its bus is"):
        HumanLoopEvents(stack, "HumanLoops", event_bus=bus)


def _fifo_queue(stack: Stack) -> sqs.IQueue:
    return sqs.Queue(stack, "Fifo", fifo=True)


def _imported_fifo_queue(stack: Stack) -> sqs.IQueue:
    return sqs.Queue.from_queue_arn(stack, "Fifo", f"arn:aws:sqs:{REGION}:{ACCOUNT}:q.fifo")


def _queue_with_managed_key(stack: Stack) -> sqs.IQueue:
    return sqs.Queue(stack, "Managed", encryption=sqs.QueueEncryption.KMS_MANAGED)


def _fifo_topic(stack: Stack) -> sns.ITopic:
    return sns.Topic(stack, "Fifo", fifo=True)


def _topic_with_managed_key(stack: Stack) -> sns.ITopic:
    key = kms.Alias.from_alias_name(stack, "AwsKey", "alias/aws/sns")
    return sns.Topic(stack, "Managed", master_key=key)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda s: {"queue": _fifo_queue(s)}, "is a FIFO queue; expected a standard queue"),
        (lambda s: {"queue": _imported_fifo_queue(s)}, "is a FIFO queue; expected a standard"),
        (lambda s: {"queue": _queue_with_managed_key(s)}, "encrypted with the key alias/aws/sqs"),
        (lambda s: {"topic": _fifo_topic(s)}, "topic: expected a standard topic, got the FIFO"),
        (lambda s: {"topic": _topic_with_managed_key(s)}, "encrypted with the key alias/aws/sns"),
        (
            lambda s: {"alerts": AlertsSettings(topic=_fifo_topic(s))},
            "topic of the alerts: expected a standard topic, got the FIFO topic",
        ),
        (
            lambda s: {"alerts": AlertsSettings(topic=_topic_with_managed_key(s))},
            "encrypted with the key alias/aws/sns",
        ),
        (
            lambda s: {"delivery": DeliverySettings(dead_letter_queue=_fifo_queue(s))},
            "dead_letter_queue: expected a standard queue, got the FIFO queue",
        ),
        (
            lambda s: {"delivery": DeliverySettings(dead_letter_queue=_queue_with_managed_key(s))},
            "encrypted with the key alias/aws/sqs",
        ),
    ],
)
def test_queue_or_topic_that_aws_services_cannot_use_is_refused(
    make: Callable[[Stack], dict[str, Any]], says: str, stacks: Callable[[], Stack]
) -> None:
    stack = stacks()

    with pytest.raises(ValueError, match=re.escape(says)) as error:
        HumanLoopEvents(stack, "HumanLoops", **make(stack))
    assert "Token[" not in str(error.value)


def test_fifo_queue_with_a_message_group_is_accepted() -> None:
    stack = Stack(new_app(), "Loops")
    delivery, alerts = Delivery(stack, "Delivery"), Alerts(stack, "Alerts")
    queue = sqs.Queue(stack, "Fifo", fifo=True, content_based_deduplication=True)
    loops = StatusEvents(stack, "Loops", filter=HumanLoopFilter(), delivery=delivery, alerts=alerts)

    loops.add_target(delivery.queue_target(queue, message_group_id="loops"))

    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule",
        {"Targets": [{"SqsParameters": {"MessageGroupId": "loops"}}]},
    )


def test_queue_that_is_the_dead_letter_queue_too_is_refused(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    queue = sqs.Queue(stack, "Queue")

    with pytest.raises(ValueError, match=r"is the dead-letter queue of .* too; expected another"):
        HumanLoopEvents(
            stack, "HumanLoops", queue=queue, delivery=DeliverySettings(dead_letter_queue=queue)
        )


@pytest.mark.parametrize(
    ("threshold", "flow_definitions", "says"),
    [
        (0.8, ALL, "expected flow_definitions with names known at synthesis, got none"),
        (
            80,
            FlowDefinitions.from_names("x"),
            "threshold: expected a share, over 0 up to 1, got 80",
        ),
        (0, FlowDefinitions.from_names("x"), "threshold: expected a share, over 0 up to 1, got 0"),
        (
            True,
            FlowDefinitions.from_names("x"),
            "threshold: expected a number, got True",
        ),
    ],
)
def test_low_agreement_that_cannot_be_measured_is_refused(
    threshold: float, flow_definitions: FlowDefinitions, says: str, stacks: Callable[[], Stack]
) -> None:
    loops = HumanLoopEvents(stacks(), "HumanLoops", flow_definitions=flow_definitions)

    with pytest.raises(ValueError, match=re.escape(says)):
        loops.alert_on_low_agreement(threshold)


@pytest.mark.parametrize("days", [0, 8, 1.5, True])
def test_silence_that_cannot_be_measured_is_refused(days: Any, stacks: Callable[[], Stack]) -> None:
    loops = HumanLoopEvents(stacks(), "HumanLoops")

    with pytest.raises(ValueError, match=r"days: expected a whole number, 1 to 7, got"):
        loops.alert_on_silence(days=days)


def test_setting_that_does_not_exist_is_refused(stacks: Callable[[], Stack]) -> None:
    settings: Any = {"memory": 2048}

    with pytest.raises(ValueError, match=r"handler: expected .* with .*; got memory"):
        HumanLoopEvents(stacks(), "HumanLoops", handler=settings)


def test_ledger_and_its_retention_together_are_refused(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    settings = ReviewHandlerSettings(
        ledger=Ledger(stack, "Ledger"), ledger_retention=Duration.days(9)
    )

    with pytest.raises(ValueError, match="ledger_retention: it applies to a new ledger"):
        HumanLoopEvents(stack, "HumanLoops", handler=settings)


def test_buffered_imported_function_needs_its_timeout(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    handler = lambda_.Function.from_function_arn(
        stack, "Handler", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:example"
    )

    with pytest.raises(ValueError, match=r"HandlerDelivery.buffered\(\) needs function_timeout"):
        HumanLoopEvents(
            stack, "HumanLoops", handler=handler, handler_delivery=HandlerDelivery.buffered()
        )


def test_buffered_function_of_another_stack_is_refused(stacks: Callable[[], Stack]) -> None:
    here, elsewhere = stacks(), stacks()

    with pytest.raises(ValueError, match=f"got one of {elsewhere.node.id}"):
        HumanLoopEvents(
            here,
            "HumanLoops",
            handler=_function(elsewhere),
            handler_delivery=HandlerDelivery.buffered(),
        )


@pytest.mark.parametrize(
    ("retry_for", "timeout", "says"),
    [
        (Duration.minutes(5), Duration.minutes(2), "retry_for: expected at least 720 seconds"),
        (Duration.days(7), Duration.seconds(60), "timeout: expected a time, 2 minutes to 15"),
    ],
)
def test_retry_time_that_does_not_fit_the_timeout_is_refused(
    retry_for: Duration, timeout: Duration, says: str, stacks: Callable[[], Stack]
) -> None:
    with pytest.raises(ValueError, match=says):
        HumanLoopEvents(
            stacks(),
            "HumanLoops",
            handler=ReviewHandlerSettings(timeout=timeout),
            handler_delivery=HandlerDelivery.buffered(retry_for=retry_for),
        )


def test_second_queue_before_a_review_handler_is_refused(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    first = HumanLoopEvents(stack, "First", handler_delivery=HandlerDelivery.buffered())

    with pytest.raises(ValueError, match=r"reads .*First/HandlerQueue already"):
        HumanLoopEvents(
            stack,
            "Second",
            handler=first.review_handler,
            handler_delivery=HandlerDelivery.buffered(),
        )


def test_part_that_is_not_there_says_so(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    loops = HumanLoopEvents(stack, "HumanLoops", handler=_function(stack))

    for part in ("review_handler", "handler_queue", "output"):
        with pytest.raises(ValueError, match=f"{part}: this HumanLoopEvents has none"):
            getattr(loops, part)


def test_part_that_was_not_added_says_what_adds_it(stacks: Callable[[], Stack]) -> None:
    events_only = StatusEvents(stacks(), "Loops", filter=HumanLoopFilter())

    for part, needs in (
        ("topic", "add_topic()"),
        ("queue", "add_queue()"),
        ("queue_dead_letter_queue", "add_queue()"),
        ("failed_rule", "alert_on_failure()"),
        ("failure_alarm", "alert_on_failure()"),
    ):
        with pytest.raises(ValueError, match=re.escape(f"{part}: it does not exist yet; it needs")):
            getattr(events_only, part)
        assert needs


def test_part_that_is_added_twice_is_refused(stacks: Callable[[], Stack]) -> None:
    loops = HumanLoopEvents(stacks(), "HumanLoops").status_events

    for again in (loops.add_topic, loops.add_queue, loops.alert_on_failure):
        with pytest.raises(ValueError, match=r"there is one already|called twice"):
            again()


def test_endpoints_have_no_stopped_status(stacks: Callable[[], Stack]) -> None:
    endpoints = StatusEvents(stacks(), "Endpoints", filter=JobFilter.endpoints())

    with pytest.raises(ValueError, match="there is no status for stopped ones"):
        endpoints.on_stopped("Stopped")


def test_status_events_and_rules_that_go_nowhere_stop_synthesis() -> None:
    app = new_app()
    stack = Stack(app, "Loops")
    delivery, alerts = Delivery(stack, "Delivery"), Alerts(stack, "Alerts")
    loops = HumanLoopFilter()
    StatusEvents(stack, "Idle", filter=loops, delivery=delivery, alerts=alerts)
    StatusEvents(stack, "Events", filter=loops, delivery=delivery, alerts=alerts).on_failed("Page")

    with pytest.raises(RuntimeError) as error:
        app.synth()

    assert "Loops/Idle has no rule, so no events are sent: call add_topic()" in str(error.value)
    assert "the rule Loops/Events/Rules/Page has no target" in str(error.value)


def _warnings(stack: Stack) -> list[str]:
    app: Any = stack.node.root
    return [
        str(message.entry.data)
        for each in app.synth().stacks
        if each.stack_name == stack.stack_name
        for message in each.messages
    ]


def test_new_output_bucket_is_warned_of() -> None:
    stack = Stack(new_app(), "Loops")
    HumanLoopEvents(stack, "HumanLoops")

    (warning,) = _warnings(stack)

    assert "Existing flow definitions write to another location" in warning
    assert "Set output to the S3OutputPath of your flow definitions" in warning


def test_memory_that_the_largest_output_exceeds_is_warned_of() -> None:
    stack = Stack(new_app(), "Loops")
    output = OutputLocation(s3.Bucket(stack, "Output"))
    HumanLoopEvents(
        stack,
        "HumanLoops",
        output=output,
        handler=ReviewHandlerSettings(max_output_size=Size.mebibytes(64)),
    )

    (warning,) = _warnings(stack)

    assert "an output of 64 MiB can take 2,064 MiB of memory, but memory_size is 1,024" in warning


def test_owners_in_other_accounts_are_named_with_what_they_must_allow() -> None:
    stack = Stack(new_app(), "Loops", env=Environment(account=ACCOUNT, region=REGION))
    theirs = "444455556666"
    HumanLoopEvents(
        stack,
        "HumanLoops",
        output=OutputLocation(
            s3.Bucket.from_bucket_attributes(stack, "Output", bucket_name="theirs", account=theirs),
            encryption_key=kms.Key.from_key_arn(
                stack, "Key", f"arn:aws:kms:{REGION}:{theirs}:key/00000000"
            ),
        ),
        handler=ReviewHandlerSettings(
            outcome_bus=events.EventBus.from_event_bus_arn(
                stack, "Bus", f"arn:aws:events:{REGION}:{theirs}:event-bus/outcomes"
            )
        ),
    )

    warnings = "\n".join(_warnings(stack))

    assert f"output: arn:aws:s3:::theirs is in account {theirs}: its policy must allow" in warnings
    assert (
        f"is in account {theirs}: its policy must allow the role that reads the output kms:Decrypt"
        in warnings
    )
    assert (
        f"is in account {theirs}: its policy must allow the role of the handler events:PutEvents"
        in warnings
    )


def test_pattern_that_is_too_long_is_refused_with_the_number_that_fits(
    stacks: Callable[[], Stack],
) -> None:
    def build(*names: str) -> None:
        HumanLoopEvents(stacks(), "HumanLoops", flow_definitions=FlowDefinitions.from_names(*names))

    names = [f"flow-definition-{n:03}" for n in range(200)]
    with pytest.raises(ValueError, match=r"200 flow definitions .* over 2048 characters") as error:
        build(*names)
    match = re.search(r"the first (\d+) fit", str(error.value))
    assert match
    fitting = int(match[1])

    build(*names[:fitting])
    with pytest.raises(ValueError, match=f"the first {fitting} fit"):
        build(*names[: fitting + 1])


@pytest.mark.full
def test_longest_pattern_of_the_construct_decides_what_fits(stacks: Callable[[], Stack]) -> None:
    def build(alert_format: str) -> None:
        HumanLoopEvents(
            stacks(),
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names(
                *(f"flow-definition-{n:03}" for n in range(51)), "f" * 40
            ),
            statuses=[HumanLoopStatus.FAILED],
            alerts=AlertsSettings(alert_format=alert_format),  # type: ignore[typeddict-item]
        )

    build("TEXT")
    # A chat has a further rule, which also matches the reason.
    with pytest.raises(ValueError, match="the first 51 fit"):
        build("CHAT")


def test_tokens_are_left_alone() -> None:
    app = new_app()
    stack = Stack(app, "Loops")
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names(Fn.import_value("FlowDefinitionName")),
        output=OutputLocation(
            s3.Bucket.from_bucket_name(stack, "Output", Fn.import_value("Bucket")),
            prefix=Fn.import_value("OutputPrefix"),
        ),
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
    output = OutputLocation(s3.Bucket(stack, "Output"))

    with pytest.raises(ValueError, match="dead_letter_queue: expected a standard queue"):
        ReviewHandler(stack, "ReviewHandler", output=output, dead_letter_queue=_fifo_queue(stack))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": Duration.minutes(14)}, "expected whole minutes, 15 minutes to 1 day, got"),
        (
            {"schedule": Duration.hours(25)},
            "schedule of the reconciler: expected whole",
        ),
        ({"schedule": Duration.seconds(901)}, "15 minutes to 1 day, got 15 minutes 1 second"),
        (
            {"look_back": Duration.minutes(59)},
            "look_back: expected a time, 1 hour to 400",
        ),
        ({"look_back": Duration.days(401)}, "got 401 days: the ledger deletes a loop"),
        ({"max_open_age": Duration.minutes(59)}, "max_open_age: expected at least the time of the"),
    ],
)
def test_setting_of_the_reconciler_that_is_out_of_range_is_refused(
    stacks: Callable[[], Stack], settings: ReconcilerSettings, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        HumanLoopEvents(stacks(), "HumanLoops", reconciler=settings)


def test_reconciler_without_a_ledger_is_refused(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    with pytest.raises(ValueError, match="reconciler: it compares human loops with the ledger of"):
        HumanLoopEvents(
            stack, "HumanLoops", handler=_function(stack), reconciler=ReconcilerSettings()
        )


@pytest.mark.parametrize("value", [None, True])
def test_reconciler_that_is_neither_part_nor_false_is_refused(
    stacks: Callable[[], Stack], value: Any
) -> None:
    says = f"ReconcilerSettings(…) or False, got {value}"
    with pytest.raises(ValueError, match=re.escape(says)):
        HumanLoopEvents(stacks(), "HumanLoops", reconciler=value)


@pytest.mark.parametrize("own_handler", [False, True])
def test_reconciler_that_is_absent_is_named(stacks: Callable[[], Stack], own_handler: bool) -> None:
    stack = stacks()
    loops = (
        HumanLoopEvents(stack, "HumanLoops", handler=_function(stack))
        if own_handler
        else HumanLoopEvents(stack, "HumanLoops", reconciler=False)
    )
    with pytest.raises(ValueError, match="reconciler: this HumanLoopEvents has none"):
        _ = loops.reconciler


def test_names_that_do_not_fit_the_reconciler_are_refused(stacks: Callable[[], Stack]) -> None:
    stack = stacks()
    delivery = Delivery(stack, "Delivery")
    with pytest.raises(ValueError, match="flow_definitions: their names or ARNs take 3,601 bytes"):
        Reconciler(
            stack,
            "Reconciler",
            ledger=Ledger(stack, "Ledger"),
            delivery=delivery,
            alerts=Alerts(stack, "Alerts"),
            flow_definitions=FlowDefinitions.from_names(*(f"{n:057}" for n in range(60))),
        )


@pytest.mark.full
def test_flow_definitions_of_another_account_have_no_reconciler_by_default() -> None:
    stack = Stack(new_app(), "Loops", env=Environment(account=ACCOUNT, region=REGION))
    foreign = FlowDefinitions.from_arns(
        f"arn:aws:sagemaker:{REGION}:444455556666:flow-definition/invoices"
    )
    bus = events.EventBus(stack, "Bus")
    loops = HumanLoopEvents(stack, "Default", flow_definitions=foreign, event_bus=bus)
    with pytest.raises(ValueError, match="reconciler: this HumanLoopEvents has none"):
        _ = loops.reconciler
    with pytest.raises(ValueError, match="in account 444455556666"):
        HumanLoopEvents(
            stack,
            "Wanted",
            flow_definitions=foreign,
            event_bus=bus,
            reconciler=ReconcilerSettings(),
        )
