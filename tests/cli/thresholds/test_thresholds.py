"""``human-loops thresholds``: from outcomes to advice that can be acted on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run
from tests.cli.thresholds.reviewed import FLOW, field, good_and_bad, outcome, write


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(tmp_path_factory.mktemp("outcomes") / "outcomes.jsonl", good_and_bad())


def plain(text: str) -> str:
    """Return a text with plain spaces."""
    return text.replace("\u00a0", " ")


def described(*arguments: str) -> dict[str, Any]:
    result = run("--json", "thresholds", *arguments)
    assert result.exit_code == 0, result.output
    (flow,) = json.loads(result.stdout)["flowDefinitions"]
    found: dict[str, Any] = flow
    return found


def test_field_has_its_threshold_or_the_reason(source: str) -> None:
    flow = described(source)
    assert (flow["flowDefinitionArn"], flow["sampledLoops"]) == (FLOW, 1200)
    fields = {each["field"]: each for each in flow["fields"]}
    assert {name: each["threshold"] for name, each in fields.items()} == {
        "Date": None,
        "Extra": None,
        "Rare": None,
        "Total": 78,
    }
    assert fields["Date"]["reason"] == "targetMissed"
    assert fields["Rare"]["reason"] == "tooFewSamples"
    assert fields["Rare"]["samplesNeeded"] == 1121
    assert fields["Rare"]["moreDays"] == 2
    (start,) = [each for each in fields["Date"]["starts"] if each["threshold"] == 90]
    assert (start["samples"], start["correct"]) == (600, 450)
    assert 0.6 < fields["Date"]["highestTarget"] < 0.75
    total = fields["Total"]
    assert (total["samplesAbove"], total["correctAbove"]) == (630, 615)
    assert total["lowerBound"] >= 0.95
    assert total["shareSaved"] + total["shareNeeded"] == pytest.approx(1)


def test_conditions_review_fields_without_a_threshold_and_go_on_sampling(source: str) -> None:
    conditions = described(source)["activationConditions"]["Conditions"]
    by_key = {
        each["ConditionParameters"].get("ImportantFormKey", "sampling"): {
            name: value
            for name, value in each["ConditionParameters"].items()
            if not name.startswith("ImportantFormKey")
        }
        for each in conditions
    }
    assert by_key == {
        "sampling": {"RandomSamplingPercentage": 5},
        "Date": {"KeyValueBlockConfidenceGreaterThan": 0},
        "Rare": {"KeyValueBlockConfidenceGreaterThan": 0},
        "Total": {"KeyValueBlockConfidenceLessThan": 78},
    }


def test_table_says_what_is_saved_and_what_it_holds_for(source: str) -> None:
    result = run("thresholds", source, "--field", "Total", "--field", "Date")
    assert result.exit_code == 0
    assert "1,200 sampled loops (5 %), 2026-03-14 to 2026-03-14" in result.stdout
    assert "52.5%" in result.stdout
    assert (
        "'Date': no threshold. Too many are wrong. At or above 90, 75.0 % of 600 are right."
        in plain(result.stdout)
    )
    assert "The highest target that is supported now: 6" in plain(result.stdout)
    assert "later samples are right" in result.stdout
    promise = (
        "With a probability of at least 95 %, of the loops whose lowest confidence of a field is "
        "at or above its threshold, at least 95 % have this field right everywhere. It holds for "
        "each field by itself, at any number of looks at one growing sample"
    )
    assert promise in result.stdout
    assert "compare the lowest confidence of all predictions of the field" in result.stdout
    assert '{"Conditions":[{"ConditionType":"Sampling"' in result.stdout
    assert "Rare" not in result.stdout


def test_table_can_be_read_on_a_narrow_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = "Purchase Order Number of the Customer"
    loops = [outcome(n, field(name, 90, True), field("Rare", 9, None)) for n in range(2400)]
    result = run("thresholds", write(tmp_path / "o.jsonl", loops))
    title, *table = result.stdout.partition("\n'Purchase")[0].splitlines()
    assert title.startswith("invoices: 2,400 sampled loops")
    assert {len(each) for each in table} == {80}
    words = {word for line in table for word in re.split("[┃│ ]+", line)}
    assert {"threshold", "samples", "right", "bound", "review", "added"} <= words
    assert {"none", "90", "2,400", "99.64%", "100.0%"} <= words


def test_thresholds_for_all_fields_are_stricter(source: str) -> None:
    alone, together = (
        next(each for each in described(source, *option)["fields"] if each["field"] == "Total")
        for option in ((), ("--all-fields",))
    )
    assert together["threshold"] >= alone["threshold"]
    assert together["samplesNeeded"] > alone["samplesNeeded"]
    assert together["samplesAbove"] <= alone["samplesAbove"]


def test_words_without_a_confidence_give_no_threshold(source: str) -> None:
    (total,) = described(source, "--field", "Total", "--words")["fields"]
    assert (total["reason"], total["withoutConfidence"]) == ("noConfidence", 1200)


@pytest.mark.parametrize("sampled", [False, None])
def test_loops_without_a_random_sample_are_refused(tmp_path: Path, sampled: bool | None) -> None:
    place = write(
        tmp_path / "o.jsonl",
        [outcome(number, field("Total", 90, True), sampled=sampled) for number in range(5)],
    )
    result = run("thresholds", place)
    assert result.exit_code == 1
    assert "none of 5 human loops is known to be randomly sampled" in result.stderr
    assert ("of 5 it is unknown" in result.stderr) == (sampled is None)
    assert "RandomSamplingPercentage" in result.stderr
    assert "mapping" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "95"), "For 95 %, give 0.95."),
        (("--confidence", "99"), "For 99 %, give 0.99."),
        (("--target", "1"), "expected a share from 0.5 to 0.999, got 1"),
        (("--target", "nan"), "got nan"),
        (("--confidence", "0.5"), "expected a share from 0.8 to 0.9999"),
        (("--field", "Totals"), "The sampled loops have 'Date', 'Extra', 'Rare', 'Total'."),
        (("--model-version", "7"), "Sampled loops are of '1.0'."),
        (("--database", "x"), "--database is for --athena"),
        (("--flow", "nobody"), "nobody"),
    ],
)
def test_mistake_is_told(source: str, arguments: tuple[str, ...], message: str) -> None:
    result = run("thresholds", source, *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.stderr


def test_what_the_numbers_leave_out_is_told(tmp_path: Path) -> None:
    lost = field("Total", None, None, shown=None, verdict=None, note="answerNotFound")
    loops = [outcome(number, field("Total", 90, True)) for number in range(400)]
    old = {"modelVersion": "0.9", "endTime": "2026-02-01T00:00:00Z"}
    place = write(
        tmp_path / "o.jsonl",
        [
            *loops,
            outcome(1000, field("Total", 90, False), **old),
            outcome(1001, lost, samplingPercentage=10.0),
            outcome(1002, field("Total", 90, True), sampled=None),
            outcome(1003, field("Total", None, True)),
            outcome(1004, field("Total", 90, False, shown=False)),
            outcome(1005, unanswered=True, answerCount=0, fields=[]),
            outcome(1006, field("*", 90, True), fieldsLeftOut=3),
        ],
    )
    result = run("thresholds", place)
    assert result.exit_code == 0, result.output
    for told in (
        "other model versions are left out: 0.9 (1)",
        "times with a higher percentage count for more",
        "of 1 loops it is unknown",
        "1 sampled loops have no review",
        "3 fields did not fit",
        "1 predictions were not shown",
        "1 samples were not compared: count as wrong",
        "1 samples have no confidence: left out",
        "no activation condition can name these fields",
    ):
        assert told in result.stderr


def test_custom_task_is_told_where_to_compare(tmp_path: Path) -> None:
    loops = [outcome(n, field("Town", 90, True), taskType="Custom") for n in range(400)]
    result = run("thresholds", write(tmp_path / "o.jsonl", loops))
    assert result.exit_code == 0
    assert "in the code that starts the human loops" in result.stderr
    assert "HumanLoopActivationConditions" not in result.stdout


def test_without_any_threshold_there_are_no_conditions(source: str) -> None:
    flow = described(source, "--field", "Date")
    assert flow["activationConditions"] is None
    assert "No field has a threshold" in flow["activationConditionsProblem"]


def test_source_that_cannot_be_used_is_named_and_ends_with_1(tmp_path: Path) -> None:
    place = write(tmp_path / "o.jsonl", good_and_bad())
    with Path(place).open("a", encoding="utf-8") as file:
        file.write("{nonsense\n")
    result = run("thresholds", place)
    assert result.exit_code == 1
    assert "not used:" in result.stderr
    assert "Total" in result.stdout


def test_hostile_field_name_does_not_steer_the_terminal(tmp_path: Path) -> None:
    loops = [outcome(n, field("To\x1b[2Jtal", 90, True)) for n in range(400)]
    result = run("thresholds", write(tmp_path / "o.jsonl", loops))
    assert "\x1b[2J" not in result.output


class TestCutOff:
    """Loops are left out that were created so late that others of their time may be open."""

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> str:
        loops = [
            outcome(
                number,
                field("Total", 90, True),
                creationTime=f"2026-03-{1 + number // 100:02}T08:00:00Z",
                endTime=f"2026-03-{1 + number // 100:02}T20:00:00Z",
                turnaroundSeconds=43_200 if number else 4 * 86_400,
            )
            for number in range(800)
        ]
        return write(tmp_path_factory.mktemp("cut") / "o.jsonl", loops)

    def test_longest_turnaround_before_the_latest_end(self, place: str) -> None:
        result = run("--json", "thresholds", place)
        look = json.loads(result.stdout)
        assert look["createdUntil"] == "2026-03-04T20:00:00+00:00"
        assert look["cutOff"] == {
            "latestEnd": "2026-03-08T20:00:00+00:00",
            "longestSeconds": 4 * 86_400,
            "isBound": False,
            "loopsLeftOut": 400,
        }
        assert look["flowDefinitions"][0]["sampledLoops"] == 400
        said = " ".join(result.stderr.split())
        assert "400 loops are left out, created after 2026-03-04T20:00:00" in said
        assert "the longest took 96 hours" in said
        assert "--task-lifetime says how long a loop can be open" in said

    def test_lifetime_of_tasks_before_the_latest_end(self, place: str) -> None:
        result = run("--json", "thresholds", place, "--task-lifetime", "600000")
        look = json.loads(result.stdout)
        assert look["flowDefinitions"][0]["sampledLoops"] == 100
        assert (look["cutOff"]["longestSeconds"], look["cutOff"]["isBound"]) == (600_000, True)
        assert "--task-lifetime" not in result.stderr

    def test_no_shorter_lifetime_than_the_longest_turnaround(self, place: str) -> None:
        look = json.loads(run("--json", "thresholds", place, "--task-lifetime", "60").stdout)
        assert look["flowDefinitions"][0]["sampledLoops"] == 400
        assert look["cutOff"]["isBound"] is False

    def test_limit_of_creation_replaces_it(self, place: str) -> None:
        result = run("--json", "thresholds", place, "--created-until", "2026-03-06")
        look = json.loads(result.stdout)
        assert (look["flowDefinitions"][0]["sampledLoops"], look["cutOff"]) == (600, None)
        assert "left out" not in result.stderr

    def test_sample_that_is_too_young_is_refused(self, place: str) -> None:
        result = run("thresholds", place, "--task-lifetime", "8640000")
        assert result.exit_code == 1
        said = " ".join(result.stderr.split())
        assert "no loop was created until 2025-11-28T20:00:00+00:00" in said
        assert "a loop can take 2,400 hours" in said

    def test_outputs_without_events_cannot_be_cut_off(self, tmp_path: Path) -> None:
        loops = [
            outcome(n, field("Total", 90, True), turnaroundSeconds=None, endTime=None)
            for n in range(20)
        ]
        result = run("thresholds", write(tmp_path / "o.jsonl", loops))
        assert "no loop has a known creation and end" in " ".join(result.stderr.split())

    def test_page_says_what_its_advice_leaves_out(self, place: str, tmp_path: Path) -> None:
        page = tmp_path / "report.html"
        assert run("report", place, "-o", str(page)).exit_code == 0
        text = " ".join(re.sub("<[^>]*>", "", page.read_text()).split())
        assert "400 loops are left out, created after 2026-03-04T20:00:00+00:00" in text
        assert "--task-lifetime says how long a loop can be open" in text
        assert "Only the advice is limited" in text

    def test_report_advises_on_the_same_sample(self, place: str) -> None:
        for options in ((), ("--task-lifetime", "300000"), ("--task-lifetime", "8640000")):
            report = json.loads(run("--json", "report", place, *options).stdout)
            result = run("--json", "thresholds", place, *options)
            (totals,) = report["rows"]["totals"]
            assert totals["loops"] == 800, "the other sections have all loops"
            if result.exit_code:
                assert report["advice"] == []
                assert "800 loops are left out" in report["pending"][0]
                continue
            look = json.loads(result.stdout)
            ((found,), (field,)) = (report["advice"], look["flowDefinitions"][0]["fields"])
            assert (found["threshold"], found["samples"]) == (field["threshold"], field["samples"])
            assert report["cut_off"]["longest"] == look["cutOff"]["longestSeconds"]
            assert report["cut_off"]["created_until"] == look["createdUntil"]
            said = " ".join(result.stderr.split())
            assert all(each in said for each in report["pending"])


def test_sample_without_a_fixed_beginning_is_told(source: str) -> None:
    assert (
        "without --since, the sample begins with the oldest outcome"
        in run("thresholds", source).stderr
    )
    limited = run("thresholds", source, "--since", "2026-03-01").stderr
    assert "--since" not in limited


class TestPrevious:
    """A later look is at the same sample, grown since, or is refused."""

    def look(self, path: Path, count: int, *options: str, **properties: Any) -> Path:
        loops = [outcome(n, field("Total", 90, n % 50 != 0), **properties) for n in range(count)]
        place = write(path / "o.jsonl", loops)
        result = run("--json", "thresholds", place, *options)
        assert result.exit_code == 0, result.output
        (path / "look.json").write_text(result.stdout)
        return path / "look.json"

    def again(self, path: Path, count: int, *options: str, **properties: Any) -> Any:
        loops = [outcome(n, field("Total", 90, n % 50 != 0), **properties) for n in range(count)]
        place = write(path / "later.jsonl", loops)
        return run("thresholds", place, "--previous", str(path / "look.json"), *options)

    def test_grown_sample_is_looked_at(self, tmp_path: Path) -> None:
        self.look(tmp_path, 800, "--since", "2026-03-01")
        for count in (800, 900):
            result = self.again(tmp_path, count, "--since", "2026-03-01")
            assert result.exit_code == 0, result.output

    @pytest.mark.parametrize(
        ("count", "options", "properties", "said"),
        [
            (900, ("--since", "2026-03-02"), {}, "since was 2026-03-01T00:00:00+00:00"),
            (900, (), {}, "and is None"),
            (900, ("--since", "2026-03-01", "--target", "0.9"), {}, "target was 0.95, and is 0.9"),
            (900, ("--since", "2026-03-01", "--looks", "once"), {}, "looks was any, and is once"),
            (700, ("--since", "2026-03-01"), {}, "sampled loops were 800, and are 700"),
            (
                900,
                ("--since", "2026-03-01"),
                {"modelVersion": "2.0"},
                "the model version was 1.0, and is 2.0",
            ),
            (
                900,
                ("--since", "2026-03-01"),
                {"creationTime": "2026-03-01T00:00:00Z", "sampled": False},
                "none of 900 human loops is known to be randomly sampled",
            ),
        ],
    )
    def test_another_sample_is_refused(
        self,
        tmp_path: Path,
        count: int,
        options: tuple[str, ...],
        properties: dict[str, Any],
        said: str,
    ) -> None:
        self.look(tmp_path, 800, "--since", "2026-03-01")
        result = self.again(tmp_path, count, *options, **properties)
        assert result.exit_code == 1
        assert said in result.stderr
        assert result.stdout == ""

    def test_samples_that_have_gone_are_found_even_if_there_are_more(self, tmp_path: Path) -> None:
        self.look(tmp_path, 800)
        loops = [outcome(n, field("Total", 70, True)) for n in range(2000)]
        place = write(tmp_path / "later.jsonl", loops)
        result = run("thresholds", place, "--previous", str(tmp_path / "look.json"))
        assert "samples of a field at or above 90 are no longer there" in result.stderr

    @pytest.mark.parametrize("text", ["", "[]", "{}", "{nonsense", '{"target": 1}'])
    def test_file_that_is_no_look_is_named(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "look.json").write_text(text)
        result = self.again(tmp_path, 10)
        assert result.exit_code == 2
        assert "look.json is not what `human-loops --json thresholds` printed" in result.stderr
