"""The archive keeps what the rule StatusChange matches, encrypted, and a replay names the rule."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk.assertions import Template

from human_loop_events import HumanLoopEvents
from tests.infrastructure.cases import new_app, synthesize
from tests.infrastructure.templates import referenced

CASES = ("everything-on", "everything-supplied")


def _archive(case: str) -> dict[str, Any]:
    (archive,) = synthesize(case).of_type("AWS::Events::Archive").values()
    return archive


def _rule(case: str) -> dict[str, Any]:
    (rule,) = (
        properties
        for logical_id, properties in synthesize(case).of_type("AWS::Events::Rule").items()
        if "StatusChange" in logical_id
    )
    return rule


@pytest.mark.parametrize("case", CASES)
def test_archive_has_the_events_of_the_rule_but_verifications(case: str) -> None:
    archived, matched = _archive(case)["EventPattern"], _rule(case)["EventPattern"]

    assert archived["detail"].pop("verification") == [{"exists": False}]
    assert archived == matched


@pytest.mark.parametrize("case", CASES)
def test_archive_is_of_the_bus_of_the_rule_and_encrypted(case: str) -> None:
    archive, rule = _archive(case), _rule(case)
    bus = rule.get("EventBusName")

    assert referenced(archive["KmsKeyIdentifier"]) in synthesize(case).of_type("AWS::KMS::Key")
    if bus is None:
        assert archive["SourceArn"]["Fn::Join"][1][-1] == ":event-bus/default"
    else:
        assert referenced(archive["SourceArn"]) == referenced(bus)


@pytest.mark.parametrize("case", CASES)
def test_archive_goes_with_the_stack(case: str) -> None:
    # One that stayed would go on recording, with nobody who knows of it.
    (resource,) = (
        each
        for each in synthesize(case).resources.values()
        if each["Type"] == "AWS::Events::Archive"
    )

    assert resource.get("DeletionPolicy", "Delete") == "Delete"


def _loops() -> HumanLoopEvents:
    return HumanLoopEvents(Stack(new_app(), "Loops"), "HumanLoops")


@pytest.mark.parametrize("hours", [0, 12, 36])
def test_retention_that_is_no_whole_number_of_days_is_refused(hours: int) -> None:
    with pytest.raises(ValueError, match="retention of the archive: expected whole days, got"):
        _loops().add_archive(retention=Duration.hours(hours))


def test_second_archive_is_refused() -> None:
    loops = _loops()
    loops.add_archive(retention=Duration.days(30))

    with pytest.raises(ValueError, match=r"add_archive\(\) was called twice"):
        loops.add_archive(retention=Duration.days(30))


def test_destination_of_a_replay_is_the_bus_and_the_rules() -> None:
    loops = _loops()
    archive = loops.add_archive(retention=Duration.days(30))
    stack = Stack.of(loops)

    one = stack.resolve(archive.replay_destination(loops.status_events.rule))
    every = stack.resolve(archive.replay_destination())

    assert [each for each in one["Fn::Join"][1] if isinstance(each, str)][-1].endswith(
        ":event-bus/default,FilterArns="
    )
    assert "FilterArns" not in str(every)
    assert Template.from_stack(stack).find_resources("AWS::Events::Archive")
