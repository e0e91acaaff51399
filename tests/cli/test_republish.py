"""``human-loops outcomes republish``: the outcomes of the ledger, again on the outcome bus."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from human_loop_reviews.a2i.event import parse_event
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.aws.ledger import Ledger
from human_loop_reviews.contract import EventSource
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.review_output import review_output
from human_loops_cli.outcomes.recorded import RecordedOutcome
from tests.cli.conftest import ACCOUNT, REGION, Answer, Stack, run, run_json
from tests.examples import examples
from tests.unit.conftest import LEDGER_ARN, ended_loop, sample_output

ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
CREATION_TIME = "2026-03-14T09:12:44.318Z"


def loop_arn(name: str) -> str:
    return f"{ARN}:human-loop/{name}"


def settled(name: str, **changes: Any) -> dict[str, Any]:
    """Return the event of a loop that ended."""
    identity = {
        "humanLoopArn": loop_arn(name),
        "humanLoopName": name,
        "flowDefinitionArn": f"{ARN}:flow-definition/invoices",
        "creationTime": CREATION_TIME,
    }
    time = changes.pop("time", "2026-03-14T11:30:05Z")
    return ended_loop(output_key=f"{name}.json", time=time, **{**identity, **changes})


class Republished:
    """The ledger as the handler writes it, and the outcomes that come on the bus."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ledger = Ledger(stack.dynamodb, "ledger", timedelta(days=400))
        self.events: Any = boto3.client("events")
        self.bucket = "reviews-of-the-example"
        boto3.client("s3").create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.url = stack.sqs.create_queue(QueueName="outcomes")["QueueUrl"]

    def listen(self, bus: str = "default") -> None:
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:outcomes"
        pattern = json.dumps({"source": ["human-loop-events"]})
        self.events.put_rule(Name="outcomes", EventPattern=pattern, EventBusName=bus)
        self.events.put_targets(
            Rule="outcomes", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}]
        )

    def record(self, event: Mapping[str, Any], error: str | None = None) -> dict[str, Any]:
        """Record a loop as the handler does, and return the outcome that it published."""
        loop = parse_event(event)
        # The handler records such an event only after A2I confirmed it.
        loop = loop._replace(confirmed=loop.source is EventSource.RESENT)
        output = review = None
        if error is None and loop.status == "Completed":
            text = sample_output("textract-invoice", humanLoopName=loop.human_loop_name)
            output = parse_output(text, source="output")
            review = review_output(output, creation_time=loop.creation_time)
            boto3.client("s3").put_object(
                Bucket=self.bucket,
                Key=f"{loop.human_loop_name}.json",
                Body=json.dumps(json.loads(text) | {"flowDefinitionArn": loop.flow_definition_arn}),
            )
        outcome = describe_outcome(
            loop, output, review, disclosure=Disclosure(include_values=True), output_error=error
        )
        self.ledger.record(loop, outcome)
        return outcome

    def record_outcome(self, outcome: Mapping[str, Any]) -> None:
        """Record a loop with an outcome that was made up."""
        names = ("humanLoopArn", "humanLoopName", "flowDefinitionArn", "creationTime")
        event = settled("loop", **{name: outcome[name] for name in names})
        assert self.ledger.record(parse_event(event), dict(outcome))

    def published(self) -> list[dict[str, Any]]:
        events = []
        while messages := self.stack.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10
        ).get("Messages"):
            for each in messages:
                events.append(json.loads(each["Body"]))
                self.stack.sqs.delete_message(
                    QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"]
                )
        return events

    def change(self, name: str, expression: str, **values: Any) -> None:
        loop = {"humanLoopArn": loop_arn(name), "creationTime": CREATION_TIME}
        self.change_loop(loop, expression, **values)

    def change_loop(self, loop: Mapping[str, str], expression: str, **values: Any) -> None:
        self.stack.dynamodb.update_item(
            TableName="ledger",
            Key={name: {"S": loop[name]} for name in ("humanLoopArn", "creationTime")},
            UpdateExpression=expression,
            **({"ExpressionAttributeValues": values} if values else {}),
        )


def function_configuration(
    bus: str = "default", **changes: str
) -> tuple[int, Mapping[str, str], bytes]:
    variables = {
        "LEDGER_ARN": LEDGER_ARN,
        "LEDGER_RETENTION_DAYS": "400",
        "OUTCOME_BUS": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{bus}",
        "INCLUDE_VALUES": "true",
        "MAX_OUTPUT_BYTES": "1000000",
        **changes,
    }
    configuration = {"FunctionName": "handler", "Environment": {"Variables": variables}}
    return 200, {}, json.dumps(configuration).encode()


def give_mappings(
    answers: Callable[[str, Answer], None],
    folder: Path,
    mappings: Mapping[str, Any],
    bus: str = "default",
) -> None:
    """Let the handler have mappings, in a layer that is downloaded from where Lambda says."""
    with zipfile.ZipFile(folder / "layer.zip", "w") as archive:
        for name, mapping in mappings.items():
            archive.writestr(f"python/human_loop_mappings/{name}.json", json.dumps(mapping))
    location = {"Content": {"Location": (folder / "layer.zip").as_uri()}}
    answers("lambda.GetLayerVersionByArn", lambda _: (200, {}, json.dumps(location).encode()))
    layer = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:Mappings:3"
    answers(
        "lambda.GetFunctionConfiguration",
        lambda _: function_configuration(bus, MAPPINGS_LAYER=layer),
    )


@pytest.fixture
def ledger(stack: Stack, answers: Callable[[str, Answer], None]) -> Republished:
    answers("lambda.GetFunctionConfiguration", lambda _: function_configuration())
    republished = Republished(stack)
    republished.listen()
    return republished


def test_outcome_is_published_as_the_handler_published_it(ledger: Republished) -> None:
    outcome = ledger.record(settled("invoice-1"))
    assert outcome["fields"][0]["values"]["predicted"]
    report = run_json("outcomes", "republish", "--all")
    assert report == {"published": 1, "readAgain": 0, "notPublished": []}
    (event,) = ledger.published()
    assert (event["source"], event["detail-type"]) == ("human-loop-events", "Human Review Outcome")
    assert event["resources"] == [loop_arn("invoice-1"), LEDGER_ARN]
    assert event["detail"] == outcome


def test_failed_recovered_and_unreadable_outcomes_are_published_as_they_are(
    ledger: Republished,
) -> None:
    failed = ledger.record(settled("failed", humanLoopStatus="Failed", failureReason="why"))
    unreadable = ledger.record(settled("unreadable"), error="output: expected an object")
    recovered = ledger.record({**settled("recovered"), "source": "human-loop-events"})
    assert recovered["endTime"] is None
    assert run_json("outcomes", "republish", "--all")["published"] == 3
    published = {each["detail"]["humanLoopName"]: each["detail"] for each in ledger.published()}
    assert published == {"failed": failed, "unreadable": unreadable, "recovered": recovered}


def test_outcome_that_is_incomplete_is_read_again_and_keeps_its_id(ledger: Republished) -> None:
    outcome = ledger.record(settled("invoice-1"))
    ledger.change("invoice-1", "REMOVE verdictCounts, agreement")
    report = run_json("outcomes", "republish", "--loop", loop_arn("invoice-1"))
    assert report == {"published": 1, "readAgain": 1, "notPublished": []}
    (event,) = ledger.published()
    assert event["detail"] == outcome


def test_outcome_that_is_read_again_names_the_corrected_document_as_before(
    ledger: Republished,
) -> None:
    ledger.record(settled("invoice-1"))
    uri = "s3://documents/corrected/invoices/2026/03/14/09/12/44.318/invoice-1.json"
    ledger.change(
        "invoice-1",
        "REMOVE verdictCounts SET correctedDocumentS3Uri = :uri",
        **{":uri": {"S": uri}},
    )
    run_json("outcomes", "republish", "--all")
    (event,) = ledger.published()
    assert event["detail"]["correctedDocumentS3Uri"] == uri


def test_outcome_is_read_again_with_the_mappings_of_the_deployed_handler(
    ledger: Republished, answers: Callable[[str, Answer], None], tmp_path: Path
) -> None:
    give_mappings(answers, tmp_path, {"invoices": [{"name": "Town", "path": "town"}]})
    ledger.record(settled("ticket-1"))
    ledger.change("ticket-1", "REMOVE verdictCounts")
    answer = {
        "answerContent": {"town": "Bonn"},
        "submissionTime": "2026-03-14T11:30:02Z",
        "workerId": "w",
    }
    custom = {
        "humanLoopName": "ticket-1",
        "flowDefinitionArn": f"{ARN}:flow-definition/invoices",
        "inputContent": {"town": "Bonn"},
        "humanAnswers": [answer],
    }
    boto3.client("s3").put_object(
        Bucket=ledger.bucket, Key="ticket-1.json", Body=json.dumps(custom)
    )
    assert run_json("outcomes", "republish", "--all")["readAgain"] == 1
    (event,) = ledger.published()
    assert [each["name"] for each in event["detail"]["fields"]] == ["Town"]


def test_mappings_that_cannot_be_downloaded_are_named_without_the_signed_address(
    ledger: Republished, answers: Callable[[str, Answer], None], tmp_path: Path
) -> None:
    give_mappings(answers, tmp_path, {})
    result = run("outcomes", "republish", "--all")
    assert (result.exit_code, "layer:Mappings:3 has no mappings" in result.stderr) == (3, True)
    (tmp_path / "layer.zip").unlink()
    reason = run("outcomes", "republish", "--all").stderr
    assert "layer:Mappings:3 cannot be downloaded: URLError" in reason
    assert "layer.zip" not in reason
    assert ledger.published() == []


def test_number_that_dynamodb_cannot_hold_is_read_again(ledger: Republished) -> None:
    ledger.record(settled("invoice-1"))
    ledger.change("invoice-1", "SET secondsWorked = :s", **{":s": {"L": [{"S": "1e300"}]}})
    assert run_json("outcomes", "republish", "--all")["readAgain"] == 1


def test_outcome_whose_output_is_gone_is_named_and_the_others_are_published(
    ledger: Republished,
) -> None:
    ledger.record(settled("gone"))
    ledger.record(settled("here"))
    ledger.change("gone", "REMOVE verdictCounts")
    boto3.client("s3").delete_object(Bucket=ledger.bucket, Key="gone.json")
    report = run_json("outcomes", "republish", "--all", status=1)
    (problem,) = report["notPublished"]
    assert (report["published"], problem["humanLoopArn"]) == (1, loop_arn("gone"))
    assert "there is no object" in problem["problem"]


def test_outcomes_are_chosen_by_end_flow_definition_and_number(ledger: Republished) -> None:
    for day in (1, 2, 3):
        ledger.record(settled(f"loop-{day}", time=f"2026-03-{day:02}T23:59:59Z"))
    other = f"{ARN}:flow-definition/claims"
    ledger.record(settled("claim", humanLoopStatus="Failed", flowDefinitionArn=other))

    def chosen(*options: str) -> set[str]:
        report = run_json("outcomes", "republish", "--dry-run", *options)
        return {row["humanLoopArn"].rpartition("/")[2] for row in report["wouldPublish"]}

    assert chosen("--since", "2026-03-02") == {"loop-2", "loop-3", "claim"}
    assert chosen("--since", "2026-03-02", "--until", "2026-03-02") == {"loop-2"}
    assert chosen("--until", "2026-03-02T23:59:58Z") == {"loop-1"}
    assert chosen("--flow", "claims") == {"claim"}
    assert chosen("--flow", "invoices", "--until", "2026-03-01") == {"loop-1"}
    assert len(chosen("--all", "--max", "2")) == 2
    assert ledger.published() == []


@pytest.mark.parametrize("command", [("republish", "--dry-run"), ("download", "-o", "o.jsonl")])
def test_unknown_flow_definition_is_an_error(
    ledger: Republished, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("outcomes", *command, "--flow", "invocies")
    assert result.exit_code == 2
    assert "invocies is known here (did you mean invoices?)" in result.stderr
    assert ledger.published() == []
    assert not Path("o.jsonl").exists()


def test_items_of_the_reconciler_and_of_verifications_are_left_out(ledger: Republished) -> None:
    name = "human-loops_verification_17-ab"
    marked = settled(name, humanLoopStatus="Stopped", verification="17-ab")
    ledger.record({**marked, "source": "human-loop-events"})
    ledger.stack.dynamodb.put_item(
        TableName="ledger",
        Item={"humanLoopArn": {"S": loop_arn("a")}, "creationTime": {"S": "reconciler#2026"}},
    )
    assert run_json("outcomes", "republish", "--all")["published"] == 0
    for loop in (name, "a"):
        report = run_json("outcomes", "republish", "--loop", loop_arn(loop), status=1)
        assert report["notPublished"][0]["problem"].endswith("in the ledger")


def test_missing_bus_is_found_before_anything_is_published(
    ledger: Republished, answers: Callable[[str, Answer], None]
) -> None:
    answers("lambda.GetFunctionConfiguration", lambda _: function_configuration("nowhere"))
    ledger.record(settled("invoice-1"))
    result = run("outcomes", "republish", "--all")
    assert result.exit_code == 3
    assert "event-bus/nowhere does not exist" in result.stderr
    assert "Published" not in result.stdout


def test_entry_that_is_refused_is_named(
    ledger: Republished, answers: Callable[[str, Answer], None]
) -> None:
    def refuse(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        entry = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "no"}
        return 200, {}, json.dumps({"FailedEntryCount": 1, "Entries": [entry]}).encode()

    answers("eventbridge.PutEvents", refuse)
    ledger.record(settled("invoice-1"))
    report = run_json("outcomes", "republish", "--all", status=1)
    assert "NotAuthorizedForSourceException" in report["notPublished"][0]["problem"]


def test_refused_call_ends_the_command_and_tells_the_permission(
    ledger: Republished, answers: Callable[[str, Answer], None]
) -> None:
    message = "User: me is not authorized to perform: events:PutEvents on resource: arn:bus"
    refusal = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
    answers("eventbridge.PutEvents", lambda _: (400, {}, refusal))
    ledger.record(settled("invoice-1"))
    result = run("outcomes", "republish", "--all")
    assert result.exit_code == 3
    assert "a permission is missing: events:PutEvents" in result.stderr
    assert "Published again: 0" in result.stdout


@pytest.mark.full
def test_entry_that_is_refused_for_the_moment_is_sent_again(
    ledger: Republished, answers: Callable[[str, Answer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = iter(["ThrottlingException", "InternalFailure", None])

    def refuse(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        code = next(refusals)
        entry = {"EventId": "1"} if code is None else {"ErrorCode": code, "ErrorMessage": "later"}
        answer = {"FailedEntryCount": int(code is not None), "Entries": [entry]}
        return 200, {}, json.dumps(answer).encode()

    monkeypatch.setattr("human_loops_cli.outcomes.republish.time.sleep", lambda _: None)
    answers("eventbridge.PutEvents", refuse)
    ledger.record(settled("invoice-1"))
    assert run_json("outcomes", "republish", "--all")["published"] == 1
    assert next(refusals, "none") == "none"


def test_outcome_above_the_limit_of_eventbridge_is_named(
    ledger: Republished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("human_loops_cli.outcomes.republish.MAX_EVENT_BYTES", 1000)
    ledger.record(settled("large"))
    report = run_json("outcomes", "republish", "--all", status=1)
    assert "EventBridge accepts 1,000" in report["notPublished"][0]["problem"]


def test_outcome_of_another_version_is_not_guessed(ledger: Republished) -> None:
    ledger.record(settled("invoice-1"))
    ledger.change("invoice-1", "SET schemaVersion = :v", **{":v": {"S": "1.1"}})
    report = run_json("outcomes", "republish", "--all", status=1)
    assert "schemaVersion is 1.1" in report["notPublished"][0]["problem"]


def test_interrupted_run_says_what_it_did_and_can_be_repeated(
    ledger: Republished, answers: Callable[[str, Answer], None]
) -> None:
    ledger.record(settled("loop-1"))
    ledger.record(settled("loop-2"))
    calls: list[int] = []

    def interrupted(_: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return 200, {}, b'{"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}'

    answers("eventbridge.PutEvents", interrupted)
    report = run_json("outcomes", "republish", "--all", status=130)
    assert report["published"] == 1
    assert run_json("outcomes", "republish", "--all")["published"] == 2
    assert len(calls) == 4


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--all", "--flow", "invoices"),
        ("--loop", "arn:a", "--since", "2026-03-14"),
        ("--since", "yesterday"),
    ],
)
def test_unclear_choice_is_refused(stack: Stack, options: tuple[str, ...]) -> None:
    assert stack
    result = run("outcomes", "republish", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def test_table_names_loops_and_no_content(ledger: Republished) -> None:
    ledger.record(settled("invoice-1"))
    result = run("outcomes", "republish", "--all", "--dry-run")
    assert "invoice-1" in result.stdout
    assert "148.99" not in result.output
    assert "1 " in run("outcomes", "republish", "--all").stdout.replace(",", " ")


NUMBERS = st.none() | st.integers(0, 10**9) | st.floats(0, 1e6, allow_nan=False).map(float)


@settings(max_examples=examples(25), deadline=None)
@given(worked=st.lists(NUMBERS, max_size=3), agreement=NUMBERS, reason=st.none() | st.text())
@pytest.mark.full
def test_recorded_outcome_is_read_back_as_it_was(
    worked: list[Any], agreement: Any, reason: str | None
) -> None:
    """Whatever the handler records: the ledger's own code writes the item."""
    items: list[dict[str, Any]] = []

    class Table:
        def put_item(self, **request: Any) -> None:
            items.append(request["Item"])

    loop = parse_event(settled("invoice-1", humanLoopStatus="Failed"))
    outcome = describe_outcome(loop, None, None, disclosure=Disclosure())
    outcome |= {"secondsWorked": worked, "agreement": agreement, "failureReason": reason}
    Ledger(Table(), "ledger", timedelta(days=1)).record(loop, outcome)
    recorded = RecordedOutcome.parse(items[0])
    assert recorded.is_complete is (recorded.outcome == outcome)
