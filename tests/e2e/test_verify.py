"""``human-loops verify`` on a deployed stack: what it shows, what it names, what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from human_loop_reviews.contract import VERIFICATION
from local.deployment import EmulatedStack
from local.emulator import PROJECT, Emulator
from local.mailbox import Mailbox
from local.waiting import MAX_SECONDS, wait_until
from tests.examples import one_in
from tests.signals import heed_signals

ALL = (
    "flow definition verified",
    *("event bus", "topic", "queue", "handler", "ledger", "outcome", "alerts", "alarm"),
)

#: Long enough for the handler. What is broken is awaited for all of it.
ENOUGH, SHORT = f"{MAX_SECONDS:.0f}", "6"


class Deployment:
    """A stack in which nothing happened yet."""

    def __init__(self, emulator: Emulator, stack: EmulatedStack) -> None:
        self.emulator = emulator
        self.stack = stack
        self.client = emulator.client
        self.rule = stack["StatusChangeRuleName"]

    def command(self, *options: str) -> dict[str, Any]:
        """Return the arguments of a process that verifies."""
        path = os.pathsep.join([str(PROJECT), str(PROJECT / "lambda")])
        base = ["--stack", self.stack.name, "--json"]
        return {
            "args": [sys.executable, "-m", "human_loops_cli", *base, "verify", *options],
            "env": {**self.emulator.environment, "PYTHONPATH": path},
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "preexec_fn": heed_signals,
        }

    def left_by_a_killed_run(self) -> list[str]:
        """Kill a verification in the middle, and return what it leaves."""
        process = subprocess.Popen(**self.command("--timeout", ENOUGH, "--no-alerts"))
        assert wait_until(lambda: len(self.left()) > 3)
        process.kill()
        process.communicate()
        return self.left()

    def verify(self, *options: str, status: int = 0) -> dict[str, dict[str, str]]:
        result = subprocess.run(**self.command(*options))
        assert result.returncode == status, result.stdout + result.stderr
        report = json.loads(result.stdout)
        assert report["left"] == []
        return {row["link"]: row for row in report["links"]}

    def broken(self, *options: str) -> dict[str, str]:
        """Return the details of the broken links."""
        links = self.verify("--timeout", SHORT, *options, status=1)
        return {name: row["detail"] for name, row in links.items() if row["state"] == "broken"}

    def left(self) -> list[str]:
        """Return everything that a verification could leave."""
        rules = self.client("events").list_rules(NamePrefix="human-loops-verify-")["Rules"]
        queues = self.client("sqs").list_queues(QueueNamePrefix="human-loops-verify-")
        subscriptions = self.client("sns").list_subscriptions()["Subscriptions"]
        objects = self.client("s3").list_object_versions(Bucket=self.stack["OutputBucketName"])
        items = self.client("dynamodb").scan(TableName=self.stack["LedgerTableName"])["Items"]
        every = (*objects.get("Versions", ()), *objects.get("DeleteMarkers", ()))
        return [
            *(rule["Name"] for rule in rules),
            *queues.get("QueueUrls", ()),
            *(each["Endpoint"] for each in subscriptions if "-verify-" in each["Endpoint"]),
            *(each["Key"] for each in every if "verification" in each["Key"]),
            *(item["humanLoopArn"]["S"] for item in items if VERIFICATION in item),
        ]

    def alarm_state(self) -> str:
        name = self.stack["FailedLoopsAlarmName"]
        (alarm,) = self.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return str(alarm["StateValue"])

    @contextmanager
    def rule_disabled(self) -> Iterator[None]:
        self.client("events").disable_rule(Name=self.rule)
        try:
            yield
        finally:
            self.client("events").enable_rule(Name=self.rule)

    @contextmanager
    def setting(self, name: str, value: str) -> Iterator[None]:
        """Change a setting of the handler."""
        functions, function = self.client("lambda"), self.stack["HandlerName"]
        before = functions.get_function_configuration(FunctionName=function)["Environment"]
        changed = {"Variables": {**before["Variables"], name: value}}
        functions.update_function_configuration(FunctionName=function, Environment=changed)
        functions.get_waiter("function_updated_v2").wait(FunctionName=function)
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=function, Environment=before)


@pytest.fixture
def deployment(emulator: Emulator, stacks: Mapping[str, EmulatedStack]) -> Iterator[Deployment]:
    """The stack, with a subscriber of the alerts. Nothing is left of any verification."""
    stack = stacks["verified"]
    alerts = Mailbox.subscribed(emulator, stack["AlertsTopicArn"])
    deployment = Deployment(emulator, stack)
    # The emulator's alarms ignore dimensions: another stack's failures raise this one too.
    emulator.client("cloudwatch").set_alarm_state(
        AlarmName=stack["FailedLoopsAlarmName"], StateValue="OK", StateReason="a new test"
    )
    alerts.collect()
    before = deployment.alarm_state()
    yield deployment
    assert deployment.left() == []
    assert deployment.alarm_state() == before
    alerts.collect()


def test_marked_event_comes_everywhere_and_leaves_nothing(deployment: Deployment) -> None:
    topic = Mailbox.subscribed(deployment.emulator, deployment.stack["TopicArn"])
    alerts = Mailbox.subscribed(deployment.emulator, deployment.stack["AlertsTopicArn"])
    links = deployment.verify("--timeout", ENOUGH)
    assert tuple(links) == ALL
    assert {row["state"] for row in links.values()} == {"ok"}
    (marked,) = (json.loads(message)["detail"] for message in topic.collect())
    assert marked["humanLoopName"] == f"human-loops_verification_{marked[VERIFICATION]}"
    (message,) = (json.loads(each) for each in alerts.collect())
    assert message["NewStateReason"].startswith("Test by human-loops verify")


@pytest.mark.full
def test_alarm_path_is_left_out_on_request(deployment: Deployment) -> None:
    alerts = Mailbox.subscribed(deployment.emulator, deployment.stack["AlertsTopicArn"])
    links = deployment.verify("--timeout", ENOUGH, "--no-alerts")
    assert (links["alarm"]["state"], links["alerts"]["state"]) == ("skipped", "ok")
    assert alerts.collect() == []


def test_disabled_rule_is_named(deployment: Deployment) -> None:
    with deployment.rule_disabled():
        broken = deployment.broken("--timeout", "3")
    command = f"aws events enable-rule --name {deployment.rule}"
    assert all(command in broken[link] for link in ("topic", "queue", "handler"))
    assert {"event bus", "alerts", "alarm"}.isdisjoint(broken)


def test_missing_target_is_named(deployment: Deployment) -> None:
    events, topic = deployment.client("events"), deployment.stack["TopicArn"]
    targets = events.list_targets_by_rule(Rule=deployment.rule)["Targets"]
    (target,) = (each for each in targets if each["Arn"] == topic)
    events.remove_targets(Rule=deployment.rule, Ids=[target["Id"]])
    try:
        broken = deployment.broken("--no-alerts")
    finally:
        events.put_targets(Rule=deployment.rule, Targets=[target])
    assert set(broken) == {"topic"}
    assert "the topic is no target of the rule" in broken["topic"]


@pytest.mark.full
def test_disabled_event_source_mapping_is_named(deployment: Deployment) -> None:
    functions = deployment.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=deployment.stack["HandlerName"])[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        broken = deployment.broken("--no-alerts")
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        Mailbox(deployment.emulator, deployment.stack["HandlerQueueUrl"]).collect()
    assert set(broken) == {"handler", "ledger", "outcome"}
    assert f"--uuid {mapping['UUID']} --enabled" in broken["handler"]


@pytest.mark.parametrize(
    ("setting", "value", "links"),
    one_in(
        3,
        [
            (
                "OUTCOME_BUS",
                "arn:aws:events:eu-west-1:111122223333:event-bus/gone",
                {"outcome": "the event bus gone does not exist", "handler": "not settled"},
            ),
            ("MAX_OUTPUT_BYTES", "1", {"handler": "expected at most 1 bytes"}),
            ("LEDGER_ARN", "gone", {"ledger": "the table gone does not exist"}),
        ],
    ),
)
@pytest.mark.full
def test_error_of_the_handler_is_named(
    deployment: Deployment, setting: str, value: str, links: Mapping[str, str]
) -> None:
    with deployment.setting(setting, value):
        broken = deployment.broken("--no-alerts")
    assert {
        link: detail in broken.get(link, "") for link, detail in links.items()
    } == dict.fromkeys(links, True), broken
    Mailbox(deployment.emulator, deployment.stack["HandlerQueueUrl"]).collect()
    Mailbox(deployment.emulator, deployment.stack["HandlerQueueDeadLetterQueueUrl"]).collect()


@pytest.mark.parametrize("sent", one_in(2, [signal.SIGINT, signal.SIGTERM]))
def test_interrupted_verification_leaves_nothing(
    deployment: Deployment, sent: signal.Signals
) -> None:
    def waits() -> bool:
        return deployment.alarm_state() == "ALARM"

    with deployment.rule_disabled():
        process = subprocess.Popen(**deployment.command("--timeout", ENOUGH))
        assert wait_until(waits)
        assert len(deployment.left()) > 3
        process.send_signal(sent)
        _, errors = process.communicate(timeout=MAX_SECONDS)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors


@pytest.mark.full
def test_what_a_killed_verification_left_is_removed_by_a_later_one(deployment: Deployment) -> None:
    with deployment.rule_disabled():
        left = deployment.left_by_a_killed_run()
    assert len(left) > 3
    (queue,) = (each.rpartition("/")[2] for each in left if each.startswith("http"))

    deployment.verify("--timeout", ENOUGH, "--no-alerts")
    assert deployment.left() == left, "another verification that runs is left alone"

    later = deployment.command("--timeout", ENOUGH, "--no-alerts")
    clock = "import time; now = time.time; time.time = lambda: now() + 600; "
    main = "from human_loops_cli.__main__ import main; main()"
    result = subprocess.run(
        **{**later, "args": [sys.executable, "-c", clock + main, *later["args"][3:]]}
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"an earlier verification left: {queue}" in result.stderr
