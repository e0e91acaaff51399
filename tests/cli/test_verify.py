"""``human-loops verify``: links, causes and consumers that the emulator cannot show."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto.cloudwatch.models import Alarm
from moto.events.models import Rule

from human_loop_reviews.contract import VERIFICATION_EXCLUDED
from human_loops_cli.verification import temporary_resources
from human_loops_cli.verification.links import queue
from human_loops_cli.verification.links.queue import ConsumerQueue
from human_loops_cli.verification.verification_loop import VerificationLoop
from human_loops_cli.verification.verification_queue import VerificationQueue
from tests.cli.conftest import ACCOUNT, REGION, Answer, Stack, flow_definitions, run, run_json
from tests.cli.test_republish import function_configuration

PATTERN: dict[str, Any] = {
    "source": ["aws.sagemaker", "human-loop-events"],
    "detail-type": ["SageMaker A2I HumanLoop Status Change"],
    "detail": {
        "humanLoopStatus": ["Completed", "Failed", "Stopped"],
        "flowDefinitionArn": [{"suffix": "/invoices"}],
    },
}


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


class Composed:
    """A stack with a rule, a topic, a queue and alerts, and without a handler."""

    def __init__(self, stack: Stack) -> None:
        self.delivers = True
        self.handles = False
        self.put_keys: dict[str, Any] = {}
        self.stack = stack
        self.sqs, self.sns = stack.sqs, stack.sns
        self.events: Any = boto3.client("events")
        self.topic = self.sns.create_topic(Name="Topic")["TopicArn"]
        self.alerts = self.sns.create_topic(Name="Alerts")["TopicArn"]
        self.sns.subscribe(
            TopicArn=self.alerts, Protocol="sqs", Endpoint=arn("sqs", "HandlerQueue")
        )
        for name, targets in {
            "StatusChange": [self.topic, arn("sqs", "Queue")],
            "Failed": [self.alerts],
        }.items():
            self.events.put_rule(Name=name, EventPattern=json.dumps(PATTERN))
            self.events.put_targets(
                Rule=name, Targets=[{"Id": str(n), "Arn": each} for n, each in enumerate(targets)]
            )
        stack.cloudwatch.put_metric_alarm(
            AlarmName="FailedLoops",
            AlarmActions=[self.alerts],
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            EvaluationPeriods=1,
            Threshold=1,
            MetricName="TriggeredRules",
            Namespace="AWS/Events",
            Period=300,
            Statistic="Sum",
        )
        del stack.outputs["LedgerTableName"], stack.outputs["HandlerName"]
        stack.outputs |= {
            "TopicArn": self.topic,
            "AlertsTopicArn": self.alerts,
            "StatusChangeRuleName": "StatusChange",
            "FailedRuleName": "Failed",
            "FailedLoopsAlarmName": "FailedLoops",
        }

    def verify(self, *options: str, status: int = 0) -> dict[str, tuple[str, str]]:
        report = run_json("verify", "--timeout", "1", "--no-alerts", *options, status=status)
        assert report["left"] == []
        return {row["link"]: (row["state"], row["detail"]) for row in report["links"]}

    def receives(self, queue: str = "Queue") -> list[int]:
        return [each.approximate_receive_count for each in self.stack.messages(queue)]

    def add_handler(
        self, answers: Callable[[str, Answer], None], *, bus: str = "default", **configuration: Any
    ) -> None:
        """Add a review handler, with what Lambda and its log say of it."""
        function = arn("lambda", "function:handler")
        targets = [function]
        if "HandlerQueueUrl" in self.stack.outputs:
            targets.append(arn("sqs", "HandlerQueue"))
        self.events.put_targets(
            Rule="StatusChange", Targets=[{"Id": each, "Arn": each} for each in targets]
        )
        self.stack.outputs |= {
            "HandlerName": "handler",
            "LedgerTableName": "ledger",
            "S3OutputPath": "s3://reviews/a2i",
        }
        boto3.client("s3").create_bucket(
            Bucket="reviews", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        _, _, content = function_configuration(bus)
        described = {**json.loads(content), "FunctionArn": function, **configuration}
        concurrency = {"ReservedConcurrentExecutions": configuration.get("concurrency")}
        line = {"message": json.dumps({"level": "ERROR", "message": configuration.get("log", "")})}
        for name, answer in {
            "lambda.GetFunctionConfiguration": described,
            "lambda.GetFunctionConcurrency": concurrency,
            "lambda.ListEventSourceMappings": {
                "EventSourceMappings": [{"State": "Enabled", "UUID": "1"}]
            },
            "cloudwatch-logs.FilterLogEvents": {"events": [line]},
            "cloudwatch.DescribeAlarmHistory": {"AlarmHistoryItems": []},
        }.items():
            answers(name, partial(_answer, answer))


def _answer(answer: Any, _: Any) -> tuple[int, Mapping[str, str], bytes]:
    return 200, {}, json.dumps(answer).encode()


def compose(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Composed:
    """Return such a stack, with topics and alarms that moto does not deliver to by itself."""
    monkeypatch.setattr(queue, "_SECONDS_BETWEEN_METRICS", 0)
    composed = Composed(stack)
    send_to_queues, update_state = Rule.send_to_targets, Alarm.update_state

    def send(rule: Rule, original_event: Any, **options: Any) -> None:
        targets = rule.targets
        if not rule.event_pattern.matches_event(original_event):
            return
        for target in targets:
            if ":sns:" in target["Arn"] and composed.delivers:
                composed.sns.publish(TopicArn=target["Arn"], Message=json.dumps(original_event))
            if ":lambda:" in target["Arn"] and composed.handles:
                loop = original_event["detail"]
                item = {
                    name: {"S": loop[name]}
                    for name in ("humanLoopArn", "creationTime", "verification")
                }
                stack.dynamodb.put_item(TableName="ledger", Item=item)
        rule.targets = [each for each in targets if ":sqs:" in each["Arn"]]
        send_to_queues(rule, original_event, **options)
        rule.targets = targets

    def notify(alarm: Alarm, reason: str, reason_data: str, state_value: str) -> None:
        update_state(alarm, reason, reason_data, state_value)
        message = {"AlarmName": alarm.name, "NewStateReason": reason}
        for topic in alarm.alarm_actions if composed.delivers else ():
            composed.sns.publish(TopicArn=topic, Message=json.dumps(message))

    monkeypatch.setattr(Rule, "send_to_targets", send)
    monkeypatch.setattr(Alarm, "update_state", notify)
    return composed


@pytest.fixture
def composed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Composed:
    return compose(stack, monkeypatch)


def states(links: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: state for name, (state, _) in links.items()}


@pytest.mark.full
def test_composition_without_a_handler_shows_only_what_it_has(composed: Composed) -> None:
    assert states(composed.verify()) == {
        "flow definition invoices": "ok",
        "event bus": "ok",
        "topic": "ok",
        "queue": "ok",
        "alerts": "ok",
        "alarm": "skipped",
    }
    del composed.stack.outputs["QueueUrl"], composed.stack.outputs["AlertsTopicArn"]
    assert states(composed.verify()) == {
        "flow definition invoices": "ok",
        "event bus": "ok",
        "topic": "ok",
    }


def test_alarm_is_tested_and_set_back(composed: Composed) -> None:
    assert set(states(composed.verify("--alerts")).values()) == {"ok"}
    (alarm,) = composed.stack.cloudwatch.describe_alarms(AlarmNames=["FailedLoops"])["MetricAlarms"]
    assert alarm["StateValue"] != "ALARM"
    assert alarm["StateReason"].endswith("the test is over.")


def test_rule_on_failures_only_is_verified_without_an_alert(composed: Composed) -> None:
    """The event is one of a Failed loop. The rule on failures excludes it, as the stack's does."""
    detail = {**PATTERN["detail"], "humanLoopStatus": ["Failed"]}
    for rule, pattern in {
        "StatusChange": {**PATTERN, "detail": detail},
        "Failed": {**PATTERN, "detail": {**detail, **VERIFICATION_EXCLUDED}},
    }.items():
        composed.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    assert composed.verify()["queue"] == ("ok", "received, and deleted")
    assert composed.stack.messages("HandlerQueue") == [], "the subscriber of the alerts"


def test_topic_of_another_account_is_left_out(composed: Composed) -> None:
    composed.stack.outputs["TopicArn"] = composed.topic.replace(ACCOUNT, "111111111111")
    state, detail = composed.verify()["topic"]
    assert (state, "is in another account" in detail) == ("skipped", True)


def test_alerts_alone_can_be_verified(composed: Composed) -> None:
    for name in ("StatusChangeRuleName", "TopicArn", "QueueUrl"):
        del composed.stack.outputs[name]
    assert states(composed.verify()) == {"alerts": "ok", "alarm": "skipped"}


def test_stack_with_nothing_to_verify_says_so(stack: Stack) -> None:
    del stack.outputs["LedgerTableName"]
    result = run("verify")
    assert result.exit_code == 1
    assert "there is nothing to verify" in result.stderr


def test_messages_of_others_are_neither_received_nor_removed(composed: Composed) -> None:
    composed.stack.put("Queue", "invoice-1")
    state, detail = composed.verify()["queue"]
    assert (state, "another consumer may have received the message" in detail) == ("unknown", True)
    assert "invoice-1" in composed.stack.loops_in("Queue")
    assert composed.receives() == [0, 0]
    assert composed.stack.hidden_in("Queue") == 0


@pytest.mark.full
def test_message_that_comes_meanwhile_is_received_once_and_shown_again(
    composed: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ConsumerQueue.start

    def start_and_receive_another(self: ConsumerQueue) -> None:
        start(self)
        composed.stack.put("Queue", "invoice-1")

    monkeypatch.setattr(ConsumerQueue, "start", start_and_receive_another)
    composed.verify()
    assert sorted(composed.receives()) == [0, 1]
    assert composed.stack.hidden_in("Queue") == 0


def test_cloudwatch_tells_of_a_message_that_a_consumer_took(composed: Composed) -> None:
    composed.stack.put("Queue", "invoice-1")
    count = {"MetricName": "NumberOfMessagesSent", "Value": 1}
    dimensions = [{"Name": "QueueName", "Value": "Queue"}]
    composed.stack.cloudwatch.put_metric_data(
        Namespace="AWS/SQS", MetricData=[{**count, "Dimensions": dimensions}]
    )
    state, detail = composed.verify()["queue"]
    assert state == "ok"
    assert "CloudWatch counts 1 messages sent to the queue" in detail


def test_queue_that_does_not_exist_is_named(composed: Composed) -> None:
    composed.stack.outputs["QueueUrl"] += "Gone"
    assert composed.verify(status=1)["queue"][1].endswith("QueueGone does not exist")


def test_topic_that_does_not_exist_is_named(composed: Composed) -> None:
    composed.sns.delete_topic(TopicArn=composed.topic)
    composed.events.remove_targets(Rule="StatusChange", Ids=["0"])  # moto would raise
    assert composed.verify(status=1)["topic"][1] == f"the topic {composed.topic} does not exist"


def test_rule_that_does_not_exist_is_named(composed: Composed) -> None:
    composed.events.remove_targets(Rule="StatusChange", Ids=["0", "1"])
    composed.events.delete_rule(Name="StatusChange")
    links = composed.verify(status=1)
    assert links["event bus"][0] == "ok"
    assert "the rule StatusChange does not exist" in links["topic"][1]


@pytest.mark.full
def test_bus_that_does_not_exist_is_named_and_nothing_is_sent(composed: Composed) -> None:
    composed.stack.outputs["StatusChangeRuleName"] = "gone|StatusChange"
    links = composed.verify(status=1)
    assert links["event bus"] == ("broken", "the event bus gone does not exist")
    assert links["topic"] == ("broken", "not reached: see event bus")


def test_reason_in_the_dead_letter_queue_is_named(
    composed: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EventBridge's own: here a message that arrives while the queue is deaf."""
    monkeypatch.setattr(ConsumerQueue, "look", lambda _: False)
    look = VerificationQueue.look

    def look_and_write(self: VerificationQueue, *, wait: int) -> set[str]:
        if not composed.stack.messages("DeadLetterQueue"):
            loop = self.resources.loop
            composed.stack.put_body(
                "DeadLetterQueue",
                loop.entry()["Detail"],
                TARGET_ARN=arn("sqs", "Queue"),
                RULE_ARN=arn("events", "rule/StatusChange"),
                ERROR_CODE="NO_PERMISSIONS",
                ERROR_MESSAGE="not authorized",
            )
        return look(self, wait=wait)

    monkeypatch.setattr(VerificationQueue, "look", look_and_write)
    _, detail = composed.verify(status=1)["queue"]
    assert detail == "its event was in DeadLetterQueue: NO_PERMISSIONS: not authorized"
    assert composed.stack.messages("DeadLetterQueue") == [], "it was a message of the verification"


def test_disabled_key_is_named(composed: Composed, monkeypatch: pytest.MonkeyPatch) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    composed.sns.set_topic_attributes(
        TopicArn=composed.topic, AttributeName="KmsMasterKeyId", AttributeValue=key
    )
    place = VerificationQueue._place
    monkeypatch.setattr(
        VerificationQueue,
        "_place",
        lambda self, body: place(self, body).replace("topic", ""),
    )
    assert composed.verify(status=1)["topic"] == ("broken", f"its key {key} is Disabled")


def test_subscription_that_is_not_confirmed_is_named_without_its_address(
    composed: Composed, answers: Callable[[str, Answer], None]
) -> None:
    members = "".join(
        f"<member><SubscriptionArn>{each}</SubscriptionArn><Protocol>email</Protocol>"
        "<Endpoint>someone@example.com</Endpoint></member>"
        for each in ("PendingConfirmation", arn("sns", "Alerts:1"))
    )
    text = (
        "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions>"
        f"{members}</Subscriptions></ListSubscriptionsByTopicResult>"
        "</ListSubscriptionsByTopicResponse>"
    )
    del composed.stack.outputs["TopicArn"]
    answers("sns.ListSubscriptionsByTopic", lambda _: (200, {}, text.encode()))
    state, detail = composed.verify(status=1)["alerts"]
    assert state == "broken"
    assert "1 of 2 subscriptions await confirmation (email)" in detail
    assert "someone" not in detail


def test_alerts_without_a_subscriber_are_a_fault(composed: Composed) -> None:
    composed.stack.outputs["AlertsTopicArn"] = composed.sns.create_topic(Name="A")["TopicArn"]
    detail = composed.verify(status=1)["alerts"][1]
    assert "the alerts have no subscription" in detail
    assert "the topic of the alerts is no target of the rule Failed" in detail


@pytest.mark.parametrize(
    ("changes", "state", "expected"),
    [
        ({"ActionsEnabled": False}, "broken", "aws cloudwatch enable-alarm-actions"),
        ({"AlarmActions": []}, "broken", "does not notify"),
        ({}, "broken", "CloudWatch: not authorized to access the SNS topic encryption key"),
    ],
)
def test_alarm_that_cannot_notify_is_named(
    composed: Composed,
    answers: Callable[[str, Answer], None],
    changes: Mapping[str, Any],
    state: str,
    expected: str,
) -> None:
    composed.delivers = False
    error = json.dumps({"error": "not authorized to access the SNS topic encryption key"})
    item = {"HistorySummary": "Failed to execute action", "HistoryData": error}
    history = json.dumps({"AlarmHistoryItems": [item]}).encode()
    answers("cloudwatch.DescribeAlarmHistory", lambda _: (200, {}, history))
    cloudwatch = composed.stack.cloudwatch
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["FailedLoops"])["MetricAlarms"]
    settings = {
        name: alarm[name]
        for name in ("AlarmName", "AlarmActions", "ComparisonOperator", "EvaluationPeriods")
    }
    metric = {"MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum", "Threshold": 1}
    cloudwatch.put_metric_alarm(**{**settings, **metric, **changes})
    found = composed.verify("--alerts", status=1)["alarm"]
    assert found[0] == state
    assert expected in found[1]
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["FailedLoops"])["MetricAlarms"]
    assert alarm["StateValue"] != "ALARM"


def test_alarm_that_is_on_is_left_alone(composed: Composed) -> None:
    cloudwatch = composed.stack.cloudwatch
    cloudwatch.set_alarm_state(AlarmName="FailedLoops", StateValue="ALARM", StateReason="real")
    assert composed.verify("--alerts")["alarm"][0] == "skipped"
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["FailedLoops"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "real")


def test_missing_permission_is_named_and_everything_is_removed(
    composed: Composed, answers: Callable[[str, Answer], None]
) -> None:
    message = (
        f"User: arn:aws:iam::{ACCOUNT}:user/me is not authorized to perform: events:PutEvents on "
        f"resource: {arn('events', 'event-bus/default')}"
    )
    refusal = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    answers("eventbridge.PutEvents", lambda _: (400, {}, refusal))
    result = run("verify", "--no-alerts")
    assert result.exit_code == 3
    assert "a permission is missing: events:PutEvents" in result.stderr
    assert composed.sqs.list_queues(QueueNamePrefix="human-loops-verify").get("QueueUrls") is None
    assert len(composed.events.list_rules()["Rules"]) == 2


def test_what_cannot_be_removed_is_named(
    composed: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        error = {"Error": {"Code": "AccessDeniedException", "Message": "no events:DeleteRule"}}
        raise ClientError(error, "DeleteRule")  # type: ignore[arg-type]

    monkeypatch.setattr(temporary_resources, "_remove_rule", refuse)
    report = run_json("verify", "--timeout", "1", "--no-alerts", status=1)
    (left,) = report["left"]
    assert left.startswith("rule human-loops-verify-")
    assert "events:DeleteRule" in left
    assert composed.topic


@pytest.mark.full
def test_handler_of_ones_own_is_not_verified_but_gets_the_event(composed: Composed) -> None:
    composed.stack.outputs["HandlerName"] = "mine"
    assert "handler" not in composed.verify()


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"State": "Failed"}, "the function handler is Failed"),
        ({"concurrency": 0}, "its reserved concurrency is 0"),
        ({"log": "human loop x not settled (ClientError.AccessDenied): Completed"}, "AccessDenied"),
    ],
)
def test_cause_of_a_handler_that_does_not_settle_is_named(
    composed: Composed,
    answers: Callable[[str, Answer], None],
    configuration: dict[str, Any],
    expected: str,
) -> None:
    del composed.stack.outputs["HandlerQueueUrl"]
    composed.add_handler(answers, **configuration)
    links = composed.verify(status=1)
    assert expected in links["handler"][1]
    assert links["ledger"] == ("broken", "see handler")


FLOW = "flow definition invoices"


def written(composed: Composed) -> list[str]:
    """Return the keys of all test outputs that were ever written."""
    return [each for each in composed.put_keys if "human-loops_verification" in each]


@pytest.fixture
def with_handler(
    composed: Composed, answers: Callable[[str, Answer], None], monkeypatch: pytest.MonkeyPatch
) -> Composed:
    """A stack whose handler settles the marked event. It may read s3://reviews/a2i/."""
    composed.add_handler(answers)
    composed.handles = True
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note(client: BaseClient, name: str, parameters: Any) -> Any:
        if name == "PutObject":
            composed.put_keys[parameters["Key"]] = parameters
        return call(client, name, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", note)
    return composed


def test_output_is_written_where_a2i_writes_after_it_was_named(with_handler: Composed) -> None:
    result = run("verify", "--timeout", "2", "--no-alerts")
    (key,) = written(with_handler)
    assert key.startswith("a2i/invoices/human-loops_verification/")
    assert f"Writes the test output s3://reviews/{key}" in result.stderr
    assert "SSEKMSKeyId" not in with_handler.put_keys[key], "the bucket's default"
    assert "A2I writes to s3://reviews/a2i/" in result.stdout


@pytest.mark.full
def test_output_is_encrypted_with_the_key_of_the_flow_definition(
    with_handler: Composed, answers: Callable[[str, Answer], None]
) -> None:
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    flow_definitions(answers, "invoices", key=key)
    with_handler.verify(status=1)
    (name,) = written(with_handler)
    assert with_handler.put_keys[name]["SSEKMSKeyId"] == key


@pytest.mark.parametrize(
    "path",
    [
        "s3://another-bucket/a2i",
        "s3://reviews",
        "s3://reviews/a2i/deeper",
        "s3://reviews/a2i/invoices-new",
        "s3://reviews/a2i-of-others",
    ],
)
def test_output_outside_of_what_the_handler_may_read_is_broken_and_not_written(
    with_handler: Composed, answers: Callable[[str, Answer], None], path: str
) -> None:
    flow_definitions(answers, "invoices", path=path)
    state, detail = with_handler.verify(status=1)[FLOW]
    assert state == "broken"
    assert f"A2I writes to {path}/, but the handler may read s3://reviews/a2i/" in detail
    assert written(with_handler) == []


@pytest.mark.full
def test_output_below_the_folder_of_the_flow_definition_is_readable(
    with_handler: Composed, answers: Callable[[str, Answer], None]
) -> None:
    flow_definitions(answers, "invoices", path="s3://reviews/a2i/invoices")
    assert with_handler.verify(status=1)[FLOW][0] == "ok"
    (key,) = written(with_handler)
    assert key.startswith("a2i/invoices/invoices/human-loops_verification/")


def test_misspelt_flow_definition_is_broken(
    with_handler: Composed, answers: Callable[[str, Answer], None]
) -> None:
    flow_definitions(answers, "invocies")
    links = with_handler.verify(status=1)
    assert links[FLOW][0] == "broken"
    assert "A2I does not know it" in links[FLOW][1]
    assert links["topic"][0] == "ok", "the other links are verified with a Stopped loop"
    assert written(with_handler) == []


def test_flow_definition_with_a_disabled_key_is_broken(
    with_handler: Composed, answers: Callable[[str, Answer], None]
) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    flow_definitions(answers, "invoices", key=key["Arn"])
    assert with_handler.verify(status=1)[FLOW] == ("broken", f"its key {key['Arn']} is Disabled")


@pytest.mark.full
def test_flow_definition_that_the_rule_does_not_match_is_broken(
    with_handler: Composed, answers: Callable[[str, Answer], None]
) -> None:
    flow_definitions(answers, "invoices", "claims")
    links = with_handler.verify("--flow", "claims", "--flow", "invoices", status=1)
    assert links[FLOW][0] == "ok"
    assert links["flow definition claims"] == (
        "broken",
        "the rule StatusChange does not match it: add it to flow_definitions",
    )


@pytest.mark.usefixtures("with_handler")
def test_flow_definition_that_neither_the_rule_nor_a2i_knows_is_an_error(
    answers: Callable[[str, Answer], None],
) -> None:
    flow_definitions(answers, "invoices", "claims")
    result = run("verify", "--flow", "clams")
    assert result.exit_code == 2
    assert "clams is known here (did you mean claims?)" in result.stderr


@pytest.mark.full
def test_rule_without_names_checks_all_active_flow_definitions(
    with_handler: Composed, answers: Callable[[str, Answer], None]
) -> None:
    detail = {"humanLoopStatus": ["Completed", "Failed", "Stopped"]}
    with_handler.events.put_rule(
        Name="StatusChange", EventPattern=json.dumps({**PATTERN, "detail": detail})
    )
    flow_definitions(answers, "invoices", "claims", path="s3://reviews/a2i/deeper")
    links = with_handler.verify(status=1)
    assert [links[name][0] for name in (FLOW, "flow definition claims")] == ["ok", "ok"]
    flow_definitions(answers)
    assert with_handler.verify(status=1)["flow definitions"][0] == "skipped"


@pytest.mark.full
def test_event_names_the_ledger_of_the_stack_that_is_verified(
    with_handler: Composed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handlers of other stacks that receive it leave it alone."""
    entries: list[dict[str, Any]] = []
    entry = VerificationLoop.entry

    def note(self: VerificationLoop) -> dict[str, Any]:
        entries.append(entry(self))
        return entries[-1]

    monkeypatch.setattr(VerificationLoop, "entry", note)
    with_handler.verify(status=1)
    assert json.loads(entries[0]["Detail"])["verifiedLedger"] == "ledger"
