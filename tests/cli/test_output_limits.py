"""``--flow``, ``--since`` and ``--until`` of the commands that read outputs: in S3, and on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from human_loops_cli.output_keys import parse_date_folder, parse_output_key
from human_loops_cli.output_limits import OutputLimits
from tests.cli.conftest import REGION, run
from tests.cli.outputs import FLOW, label, output

BUCKET = "reviews"
DAYS = ("2026/01/31", "2026/03/01", "2026/03/13", "2026/03/14")


@dataclass
class Place:
    """The same outputs in S3 or on disk, and the calls of S3."""

    name: str
    root: Path | None = None
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def put(self, key: str, content: Any) -> None:
        body = json.dumps(content)
        if self.root is None:
            boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        else:
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)

    def read(self, *arguments: str, below: str = "", status: int = 0) -> list[str]:
        """Return the names of the loops that a command reads."""
        result = run("review", f"{self.name}/{below}", *arguments, "--json")
        assert result.exit_code == status, result.stderr
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        return [row["humanLoopName"] for row in rows if "error" not in row]

    def prefixes(self) -> list[str]:
        """The prefixes below which all objects were listed."""
        return [
            call["Prefix"]
            for name, call in self.calls
            if name == "ListObjectsV2" and "Delimiter" not in call and call.get("MaxKeys") != 1
        ]

    def objects(self) -> list[str]:
        """The keys of the objects that were read."""
        return [call["Key"] for name, call in self.calls if name == "GetObject"]


@pytest.fixture(params=["s3", "disk"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    if request.param == "disk":
        made = Place(str(tmp_path), tmp_path)
        _fill(made)
        yield made
        return
    with mock_aws():
        made = Place(f"s3://{BUCKET}")
        location = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        _fill(made)
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def record(client: Any, name: str, parameters: Mapping[str, Any]) -> Any:
            made.calls.append((name, parameters))
            return call(client, name, parameters)

        monkeypatch.setattr(BaseClient, "_make_api_call", record)
        yield made


def _fill(place: Place) -> None:
    """Write a loop of each day and flow definition, answered a minute after its creation."""
    for name in ("claims", "tickets"):
        for day in DAYS:
            loop = f"{name}-{day.replace('/', '')}"
            submitted = f"{day.replace('/', '-')}T09:31:00Z"
            place.put(_key(name, day, loop), answered(loop, submitted, flow=name))


def _key(flow: str, day: str, loop: str) -> str:
    return f"a2i/{flow}/{day}/09/30/00/{loop}/output.json"


def answered(loop: str, *submitted: str, flow: str = "tickets") -> dict[str, Any]:
    made = output(loop, *(label("Billing") for _ in submitted), flow=FLOW.replace("tickets", flow))
    for answer, time in zip(made["humanAnswers"], submitted, strict=True):
        answer["submissionTime"] = time
    return made


@pytest.mark.parametrize(
    "below", ["", "a2i/", "a2i/tickets/", "a2i/tickets/2026/", "a2i/tickets/2026/03/"]
)
def test_outputs_within_the_limits_are_read_from_any_folder(place: Place, below: str) -> None:
    limits = ("--flow", "tickets", "--since", "2026-03-13", "--until", "2026-03-13")
    assert place.read(*limits, below=below) == ["tickets-20260313"]


@pytest.mark.slow
def test_report_reads_no_output_that_its_key_excludes(place: Place, tmp_path: Path) -> None:
    report = ("report", place.name, "-o", str(tmp_path / "report.html"), "--flow", "tickets")
    result = run(*report, "--since", "2026-03-13", "--until", "2026-03-13")
    assert result.exit_code == 0, result.stderr
    assert "5 outputs are not read: their keys are outside the limits" in result.stderr
    if place.root is None:
        # The loop can be created up to 31 days before it ends, and clocks differ by up to a day.
        assert {key.split("/")[-2] for key in place.objects()} == {
            f"tickets-{day.replace('/', '')}" for day in DAYS[1:]
        }

    result = run(*report, "--since", "2027-01-01")
    assert result.exit_code == 1
    assert "no loop is within these limits" in result.stderr
    assert "Outputs that their keys exclude: 8." in result.stderr


@pytest.mark.parametrize("below", ["a2i/tic", "a2i/tickets", "a2i/tickets/2026/03/1"])
def test_prefix_can_end_within_a_name(place: Place, below: str) -> None:
    if place.root is None:
        limits = ("--flow", FLOW, "--since", "2026-03-13")
        assert place.read(*limits, below=below) == ["tickets-20260313", "tickets-20260314"]


def test_only_days_within_the_limits_are_listed_and_read(place: Place) -> None:
    limits = ("--flow", "tickets", "--since", "2026-03-20", "--until", "2026-03-21")
    late = answered("late", "2026-03-20T10:00:00Z")
    place.put(_key("tickets", "2026/03/14", "late"), late)
    assert place.read(*limits) == ["late"], "created six days before its answer"
    if place.root is None:
        assert sorted(place.prefixes()) == [
            "a2i/tickets/2026/03/01/",
            "a2i/tickets/2026/03/13/",
            "a2i/tickets/2026/03/14/",
        ]
        assert all("/tickets/2026/03/" in key for key in place.objects())


def test_object_that_was_written_before_the_limit_is_not_read() -> None:
    key = parse_output_key(_key("tickets", "2026/03/14", "loop"))
    limits = OutputLimits(since=datetime(2026, 3, 20, tzinfo=UTC))
    assert limits.may_contain(key, None)
    assert limits.may_contain(key, datetime(2026, 3, 19, 12, tzinfo=UTC)), "clocks deviate"
    assert not limits.may_contain(key, datetime(2026, 3, 18, 12, tzinfo=UTC))


def test_last_answer_counts_and_a_date_includes_its_day(place: Place) -> None:
    times = ("2026-03-10T00:00:00Z", "2026-03-11T23:59:59Z")
    place.put(_key("tickets", "2026/03/09", "two"), answered("two", *times))
    assert "two" in place.read("--until", "2026-03-11")
    assert "two" not in place.read("--until", "2026-03-10")
    assert "two" in place.read("--since", "2026-03-11", "--until", "2026-03-12")


def test_key_counts_without_the_time_of_an_answer(place: Place) -> None:
    place.put(_key("tickets", "2026/03/09", "unanswered"), output("unanswered"))
    limits = ("--since", "2026-03-09", "--until", "2026-03-09")
    assert place.read(*limits) == ["unanswered"]


def test_other_keys_are_chosen_by_content(place: Place) -> None:
    place.put("copies/one.json", answered("in", "2026-03-13T12:00:00Z"))
    place.put("copies/2020/01/01/two.json", answered("also-in", "2026-03-13T12:00:00Z"))
    place.put("copies/three.json", answered("out", "2026-03-16T12:00:00Z"))
    place.put("copies/four.json", answered("out", "2026-03-13T12:00:00Z", flow="claims"))
    limits = ("--flow", "tickets", "--since", "2026-03-13", "--until", "2026-03-13")
    assert place.read(*limits) == ["tickets-20260313", "also-in", "in"]


def test_output_that_no_limit_can_choose_is_named(place: Place) -> None:
    place.put("copies/timeless.json", output("timeless", label("x")))
    nameless = answered("nameless", "2026-03-13T12:00:00Z")
    del nameless["flowDefinitionArn"]
    place.put("copies/nameless.json", nameless)
    place.put(_key("tickets", "2026/03/13", "nameless"), nameless)
    limits = ("--flow", "tickets", "--since", "2026-03-13", "--until", "2026-03-13")
    assert place.read(*limits, status=1) == ["nameless", "tickets-20260313"]
    stderr = run("agreement", f"{place.name}/", *limits).stderr
    assert "timeless.json: neither an answer nor the key has a time" in stderr
    assert "nameless.json: neither the output nor its key names a flow definition" in stderr


@pytest.mark.parametrize(
    "command",
    [
        ("review",),
        ("agreement",),
        ("reviewers",),
        ("export", "--format", "jsonl"),
        ("mapping", "suggest"),
    ],
)
def test_no_output_within_the_limits_names_the_flow_definitions(
    place: Place, command: tuple[str, ...]
) -> None:
    result = run(*command, f"{place.name}/", "--flow", "claim")
    assert result.exit_code == 1
    assert "no output is within --flow, --since and --until" in result.stderr
    assert "Other flow definitions: claims, tickets." in result.stderr
    assert run(*command, f"{place.name}/", "--since", "2026-13-01").exit_code == 2


def test_how_many_files_were_listed_and_read_is_printed(place: Place) -> None:
    place.put(_key("tickets", "2026/03/13", "later"), answered("later", "2026-03-15T00:00:00Z"))
    result = run("review", f"{place.name}/", "--flow", "tickets", "--until", "2026-03-13")
    assert "Within the limits: 3 of 5 files that were read, of 5 that were listed." in result.stderr


def test_standard_input_is_chosen_by_content() -> None:
    document = json.dumps(answered("loop", "2026-03-13T12:00:00Z"))
    result = run("review", "-", "--since", "2026-03-13", "--json", input=document)
    assert json.loads(result.stdout)["humanLoopName"] == "loop"
    result = run("review", "-", "--since", "2026-03-14", "--json", input=document)
    assert result.stdout == ""
    assert "Within the limits: 0 of 1 files" in result.stderr


def test_folder_with_many_folders_is_listed_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("human_loops_cli.output_folders._MAX_FOLDERS", 2)
    for number in range(4):
        content = answered(f"copy-{number}", "2026-03-13T12:00:00Z")
        place.put(f"copies/{number}/output.json", content)
    limits = ("--since", "2026-03-13", "--until", "2026-03-13")
    assert place.read(*limits, below="copies/") == [f"copy-{number}" for number in range(4)]
    if place.root is None:
        assert place.prefixes() == ["copies/"]


_SEGMENTS = st.lists(
    st.sampled_from(["a2i", "claims", "2026", "02", "30", "14", "09", "output.json", "x", ""]),
    max_size=10,
)


@given(_SEGMENTS)
def test_keys_of_any_form_are_parsed_or_are_none(segments: list[str]) -> None:
    key = "/".join(segments)
    found = parse_output_key(key)
    if found is not None:
        assert key.startswith(found.day_folder)
        day = parse_date_folder(found.day_folder)
        assert day is not None
        assert day.is_day
        assert day.first <= found.time <= day.last


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(timedelta(), timedelta(days=30)),
)
def test_what_the_limits_contain_is_listed(
    created: datetime, since: datetime | None, until: datetime | None, took: timedelta
) -> None:
    """A loop that is answered within 30 days of its creation is never left out by its key."""
    created = created.replace(microsecond=0)
    try:
        answer = created + took
    except OverflowError:
        return
    day = f"{created.year:04}/{created.month:02}/{created.day:02}"
    key = parse_output_key(f"claims/{day}/{created:%H/%M/%S}/loop/output.json")
    folder = parse_date_folder(f"claims/{day}/")
    if key is None or folder is None:
        assert day == "9999/12/31", "no day follows this one"
        return
    limits = OutputLimits(since=since, until=until)
    ended_within = (since is None or since <= answer) and (until is None or answer <= until)
    if ended_within:
        assert limits.may_contain(key, answer)
        assert limits.may_contain_folder(folder)
    if limits.contain_all_of(folder):
        assert ended_within
