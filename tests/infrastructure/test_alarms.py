"""Alarms watch all that can fail, once each, can notify somebody, and say what to do."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from constructs import Construct

from human_loop_events import Alerts, HumanLoopEvents
from tests.infrastructure.cases import CASES, Synthesized, new_app, synthesize
from tests.infrastructure.templates import (
    CLOUDWATCH,
    admits,
    callbacks,
    key_admits,
    reconcilers,
    referenced,
    review_handlers,
    targets,
)

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

SECTIONS = {
    "FailedLoops",
    "FailedJobs",
    "DeadLetterQueue",
    "RuleDelivery",
    "HandlerErrors",
    "LowAgreement",
    "Backlog",
    "CallbackErrors",
    "Silence",
    "OpenLoops",
    "RecoveredLoops",
    "UnknownFlowDefinitions",
    "UnconfirmedEvents",
    "ReconcilerErrors",
    "OutcomeArchive",
}


def _alarms(synthesized: Synthesized) -> dict[str, dict[str, Any]]:
    alarms = synthesized.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) >= 3  # two for the least number of rules, one for a dead-letter queue
    return alarms


def _watched(synthesized: Synthesized, metric: str) -> Counter[str]:
    """Count the alarms on a metric by the logical id of what they watch."""
    counted: Counter[str] = Counter()
    for alarm in _alarms(synthesized).values():
        if alarm.get("MetricName") == metric:
            dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
            (subject,) = (
                dimensions[name]
                for name in ("RuleName", "QueueName", "FunctionName")
                if name in dimensions
            )
            counted[_subject(subject)] += 1
    return counted


def _subject(value: Any) -> str:
    if isinstance(value, dict) and "Fn::Select" in value:
        # The name in the ARN of a rule on a custom bus.
        return str(referenced(value["Fn::Select"][1]["Fn::Split"][1]))
    return referenced(value) or str(value)


def _once(logical_ids: set[str]) -> Counter[str]:
    return Counter(dict.fromkeys(logical_ids, 1))


def test_every_rule_of_the_constructs_is_watched_once(synthesized: Synthesized) -> None:
    rules = set(synthesized.of_type("AWS::Events::Rule")) & synthesized.own

    assert rules
    assert _watched(synthesized, "InvocationsSentToDlq") == _once(rules)
    assert _watched(synthesized, "InvocationsFailedToBeSentToDlq") == _once(rules)


def test_rules_that_the_user_adds_are_among_the_watched() -> None:
    added = {"Retrain", "Page", "Forget", "Archive", "Count"}

    watched = _watched(synthesize("everything-on"), "InvocationsSentToDlq")

    assert {rule for rule in added if any(rule in each for each in watched)} == added


def test_every_dead_letter_queue_is_watched_once(synthesized: Synthesized) -> None:
    of_rules = {
        referenced(target.dead_letter_queue) or target.dead_letter_queue.rsplit(":", 1)[-1]
        for target in targets(synthesized)
    }
    of_own_queues = {
        str(referenced(queue["RedrivePolicy"]["deadLetterTargetArn"]))
        for logical_id, queue in synthesized.of_type("AWS::SQS::Queue").items()
        if "RedrivePolicy" in queue and logical_id in synthesized.own
    }

    of_callbacks = {
        str(referenced(function["DeadLetterConfig"]["TargetArn"]))
        for function in callbacks(synthesized).values()
    }

    assert of_rules
    assert _watched(synthesized, "ApproximateNumberOfMessagesVisible") == _once(
        of_rules | of_own_queues | of_callbacks
    )


def test_further_messages_in_a_dead_letter_queue_raise_an_alarm_of_their_own(
    synthesized: Synthesized,
) -> None:
    growing = Counter(
        _subject(metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"])
        for alarm in _alarms(synthesized).values()
        for metric in alarm.get("Metrics", [])
        if metric.get("MetricStat", {}).get("Metric", {}).get("Namespace") == "AWS/SQS"
    )

    assert growing == _watched(synthesized, "ApproximateNumberOfMessagesVisible")


def test_every_queue_of_the_constructs_that_somebody_must_empty_is_watched(
    synthesized: Synthesized,
) -> None:
    to_empty = {
        logical_id
        for logical_id, queue in synthesized.of_type("AWS::SQS::Queue").items()
        if logical_id in synthesized.own and "RedrivePolicy" in queue
    }

    assert _watched(synthesized, "ApproximateAgeOfOldestMessage") == _once(to_empty)


def test_every_function_that_handles_loops_is_watched_once(synthesized: Synthesized) -> None:
    handlers = {
        str(referenced(target.content["Arn"]))
        for target in targets(synthesized)
        if "StatusChange" in target.rule
        and synthesized.resources.get(str(referenced(target.content["Arn"])), {}).get("Type")
        == "AWS::Lambda::Function"
    } | {
        str(referenced(mapping["FunctionName"]))
        for mapping in synthesized.of_type("AWS::Lambda::EventSourceMapping").values()
    }

    assert bool(handlers) == (synthesized.name != "composed-without-handler")
    handlers |= set(callbacks(synthesized))
    for metric in ("Throttles", "DeadLetterErrors"):
        assert _watched(synthesized, metric) == _once(handlers)
    assert _watched(synthesized, "Errors") == _once(handlers | set(reconcilers(synthesized)))


def test_every_reconciler_is_watched_once(synthesized: Synthesized) -> None:
    functions = set(reconcilers(synthesized))

    for metric in ("RecoveredLoops", "UnknownFlowDefinitions", "OldestOpenLoopAgeSeconds"):
        assert _watched(synthesized, metric) == _once(functions)
    for alarm in _alarms(synthesized).values():
        of_handler = alarm.get("MetricName") == "UnconfirmedEvents"
        if alarm.get("Namespace") == "HumanLoops" and not of_handler:
            minutes = 30 if synthesized.name == "everything-on" else 60
            assert alarm["Period"] == minutes * 60
            days = 1 if synthesized.name == "everything-on" else 3
            is_age = alarm["MetricName"] == "OldestOpenLoopAgeSeconds"
            assert alarm["Threshold"] == (days * 24 * 3600 if is_age else 1)


def test_events_that_a2i_does_not_confirm_raise_an_alarm(synthesized: Synthesized) -> None:
    # One of the cases has a handler that nothing invokes.
    handlers = set(review_handlers(synthesized)) & set(_watched(synthesized, "Throttles"))

    assert _watched(synthesized, "UnconfirmedEvents") == _once(handlers)
    for alarm in _alarms(synthesized).values():
        if alarm.get("MetricName") == "UnconfirmedEvents":
            (dimension,) = alarm["Dimensions"]
            assert dimension["Name"] == "FunctionName", "the function prints no other dimension"
            assert (alarm["Namespace"], alarm["Statistic"]) == ("HumanLoops", "Sum")
            assert (alarm["Period"], alarm["Threshold"]) == (300, 1)


def test_alarm_on_unconfirmed_events_is_added_once_for_each_alerts() -> None:
    stack = Stack(new_app(), "Loops")
    loops = HumanLoopEvents(stack, "HumanLoops")
    another = Alerts(stack, "Another")

    for alerts in (loops.alerts, another, another):
        loops.review_handler.alert_on_unconfirmed_events(alerts)

    Template.from_stack(stack).resource_properties_count_is(
        "AWS::CloudWatch::Alarm", {"MetricName": "UnconfirmedEvents"}, 2
    )


def test_every_rule_on_failures_has_an_alarm_that_counts_them(synthesized: Synthesized) -> None:
    rules = {
        rule
        for rule in synthesized.of_type("AWS::Events::Rule")
        # CDK appends eight hexadecimal digits to an id.
        if rule[:-8].endswith("Failed")
    }

    assert bool(rules) == (synthesized.name != "handler-only")
    silence = {
        str(referenced(alarm["Dimensions"][0]["Value"]))
        for logical_id, alarm in _alarms(synthesized).items()
        if "Silence" in logical_id
    }
    assert bool(silence) == (synthesized.name == "everything-on")
    assert _watched(synthesized, "TriggeredRules") == _once(rules | silence)


def test_every_alarm_has_an_action_that_its_topic_and_its_key_admit(
    synthesized: Synthesized,
) -> None:
    imported = 0
    for logical_id, alarm in _alarms(synthesized).items():
        (action,) = alarm["AlarmActions"]
        topic = referenced(action)
        if topic is None:
            imported += 1
            continue
        assert admits(synthesized, topic, CLOUDWATCH, "sns:Publish"), logical_id
        assert key_admits(synthesized, topic, CLOUDWATCH), logical_id

    assert bool(imported) == (synthesized.name == "imported")


def test_no_alarm_goes_off_because_data_is_missing(synthesized: Synthesized) -> None:
    for logical_id, alarm in _alarms(synthesized).items():
        silence = "Silence" in logical_id
        assert (alarm["TreatMissingData"] == "breaching") == silence, logical_id


def test_every_alarm_says_what_is_wrong_and_names_a_section_of_the_runbook(
    synthesized: Synthesized,
) -> None:
    for logical_id, alarm in _alarms(synthesized).items():
        match = re.fullmatch(
            r"[A-Z].{30,}\. Runbook: human-loops runbook (\w+)",
            _text(alarm["AlarmDescription"]),
        )
        assert match, logical_id
        assert match[1] in SECTIONS, logical_id


def test_runbook_has_the_sections_that_alarms_name() -> None:
    named = {
        _text(alarm["AlarmDescription"]).rsplit(" ", 1)[-1]
        for case in CASES
        if not case.name.endswith("-app")
        for alarm in _alarms(synthesize(case.name)).values()
    }
    headings = re.findall(r"^## (\w+)$", OPERATIONS.read_text("utf-8"), re.MULTILINE)

    assert named == SECTIONS
    assert named <= set(headings)


def test_low_agreement_has_an_alarm_for_each_flow_definition() -> None:
    measured = {}
    for logical_id, alarm in _alarms(synthesize("everything-on")).items():
        if "LowAgreement" not in logical_id:
            continue
        (quotient,) = (each for each in alarm["Metrics"] if each["ReturnData"] is not False)
        counts = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
        assert re.fullmatch(r"correct_(\w+) / judged_\1", quotient["Expression"])
        assert {each["Stat"] for each in counts} == {"Sum"}
        (flow_definition,) = {each["Metric"]["Dimensions"][0]["Value"] for each in counts}
        measured[flow_definition] = {each["Metric"]["MetricName"] for each in counts}

    counts_used = {"FieldsCorrect", "FieldsJudged"}
    assert measured == {"claims": counts_used, "invoices": counts_used}


def test_rule_on_a_custom_bus_is_measured_by_name_and_bus() -> None:
    (dimensions,) = _dimensions_of_failed_loops("everything-supplied")

    assert {dimension["Name"] for dimension in dimensions} == {"RuleName", "EventBusName"}
    # The Ref of a rule on a custom bus is "bus|rule". Its ARN ends in "/bus/rule".
    (rule_name,) = (each["Value"] for each in dimensions if each["Name"] == "RuleName")
    assert rule_name["Fn::Select"][0] == 2


def test_rule_on_the_default_bus_is_measured_by_name_though_the_bus_is_supplied() -> None:
    (dimensions,) = _dimensions_of_failed_loops("imported")

    assert [dimension["Name"] for dimension in dimensions] == ["RuleName"]
    assert "Ref" in dimensions[0]["Value"]


def test_two_queues_whose_paths_differ_only_in_a_hyphen_are_both_watched() -> None:
    app = new_app()
    stack = Stack(app, "Loops")
    alerts = Alerts(stack, "Alerts")
    for parent, child in (("Loops-eu", "Queue"), ("Loops", "eu-Queue")):
        alerts.watch_queue(sqs.Queue(Construct(stack, parent), child))

    # Each has an alarm on messages, and one on further messages.
    Template.from_stack(stack).resource_count_is("AWS::CloudWatch::Alarm", 4)


def _dimensions_of_failed_loops(case: str) -> list[list[dict[str, Any]]]:
    return [
        alarm["Dimensions"]
        for alarm in _alarms(synthesize(case)).values()
        if alarm.get("MetricName") == "TriggeredRules"
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
