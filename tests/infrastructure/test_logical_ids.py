"""Settings never change the logical ids of what holds data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from human_loop_events import (
    AlertFormat,
    AlertsSettings,
    DeliverySettings,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    OutcomeArchiveSettings,
    OutputLocation,
    ReconcilerSettings,
    ReviewHandlerSettings,
)
from tests.infrastructure.cases import ACCOUNT, REGION, new_app, synthesize
from tests.infrastructure.test_retention import STATEFUL

#: Values of the settings that configure a part and replace none.
SETTINGS: dict[str, dict[str, Any]] = {
    "alerts": {
        "alert_format": AlertFormat.JSON,
        "runbook": "https://example.com/runbook",
        "failure_threshold": 7,
        "failure_period": Duration.minutes(30),
        "failure_evaluation_periods": 3,
        "include_failure_reason": False,
        "ok_actions": True,
    },
    "delivery": {"max_event_age": Duration.hours(1), "retry_attempts": 3},
    "handler": {
        "ledger_retention": Duration.days(30),
        "include_values": True,
        "include_failure_reason": False,
        "hash_field_names": True,
        "allowed_field_names": ["Total"],
        "log_retention": logs.RetentionDays.ONE_WEEK,
        "max_output_size": Size.mebibytes(1),
        "memory_size": 512,
        "timeout": Duration.minutes(10),
        "reserved_concurrent_executions": 5,
    },
    "reconciler": {
        "schedule": Duration.minutes(20),
        "look_back": Duration.days(2),
        "max_open_age": Duration.days(2),
        "log_retention": logs.RetentionDays.ONE_WEEK,
    },
}

#: Those of the outcome archive, which is off by default.
ARCHIVE_SETTINGS = OutcomeArchiveSettings(
    expiration=Duration.days(730),
    result_expiration=Duration.days(7),
    access_log_expiration=Duration.days(90),
    scan_limit=Size.gibibytes(1),
    log_retention=logs.RetentionDays.ONE_WEEK,
)

#: Settings that replace a part, so that its ids are the caller's.
REPLACING = {
    "alerts": {"topic"},
    "delivery": {"dead_letter_queue", "encryption_key"},
    "handler": {"ledger"},
    "reconciler": set[str](),
}


def _vpc(stack: Stack, name: str) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        f"Vpc-{name}",
        vpc_id="vpc-01234567",
        availability_zones=["eu-west-1a"],
        private_subnet_ids=["subnet-01234567"],
    )


#: Arguments that add or remove resources, none of which holds data.
CHANGES: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "flow definitions": lambda _: {"flow_definitions": FlowDefinitions.from_names("invoices")},
    "statuses": lambda _: {"statuses": ["Failed"]},
    "buffered delivery": lambda _: {"handler_delivery": HandlerDelivery.buffered()},
    "chat": lambda _: {"alerts": AlertsSettings(alert_format=AlertFormat.CHAT)},
    "no role": lambda _: {"delivery": DeliverySettings(authorize_using_role=False)},
    "outcome bus": lambda stack: {
        "handler": ReviewHandlerSettings(outcome_bus=events.EventBus(stack, "Bus"))
    },
    "mappings": lambda _: {
        "handler": ReviewHandlerSettings(
            mappings={"x": [FieldMapping(name="Total", prediction="a", answer="b")]}
        )
    },
    "earlier keys": lambda stack: {
        "delivery": DeliverySettings(
            earlier_encryption_keys=[
                kms.Key.from_key_arn(
                    stack, "Earlier", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/earlier"
                )
            ]
        )
    },
    "vpc": lambda stack: {
        part: {
            "vpc": _vpc(stack, part),
            "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            "security_groups": [
                ec2.SecurityGroup.from_security_group_id(stack, f"Group-{part}", "sg-01234567")
            ],
        }
        for part in ("handler", "reconciler")
    },
    "prefix": lambda stack: {
        "output": OutputLocation(s3.Bucket.from_bucket_name(stack, "B", "example"), prefix="a/")
    },
}

#: What holds data in `HumanLoopEvents(stack, "HumanLoops")`. A change here loses the data of every
#: deployment: it needs a new major version, and steps in docs/upgrading.md.
PINNED = {
    "HumanLoopsAlertsTopic899034DE": "AWS::SNS::Topic",
    "HumanLoopsCallbacksDeadLetterQueue872C3070": "AWS::SQS::Queue",
    "HumanLoopsCallbacksLogsA8EE872B": "AWS::Logs::LogGroup",
    "HumanLoopsCallbacksTableECB1F40D": "AWS::DynamoDB::Table",
    "HumanLoopsDeliveryDeadLetterQueueD7CCA3CB": "AWS::SQS::Queue",
    "HumanLoopsDeliveryKey333685C1": "AWS::KMS::Key",
    "HumanLoopsEventsQueueDeadLetterQueueDA39F301": "AWS::SQS::Queue",
    "HumanLoopsEventsQueueE080452D": "AWS::SQS::Queue",
    "HumanLoopsEventsTopicDC740DF1": "AWS::SNS::Topic",
    "HumanLoopsHandlerQueue1D2186FC": "AWS::SQS::Queue",
    "HumanLoopsHandlerQueueDeadLetterQueueA96EE644": "AWS::SQS::Queue",
    "HumanLoopsOutcomeArchiveAccessLogsFCB1A37A": "AWS::S3::Bucket",
    "HumanLoopsOutcomeArchiveBucket6A16FF9C": "AWS::S3::Bucket",
    "HumanLoopsOutcomeArchiveLogs31964726": "AWS::Logs::LogGroup",
    "HumanLoopsOutputAccessLogsC438E845": "AWS::S3::Bucket",
    "HumanLoopsOutputBucketBB12E88E": "AWS::S3::Bucket",
    "HumanLoopsReconcilerDeadLetterQueue95FBDCCF": "AWS::SQS::Queue",
    "HumanLoopsReconcilerLogs34A55533": "AWS::Logs::LogGroup",
    "HumanLoopsReviewHandlerLedgerTableC31CC2BC": "AWS::DynamoDB::Table",
    "HumanLoopsReviewHandlerLogs4D1D55F4": "AWS::Logs::LogGroup",
}

ONE_BY_ONE = [(part, name) for part, settings in SETTINGS.items() for name in settings]


def _resources(arguments: Callable[[Stack], dict[str, Any]]) -> dict[str, Any]:
    stack = Stack(new_app(), "Loops")
    HumanLoopEvents(stack, "HumanLoops", **arguments(stack))
    resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return resources


def _stateful(resources: dict[str, Any]) -> dict[str, str]:
    return {
        logical_id: resource["Type"]
        for logical_id, resource in resources.items()
        if resource["Type"] in STATEFUL
    }


def test_logical_ids_of_what_holds_data_are_those_of_every_release() -> None:
    stateful = {
        logical_id: of_type
        for case in ("minimal", "callbacks", "buffered")
        for logical_id, of_type in _stateful(synthesize(case).resources).items()
        if logical_id.startswith("HumanLoops")
    }

    assert stateful == PINNED


@pytest.mark.full
@pytest.mark.parametrize(("part", "name"), ONE_BY_ONE, ids=[name for _, name in ONE_BY_ONE])
def test_setting_changes_no_logical_id(part: str, name: str) -> None:
    _assert_no_id_changes(part, {name: SETTINGS[part][name]})


@pytest.mark.parametrize("part", SETTINGS)
def test_settings_together_change_no_logical_id(part: str) -> None:
    _assert_no_id_changes(part, SETTINGS[part])


def _assert_no_id_changes(part: str, settings: dict[str, Any]) -> None:
    minimal = synthesize("minimal").resources

    changed = _resources(lambda _: {part: settings})

    assert changed != minimal
    assert changed.keys() == minimal.keys()


@pytest.mark.full
def test_settings_of_the_outcome_archive_change_no_logical_id() -> None:
    default = _resources(lambda _: {"outcome_archive": OutcomeArchiveSettings()})
    changed = _resources(lambda _: {"outcome_archive": ARCHIVE_SETTINGS})

    assert ARCHIVE_SETTINGS.keys() == get_type_hints(OutcomeArchiveSettings).keys()
    assert changed != default
    assert changed.keys() == default.keys()
    assert _stateful(synthesize("minimal").resources).items() <= _stateful(default).items()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_argument_changes_no_logical_id_of_what_holds_data(
    change: Callable[[Stack], dict[str, Any]],
) -> None:
    minimal = _stateful(synthesize("minimal").resources)
    changed = _resources(change)
    kept = {
        logical_id: of_type
        for logical_id, of_type in minimal.items()
        if "output" not in change(Stack(new_app(), "S")) or of_type != "AWS::S3::Bucket"
    }

    assert len(kept) >= 7
    assert changed != synthesize("minimal").resources
    assert kept.items() <= _stateful(changed).items()


@pytest.mark.parametrize(
    ("part", "settings"),
    [
        ("alerts", AlertsSettings),
        ("delivery", DeliverySettings),
        ("handler", ReviewHandlerSettings),
        ("reconciler", ReconcilerSettings),
    ],
)
def test_every_setting_is_tried(part: str, settings: type) -> None:
    tried = {*SETTINGS[part], *REPLACING[part]}
    added = {
        *("authorize_using_role", "earlier_encryption_keys", "mappings", "outcome_bus"),
        *("vpc", "vpc_subnets", "security_groups"),
    }

    assert set(get_type_hints(settings)) <= tried | added
