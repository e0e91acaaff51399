"""Redrive: every message reaches what did not process it, and an interruption loses none."""

from __future__ import annotations

import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from human_loops_cli.session import Session
from tests.cli.conftest import ACCOUNT, REGION, Answer, Stack, event, run, run_json
from tests.examples import FUZZED

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:Queue"
# Every request of every client passes here.
_CLIENTS: Any = BaseClient
ALL_QUEUES = ("DeadLetterQueue", "HandlerQueueDeadLetterQueue", "QueueDeadLetterQueue")


def redriven(report: list[dict[str, Any]]) -> dict[str, int]:
    return {row["queue"]: row["redriven"] for row in report}


def subscribed_topic(stack: Stack) -> str:
    """Make a topic whose messages come to the queue."""
    arn = str(stack.sns.create_topic(Name="topic")["TopicArn"])
    stack.sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=QUEUE, Attributes={"RawMessageDelivery": "true"}
    )
    return arn


def test_each_message_goes_to_the_target_it_failed_for(stack: Stack) -> None:
    topic = subscribed_topic(stack)
    stack.add_rule(FUNCTION, QUEUE, topic)
    stack.put_of_rule("to-function", FUNCTION)
    stack.put_of_rule("to-queue", QUEUE)
    stack.put_of_rule("to-topic", topic)
    stack.put_of_function("of-lambda")
    stack.put("HandlerQueueDeadLetterQueue", "of-handler", ErrorCode="E", ErrorMessage="m")
    stack.put("QueueDeadLetterQueue", "of-consumer")

    report = run_json("dead-letters", "redrive")

    assert redriven(report) == {
        "DeadLetterQueue": 4,
        "HandlerQueueDeadLetterQueue": 1,
        "QueueDeadLetterQueue": 1,
    }
    assert sorted(stack.function.loops) == ["of-lambda", "to-function"]
    assert stack.loops_in("Queue") == ["of-consumer", "to-queue", "to-topic"]
    assert stack.loops_in("HandlerQueue") == ["of-handler"]
    assert [stack.loops_in(queue) for queue in ALL_QUEUES] == [[], [], []]


def test_message_that_the_function_fails_on_again_stays_and_is_named(stack: Stack) -> None:
    stack.put_of_function("good")
    stack.put_of_function("poison")
    stack.function.fails_on = {"poison"}

    result = run("dead-letters", "redrive")

    assert result.exit_code == 1
    assert "MalformedEventError: expected a status" in result.stdout
    assert stack.loops_in("DeadLetterQueue") == ["poison"]
    assert stack.hidden_in("DeadLetterQueue") == 0
    assert Counter(stack.function.loops) == {"good": 1, "poison": 1}


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (f"{QUEUE}.fifo", "is FIFO"),
        (
            "arn:aws:states:eu-west-1:123456789012:stateMachine:m",
            "is no function, queue, topic or event bus",
        ),
        ("nonsense", "is no function, queue, topic or event bus"),
        (f"arn:aws:sqs:{REGION}:{ACCOUNT}:Gone", "NonExistentQueue"),
    ],
)
def test_message_for_a_target_that_cannot_take_it_stays(
    stack: Stack, target: str, problem: str
) -> None:
    stack.add_rule(f"arn:aws:sqs:{REGION}:{ACCOUNT}:Gone")
    stack.put_of_rule("stuck", target)
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert problem in report["notRedriven"][0]["problem"]
    assert stack.loops_in("DeadLetterQueue") == ["stuck"]


def test_message_that_says_nothing_about_its_target_stays(stack: Stack) -> None:
    stack.put("DeadLetterQueue", "unknown")
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert "does not say" in report["notRedriven"][0]["problem"]


def test_message_that_is_not_json_is_not_sent_to_a_function(stack: Stack) -> None:
    stack.put_body("DeadLetterQueue", "not JSON", RequestID="r", ErrorCode="E", ErrorMessage="m")
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert "not JSON" in report["notRedriven"][0]["problem"]
    assert stack.function.events == []


STRANGERS = [
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:delete-everything",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler:old",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:HandlerQueue",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:payroll",
]


@pytest.mark.parametrize("target", STRANGERS)
def test_message_for_a_target_that_no_rule_of_the_stack_has_is_named_and_left(
    stack: Stack, target: str
) -> None:
    stack.add_rule(FUNCTION, QUEUE)
    stack.events.put_rule(Name="of-others", EventPattern="{}")
    stack.events.put_targets(Rule="of-others", Targets=[{"Id": "1", "Arn": target}])
    message = stack.put_of_rule("forged", target)

    (left,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)

    (problem,) = left["notRedriven"]
    assert problem["messageId"] == message
    assert problem["problem"] == (
        f"{target} is no target of a rule of stack HumanLoops now: "
        f"--allow-target {target} permits it"
    )
    assert stack.loops_in("DeadLetterQueue") == ["forged"]
    assert stack.function.events == []
    assert stack.loops_in("HandlerQueue") == []


def test_target_that_the_rule_no_longer_has_is_refused_and_can_be_permitted(stack: Stack) -> None:
    stack.add_rule(QUEUE)
    stack.put_of_rule("late", FUNCTION)
    run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert stack.function.events == []
    run_json(
        *("dead-letters", "redrive", "--queue", "DeadLetterQueue"), *("--allow-target", FUNCTION)
    )
    assert stack.function.loops == ["late"]


def test_rule_that_was_deleted_outside_of_cloudformation_permits_nothing(stack: Stack) -> None:
    stack.rules = ["Gone"]
    stack.put_of_rule("forged", FUNCTION)
    run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert stack.function.events == []


@pytest.mark.parametrize("rule", ["default-rule", "other-bus/StatusChange", ""])
def test_event_is_put_on_the_bus_of_a_rule_of_the_stack_only(stack: Stack, rule: str) -> None:
    """The bus of the rule receives the event, so the rule must be the stack's too."""
    hub = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/hub"
    stack.add_rule(hub)
    arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"
    stack.put("DeadLetterQueue", "forged", TARGET_ARN=hub, RULE_ARN=arn)
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert f"--allow-target {arn}" in report["notRedriven"][0]["problem"]


def test_dry_run_warns_of_messages_that_would_stay(stack: Stack) -> None:
    stack.add_rule(QUEUE)
    stack.put_of_rule("good", QUEUE)
    stack.put_of_rule("forged", FUNCTION)
    result = run("dead-letters", "redrive", "--dry-run")
    assert result.exit_code == 0
    assert "warning: 1 of 2 messages would not be redriven" in result.stderr
    rows = run_json("dead-letters", "redrive", "--dry-run")
    assert [row["about"] for row in rows] == ["forged", "good"]
    assert "is no target of a rule" in rows[0]["destination"]


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (("--loop", "b"), {"b"}),
        (("--loop", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:human-loop/b"), {"b"}),
        (("--cause", "THROTTLED"), {"a", "b"}),
        (("--cause", "throttled", "--loop", "c"), set[str]()),
    ],
)
def test_only_named_messages_are_redriven(
    stack: Stack, options: tuple[str, ...], chosen: set[str]
) -> None:
    for loop, error in {"a": "Throttled", "b": "Throttled", "c": "Malformed"}.items():
        stack.put("DeadLetterQueue", loop, RequestID="1", ErrorCode=error, ErrorMessage="m")
    rows = run_json("dead-letters", "redrive", "--dry-run", *options)
    assert {row["about"] for row in rows} == chosen
    run_json("dead-letters", "redrive", *options)
    assert set(stack.function.loops) == chosen
    assert stack.loops_in("DeadLetterQueue") == sorted({"a", "b", "c"} - chosen)
    assert stack.hidden_in("DeadLetterQueue") == 0


@pytest.mark.full
def test_one_message_is_not_the_same_poison_message_every_time(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded = random.Random(1)  # noqa: S311 - no secret
    monkeypatch.setattr("human_loops_cli.dead_letters.redrive.random", seeded)
    stack.put_of_function("poison")
    stack.function.fails_on = {"poison"}
    for number in range(4):
        stack.put_of_function(f"good-{number}")
    for _ in range(12):
        run("dead-letters", "redrive", "--max", "1")
    assert stack.loops_in("DeadLetterQueue") == ["poison"]
    assert len(stack.function.loops) == 12


def test_dry_run_sends_nothing(stack: Stack) -> None:
    stack.put_of_function("of-lambda")
    stack.put("QueueDeadLetterQueue", "of-consumer")

    rows = run_json("dead-letters", "redrive", "--dry-run")

    assert {row["about"]: row["destination"] for row in rows} == {
        "of-lambda": "function handler",
        "of-consumer": "queue Queue",
    }
    assert stack.function.events == []
    assert stack.loops_in("Queue") == []
    assert stack.hidden_in("DeadLetterQueue") == 0


def test_at_most_some_messages_are_redriven(stack: Stack) -> None:
    for number in range(3):
        stack.put("QueueDeadLetterQueue", f"loop-{number}")
    report = run_json("dead-letters", "redrive", "--max", "2")
    assert redriven(report)["QueueDeadLetterQueue"] == 2
    assert len(stack.loops_in("QueueDeadLetterQueue")) == 1


def test_message_keeps_its_attributes_but_not_the_error(stack: Stack) -> None:
    stack.put("QueueDeadLetterQueue", "mine", Tenant="a", ErrorCode="E", ErrorMessage="m")
    run_json("dead-letters", "redrive")
    (message,) = stack.sqs.receive_message(
        QueueUrl=stack.url("Queue"), MessageAttributeNames=["All"]
    )["Messages"]
    assert [*message["MessageAttributes"]] == ["Tenant"]


def test_message_that_comes_back_is_not_sent_for_ever(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue's consumer gives up on it at once, and SQS moves it back."""
    call = _CLIENTS._make_api_call

    def moving_back(client: BaseClient, operation: str, parameters: Any) -> Any:
        answer = call(client, operation, parameters)
        if operation == "SendMessage":
            stack.put("QueueDeadLetterQueue", "boomerang")
        if operation == "ReceiveMessage":
            # The message that was there is old. What comes later is younger than this.
            answer["ResponseMetadata"]["HTTPHeaders"]["date"] = "Mon, 01 Jan 2024 00:00:00 GMT"
            for message in answer.get("Messages", ()):
                if not sent:
                    message["Attributes"]["SentTimestamp"] = "1000"
                sent.append(message)
        return answer

    sent: list[Any] = []
    stack.put("QueueDeadLetterQueue", "boomerang")
    with monkeypatch.context() as patched:
        patched.setattr(stack, "put", _original_put(stack, call))
        patched.setattr(BaseClient, "_make_api_call", moving_back)
        (report,) = run_json("dead-letters", "redrive", "--queue", "QueueDeadLetterQueue")
    assert (report["redriven"], report["arrivedMeanwhile"]) == (1, 1)
    assert stack.loops_in("QueueDeadLetterQueue") == ["boomerang"]
    assert stack.hidden_in("QueueDeadLetterQueue") == 0


def _original_put(stack: Stack, call: Any) -> Callable[[str, str], None]:
    def put(queue: str, loop: str) -> None:
        parameters = {"QueueUrl": stack.url(queue), "MessageBody": json.dumps(event(loop))}
        call(stack.sqs, "SendMessage", parameters)

    return put


class _Killed(BaseException):
    """The process is gone: nothing that it wanted to do after that happens."""


#: When a request is interrupted, and whether the process is killed.
INTERRUPTIONS = [("before", True), ("before", False), ("after", True), ("after", False)]


@pytest.mark.fuzz
@pytest.mark.parametrize("interruption", INTERRUPTIONS, ids=str)
def test_interrupted_anywhere_and_repeated_every_message_arrives_once_or_twice(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, interruption: tuple[str, bool]
) -> None:
    when, is_killed = interruption
    topic = subscribed_topic(stack)
    stack.add_rule(FUNCTION, QUEUE, topic)
    loops = {"to-function", "to-queue", "to-topic", "of-lambda", "of-consumer", "poison"}
    stack.function.fails_on = {"poison"}
    call, calls = _CLIENTS._make_api_call, [0]
    _make_clients_once(monkeypatch)

    def interrupt_at(step: int) -> None:
        calls[0] = 0

        def interrupted(client: BaseClient, operation: str, parameters: Any) -> Any:
            calls[0] += 1
            ends = calls[0] >= step if is_killed else calls[0] == step
            error = _Killed() if is_killed else KeyboardInterrupt()
            if ends and (when == "before" or calls[0] > step):
                raise error
            answer = call(client, operation, parameters)
            if ends:
                raise error
            return answer

        monkeypatch.setattr(BaseClient, "_make_api_call", interrupted)

    # In the short form, each request is interrupted in one of the ways.
    stride = 1 if FUZZED else len(INTERRUPTIONS)
    steps = INTERRUPTIONS.index(interruption) + 1 - stride
    is_over = False
    while not is_over:
        steps += stride
        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        _empty(stack)
        stack.put_of_rule("to-function", FUNCTION)
        stack.put_of_rule("to-queue", QUEUE)
        stack.put_of_rule("to-topic", topic)
        stack.put_of_function("of-lambda")
        stack.put_of_function("poison")
        stack.put("QueueDeadLetterQueue", "of-consumer")

        interrupt_at(steps)
        with contextlib.suppress(_Killed):
            assert run("dead-letters", "redrive").exit_code in (1, 130)
        is_over = calls[0] < steps
        monkeypatch.setattr(BaseClient, "_make_api_call", call)
        if not is_killed:
            # Interrupted while it showed them again, it leaves that to the timeout.
            assert stack.hidden_in("DeadLetterQueue") <= 2
        stack.let_time_pass()
        run("dead-letters", "redrive")

        arrived = Counter(stack.function.loops + stack.loops_in("Queue"))
        assert arrived.keys() == loops, steps
        assert all(count <= 2 for loop, count in arrived.items()), (steps, arrived)
        assert stack.loops_in("DeadLetterQueue") == ["poison"], steps
        assert stack.loops_in("QueueDeadLetterQueue") == [], steps
    # Six messages: each is received, sent and deleted.
    assert steps > 18


def _make_clients_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all runs share their clients, which take most of the time of a run in memory."""
    clients: dict[str, Any] = {}
    make = Session.client

    def client(session: Session, service: str) -> Any:
        if service not in clients:
            clients[service] = make(session, service)
        return clients[service]

    monkeypatch.setattr(Session, "client", client)


def _empty(stack: Stack) -> None:
    for queue in ("Queue", *ALL_QUEUES):
        stack.messages(queue).clear()
    stack.function.events.clear()


class MoveTasks:
    """SQS's own redrive, which moto and the emulator lack."""

    def __init__(self, stack: Stack, *looks: Mapping[str, Any]) -> None:
        self.stack = stack
        self.looks = [*looks]
        self.requests: list[Mapping[str, Any]] = []
        self.running: dict[str, Any] | None = None

    def start(self, request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        self.requests.append(request)
        self.running = {"StartedTimestamp": 1}
        return 200, {}, b'{"TaskHandle": "t"}'

    def list(self, _: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        results = []
        if self.running is not None:
            look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
            results = [{**self.running, **look}]
        return 200, {}, json.dumps({"Results": results}).encode()


@pytest.fixture
def move_tasks(stack: Stack, answers: Callable[[str, Answer], None]) -> Callable[..., MoveTasks]:
    def install(*looks: Mapping[str, Any]) -> MoveTasks:
        tasks = MoveTasks(stack, *looks)
        answers("sqs.ListMessageMoveTasks", tasks.list)
        answers("sqs.StartMessageMoveTask", tasks.start)
        return tasks

    return install


RUNNING = {
    "Status": "RUNNING",
    "ApproximateNumberOfMessagesMoved": 1,
    "ApproximateNumberOfMessagesToMove": 3,
}
COMPLETED = {
    "Status": "COMPLETED",
    "ApproximateNumberOfMessagesMoved": 3,
    "ApproximateNumberOfMessagesToMove": 3,
}


def test_sqs_moves_the_messages_of_queues_to_a_destination_that_is_named(
    stack: Stack, move_tasks: Callable[..., MoveTasks]
) -> None:
    tasks = move_tasks(RUNNING, COMPLETED)
    stack.put("HandlerQueueDeadLetterQueue", "mine")
    stack.put_of_function("of-lambda")

    report = run_json("dead-letters", "redrive")

    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
    assert tasks.requests == [
        {
            "SourceArn": f"{arn}:HandlerQueueDeadLetterQueue",
            "DestinationArn": f"{arn}:HandlerQueue",
        }
    ]
    assert redriven(report)["HandlerQueueDeadLetterQueue"] == 3
    assert stack.function.loops == ["of-lambda"]
    assert stack.loops_in("HandlerQueueDeadLetterQueue") == ["mine"]


def test_move_that_runs_already_is_awaited_and_not_started_again(
    stack: Stack, move_tasks: Callable[..., MoveTasks]
) -> None:
    tasks = move_tasks(RUNNING, RUNNING, COMPLETED)
    tasks.running = {"StartedTimestamp": 5}
    stack.put("HandlerQueueDeadLetterQueue", "mine")
    report = run_json("dead-letters", "redrive", "--queue", "HandlerQueueDeadLetterQueue")
    assert tasks.requests == []
    assert redriven(report) == {"HandlerQueueDeadLetterQueue": 3}


def test_move_that_fails_is_told_with_its_reason(
    stack: Stack, move_tasks: Callable[..., MoveTasks]
) -> None:
    move_tasks({**RUNNING, "Status": "FAILED", "FailureReason": "AccessDenied"})
    stack.put("QueueDeadLetterQueue", "mine")
    result = run("dead-letters", "redrive", "--queue", "QueueDeadLetterQueue")
    assert result.exit_code == 1
    assert "SQS stopped moving messages: FAILED: AccessDenied" in result.stderr


def test_move_that_is_not_permitted_is_not_replaced_by_another_way(
    stack: Stack, answers: Callable[[str, Answer], None]
) -> None:
    def denied(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        message = (
            "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
            "sqs:ListMessageMoveTasks on resource: arn:aws:sqs:eu-west-1:123456789012:q"
        )
        return 400, {}, json.dumps({"__type": "AccessDenied", "message": message}).encode()

    answers("sqs.ListMessageMoveTasks", denied)
    stack.put("QueueDeadLetterQueue", "mine")
    result = run("dead-letters", "redrive", "--queue", "QueueDeadLetterQueue")
    assert result.exit_code == 3
    assert "sqs:ListMessageMoveTasks" in result.stderr
    assert stack.loops_in("QueueDeadLetterQueue") == ["mine"]


def test_message_that_was_delivered_but_not_deleted_is_told(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = _CLIENTS._make_api_call

    def refusing(client: BaseClient, operation: str, parameters: Any) -> Any:
        if operation == "DeleteMessage":
            raise ClientError({"Error": {"Code": "Throttled", "Message": "later"}}, operation)
        return call(client, operation, parameters)

    stack.put_of_function("mine")
    monkeypatch.setattr(BaseClient, "_make_api_call", refusing)
    (report,) = run_json("dead-letters", "redrive", "--queue", "DeadLetterQueue", status=1)
    assert report["notRedriven"][0]["problem"].startswith("delivered, but not deleted")
