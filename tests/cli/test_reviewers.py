"""``human-loops reviewers``: simulated teams, of which it is known who reviews well."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from human_loop_reviews.a2i.output import Answer
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import equal_within, number_value, text_value
from human_loops_cli.reviewers.dawid_skene import Ballot, Ballots
from human_loops_cli.reviewers.measures import ReviewerMeasures, measure_reviewers
from human_loops_cli.reviewers.units import ReviewedLoop, Unit, read_loop
from human_loops_cli.votes import Votes
from tests.cli.conftest import run, run_json
from tests.cli.outputs import write
from tests.cli.teams import Reviewer, as_loops, as_output, guesses, keeps_all, knows, simulate

STAMPERS = (keeps_all, keeps_all, keeps_all, knows(0.93), knows(0.93))


def measure(*team: Reviewer, loops: int = 400, **options: Any) -> list[ReviewerMeasures]:
    measured = measure_reviewers(as_loops(simulate(team, loops, **options)))
    return [measured[f"w{number}"] for number in range(len(team))]


def shares(measured: list[ReviewerMeasures], name: str) -> list[float]:
    found = [getattr(each, name) for each in measured]
    return [round(each.value, 2) for each in found if each is not None]


@pytest.fixture
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mapping") / "mapping"
    path.write_text('[{"name": "category", "prediction": "guess", "answer": "category.label"}]')
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cases = simulate(STAMPERS, 200)
    write(tmp_path, *(as_output(number, each) for number, each in enumerate(cases)))
    return tmp_path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    write(tmp_path, *(as_output(number, each) for number, each in enumerate(simulate(STAMPERS, 9))))
    return tmp_path


def only(found: dict[str, Any]) -> dict[str, Any]:
    (flow,) = found["flowDefinitions"]
    described: dict[str, Any] = flow
    return described


# The measures of simulated teams.


@pytest.mark.parametrize("reviewers", [None, 3])
def test_reviewers_who_keep_everything_are_found_although_they_are_the_majority(
    reviewers: int | None,
) -> None:
    measured = measure(*STAMPERS, reviewers=reviewers, loops=1000)
    *stampers, one, other = shares(measured, "keeps_wrong")
    assert stampers == [1.0, 1.0, 1.0]
    assert max(one, other) < 0.1
    assert min(shares(measured, "keeps_right")) > 0.85
    # The model is right in 80 %, and so are those who only keep its predictions. Plain agreement
    # ranks them first.
    agreement = shares(measured, "agreement")
    assert min(agreement[:3]) > max(agreement[3:])


def test_reviewer_who_guesses_changes_right_predictions() -> None:
    guesser, *others = shares(measure(guesses, *[knows(0.93)] * 4, reviewers=3), "keeps_right")
    assert guesser < 0.35
    assert min(others) > 0.85


def test_kept_alone_is_where_at_least_two_others_departed() -> None:
    measured = measure(*[keeps_all] * 2, *[knows(0.93)] * 4, reviewers=3, loops=500)
    *stampers, _, _, _, _ = shares(measured, "kept_alone")
    assert stampers == [1.0, 1.0]
    assert max(shares(measured, "kept_alone")[2:]) < 0.24
    assert all(each.kept_alone.of == 0 for each in measure(*STAMPERS, reviewers=2))


def test_nobody_is_judged_where_a_single_reviewer_departs() -> None:
    # Four who keep everything and one who does not: it cannot be known who is right.
    measured = measure(*[keeps_all] * 4, knows(0.93))
    assert {each.keeps_wrong for each in measured} == {None}
    assert measured[4].contested > 60
    (reason,) = {each.not_judged for each in measured}
    assert reason == (
        "only 0 predictions that two of at least 3 reviewers did not keep, expected 30"
    )


def test_nobody_is_judged_where_two_reviewers_answer_each_loop() -> None:
    measured = measure(*STAMPERS, reviewers=2)
    assert max(each.contested for each in measured) >= 30
    (reason,) = {each.not_judged for each in measured}
    assert reason is not None
    assert reason.startswith("only 0 predictions that two of at least 3 reviewers")


def test_reviewer_with_few_contested_fields_is_not_judged() -> None:
    team = (*[knows(0.93)] * 4, keeps_all)
    many = list(simulate(team[:4], 400, reviewers=3))
    few = list(simulate(team, 20, seed=2))
    measured = measure_reviewers(as_loops(iter(many + few)))
    assert measured["w4"].not_judged is not None
    assert measured["w4"].not_judged.startswith(f"only {measured['w4'].contested} contested fields")
    assert measured["w0"].keeps_wrong is not None


def test_reviewers_alone_have_counts_beside_those_of_their_colleagues() -> None:
    careless, careful = measure(keeps_all, knows(0.95), reviewers=1)
    assert (careless.kept.value, careless.not_judged is None) == (1.0, False)
    assert careless.colleagues_kept == pytest.approx(careful.kept.value)
    assert careful.colleagues_kept == 1.0
    assert careless.agreement.value is None


def test_colleagues_are_compared_at_the_same_field_and_confidence() -> None:
    # One reviews what the model is sure of, the other mostly what it is not.
    sure = [{"a": 0}, {"a": 0}, {"b": 0}]
    unsure = [{"b": 1}, {"b": 1}, {"b": 0}, {"a": 1}]
    loops = []
    for band, given in ((9, sure), (2, unsure)):
        for number, each in enumerate(given):
            unit = Unit("Total", band, each)
            loops.append(ReviewedLoop(f"{band}-{number}", [unit], dict.fromkeys(each), 0))
    measured = measure_reviewers(loops)
    assert measured["a"].colleagues_kept == pytest.approx((2 * 1 + 1 * 1 / 3) / 3)
    assert measured["b"].colleagues_kept == pytest.approx((1 * 1 + 3 * 0) / 4)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.full
def test_intervals_have_the_true_share(seed: int) -> None:
    team = (*[keeps_all] * 2, *[knows(0.9)] * 3)
    measured = measure(*team, reviewers=3, loops=600, seed=seed)
    for each, keeps_wrong in zip(measured, (1.0, 1.0, 0.1 / 3, 0.1 / 3, 0.1 / 3), strict=True):
        assert each.keeps_wrong is not None
        assert each.keeps_wrong.interval is not None
        low, high = each.keeps_wrong.interval
        assert low < high
        assert low - 0.02 <= keeps_wrong <= high + 0.02


def test_interval_has_all_estimates_that_explain_the_votes_as_well() -> None:
    # Only two of the five ever depart: wrong predictions are not the only explanation.
    *stampers, one, _ = measure(*STAMPERS)
    assert one.keeps_wrong is not None
    assert one.keeps_wrong.interval is not None
    assert one.keeps_wrong.interval.high > 0.1
    for each in stampers:
        assert each.keeps_wrong is not None
        assert each.keeps_wrong.interval is not None
        assert each.keeps_wrong.interval.low > 0.9


def test_answers_much_faster_than_the_median_are_counted() -> None:
    loops = as_loops(simulate([knows(0.9)] * 3, 30))
    for loop in loops[:10]:
        loop.seconds["w0"] = 5.9  # type: ignore[index]
    loops[20].seconds["w0"] = None  # type: ignore[index]
    fast = measure_reviewers(loops)["w0"].fast
    assert (fast.part, fast.of) == (10, 29)


def test_each_field_has_a_share_of_right_predictions() -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    votes = [
        Ballot(name, {worker: value == 0 for worker, value in case.given.items()})
        for name, model in (("Total", 0.95), ("Date", 0.5))
        for case in simulate([knows(0.95)] * 4, 1000, model=model, seed=chance.randrange(99))
    ]
    ballots = Ballots(votes)
    right = dict(zip(ballots.fields, ballots.estimate(np.ones(len(votes))).right, strict=True))
    assert right["Total"] == pytest.approx(0.95, abs=0.03)
    assert right["Date"] == pytest.approx(0.5, abs=0.05)


# What of an output is a unit.


def units(*fields: Field) -> list[dict[str, int]]:
    answers = [Answer({}, Place("o"), f"w{n}", None, None, None) for n in range(3)]
    return [dict(unit.labels) for unit in read_loop("loop", Votes(answers, fields)).units]


def given(*texts: str | None) -> list[Vote]:
    return [Vote(None if text is None else text_value(text)) for text in texts]


def test_equal_values_have_one_label_and_the_prediction_is_0() -> None:
    assert units(Field("Total", given("6", "5", "6"), text_value("5"))) == [
        {"w0": 1, "w1": 0, "w2": 1}
    ]
    assert units(Field("Total", given("6", None, "7"), text_value("5"))) == [
        {"w0": 1, "w1": 2, "w2": 3}
    ]


def test_value_under_another_key_departs_from_the_prediction() -> None:
    moved = Vote(text_value("5"), "Amount", moved=True)
    field = Field("Total", [moved, moved, Vote(text_value("5"), "Total")], text_value("5"))
    assert units(field) == [{"w0": 1, "w1": 1, "w2": 0}]


def test_values_within_the_tolerance_have_one_label() -> None:
    given = [Vote(number_value(each, each)) for each in (10.3, 20, 20.4)]
    field = Field("Total", given, number_value(10, 10), same=equal_within(0.5))
    assert units(field) == [{"w0": 0, "w1": 1, "w2": 1}]


@pytest.mark.parametrize(
    "field",
    [
        Field("added", given("6", "6", "6")),
        Field("not shown", given("6", "6", "6"), text_value("5"), shown=False),
        Field("shapes", given("6", "6", "6"), text_value("5"), note=Note.LABEL_AND_COUNT),
        Field("rows", given("6", "6", "6"), text_value("5"), note=Note.AMBIGUOUS_ROWS),
    ],
    ids=lambda field: field.name,
)
def test_field_without_a_comparison_is_no_unit(field: Field) -> None:
    assert units(field) == []


# The command.


def test_reviewers_are_pseudonyms_unless_identities_are_wanted(small: Path, mapping: Path) -> None:
    options = ("reviewers", str(small), "--mapping", str(mapping))
    first, second = [
        {each["reviewer"] for each in only(run_json(*options))["reviewers"]} for _ in range(2)
    ]
    assert all(each.startswith("R-") for each in first | second)
    assert not first & second
    found = only(run_json(*options, "--identities"))
    assert {each["reviewer"] for each in found["reviewers"]} == {f"w{n}" for n in range(5)}
    shown = run(*options)
    assert not any(f"w{n}" in shown.stdout + shown.stderr for n in range(5))


def test_pseudonyms_are_stable_with_a_key(small: Path, mapping: Path, tmp_path: Path) -> None:
    key = tmp_path / "reviewers.key"
    key.write_bytes(b"k" * 32)
    options = ("reviewers", str(small), "--mapping", str(mapping), "--key", str(key))
    first, second = [only(run_json(*options))["reviewers"] for _ in range(2)]
    assert first == second


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"short", "has 5 bytes, expected at least 32")],
)
def test_unusable_key_is_refused(
    small: Path, tmp_path: Path, content: bytes | None, message: str
) -> None:
    key = tmp_path / "reviewers.key"
    if content is not None:
        key.write_bytes(content)
    result = run("reviewers", str(small), "--key", str(key))
    assert result.exit_code == 2
    assert message in result.stderr


def test_worst_reviewers_are_first_with_what_was_measured(folder: Path, mapping: Path) -> None:
    flow = only(run_json("reviewers", str(folder), "--mapping", str(mapping), "--identities"))
    assert flow["loops"] == 200
    assert [each["reviewer"] for each in flow["reviewers"][:3]] == ["w0", "w1", "w2"]
    first = flow["reviewers"][0]
    assert first["keepsWrong"]["share"] > 0.99
    assert first["keepsWrong"]["interval"][0] < 1.0
    assert first["kept"]["share"] == 1.0
    assert first["medianSeconds"] == 60.0


def test_table_fits_80_columns(folder: Path, mapping: Path) -> None:
    gold = folder / "gold"
    gold.write_text(json.dumps({"loop-1": {"category": "A"}}))
    options = ("--mapping", str(mapping), "--gold", str(gold))
    shown = run("reviewers", str(folder), *options, env={"COLUMNS": "80"})
    lines = [each for each in shown.stdout.splitlines() if each[0] in "┏│└"]
    assert len(lines) > 10
    assert max(map(len, lines)) <= 80
    assert "│ reviewe" not in shown.stdout


def test_reason_that_holds_for_all_is_said_once(tmp_path: Path, mapping: Path) -> None:
    cases = simulate([keeps_all, knows(0.9)], 20)
    write(tmp_path, *(as_output(number, each) for number, each in enumerate(cases)))
    shown = run("reviewers", str(tmp_path), "--mapping", str(mapping))
    assert shown.stdout.count("No reviewer is judged: only 0 predictions") == 1


def test_answers_without_a_worker_id_are_left_out_and_counted(
    tmp_path: Path, mapping: Path
) -> None:
    (case,) = simulate([keeps_all], 1)
    output = as_output(0, case)
    output["humanAnswers"].append({"answerContent": {"category": {"label": "B"}}})
    write(tmp_path, output)
    flow = only(run_json("reviewers", str(tmp_path), "--mapping", str(mapping)))
    assert flow["answersWithoutWorkerId"] == 1
    assert [each["contested"] for each in flow["reviewers"]] == [0]


def test_unreadable_output_is_named_and_the_status_is_1(folder: Path, mapping: Path) -> None:
    (folder / "broken.json").write_text('{"humanAnswers": 1}')
    options = ("--mapping", str(mapping))
    found = run_json("reviewers", str(folder), *options, status=1)
    assert [each["input"] for each in found["unreadable"]] == [str(folder / "broken.json")]
    assert only(found)["loops"] == 200


# Gold loops.


def gold_of(team: tuple[Reviewer, ...], loops: int, tmp_path: Path, mapping: Path) -> Any:
    cases = list(simulate(team, loops, reviewers=1))
    write(tmp_path, *(as_output(number, each) for number, each in enumerate(cases)))
    gold = tmp_path / "gold"
    right = {f"loop-{n}": {"category": "AB"[each.right]} for n, each in enumerate(cases)}
    gold.write_text(json.dumps(right))
    options = ("--mapping", str(mapping), "--gold", str(gold), "--identities")
    return only(run_json("reviewers", str(tmp_path), *options)), cases


def test_gold_shows_who_is_right_where_each_loop_has_one_reviewer(
    tmp_path: Path, mapping: Path
) -> None:
    flow, cases = gold_of((keeps_all, knows(1.0)), 200, tmp_path, mapping)
    found = {each["reviewer"]: each["gold"] for each in flow["reviewers"]}
    right = Counter(
        worker for case in cases for worker, given in case.given.items() if given == case.right
    )
    assert found["w1"]["share"] == 1.0
    assert found["w0"]["share"] * found["w0"]["of"] == pytest.approx(right["w0"], abs=0.01)


def test_gold_shows_how_much_the_verdicts_flatter_the_model(tmp_path: Path, mapping: Path) -> None:
    flow, cases = gold_of((keeps_all, knows(1.0)), 200, tmp_path, mapping)
    assert flow["gold"] == {
        "loops": 200,
        "fields": 200,
        "predictionsRight": sum(case.right == 0 for case in cases),
        "predictionsUpheld": sum(0 in case.given.values() for case in cases),
        "fieldsTied": 0,
        "fieldsNotCompared": 0,
    }
    assert flow["gold"]["predictionsUpheld"] > flow["gold"]["predictionsRight"]


def test_gold_field_that_is_not_in_the_output_is_counted(small: Path, mapping: Path) -> None:
    gold = small / "gold"
    gold.write_text(json.dumps({"loop-0": {"categry": "A"}, "loop-1": {"category": "A"}}))
    options = ("--mapping", str(mapping), "--gold", str(gold))
    assert only(run_json("reviewers", str(small), *options))["gold"]["fieldsNotCompared"] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "expected"),
        ("{", "expected"),
        ('{"loop-1": "A"}', "loop-1: expected"),
        ('{"other": {"category": "A"}}', "none of its 1 loops is among the outputs"),
    ],
)
def test_unusable_gold_is_refused(small: Path, mapping: Path, content: str, message: str) -> None:
    gold = small / "gold"
    gold.write_text(content)
    options = ("--mapping", str(mapping), "--gold", str(gold))
    result = run("reviewers", str(small), *options)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_gold_uses_the_rules_of_the_mapping(tmp_path: Path) -> None:
    output = as_output(0, next(simulate([keeps_all], 1)))
    output["inputContent"]["guess"] = "1,250.00"
    output["humanAnswers"] = [
        {"answerContent": {"amount": amount}, "workerId": worker}
        for worker, amount in (("near", "$1250.4"), ("far", "1300"))
    ]
    write(tmp_path, output)
    mapping, gold = tmp_path / "mapping", tmp_path / "gold"
    entry = {"name": "Amount", "prediction": "guess", "answer": "amount", "tolerance": 0.5}
    mapping.write_text(json.dumps([entry]))
    gold.write_text(json.dumps({"loop-0": {"Amount": 1250}}))
    options = ("--mapping", str(mapping), "--gold", str(gold), "--identities")
    flow = only(run_json("reviewers", str(tmp_path), *options))
    assert {each["reviewer"]: each["gold"]["share"] for each in flow["reviewers"]} == {
        "near": 1.0,
        "far": 0.0,
    }


def test_copy_of_an_output_counts_once(small: Path) -> None:
    once = only(run_json("reviewers", str(small)))
    copy = small / "copy"
    copy.mkdir()
    (copy / "output.json").write_text((small / "loop-1" / "output.json").read_text())
    assert only(run_json("reviewers", str(small)))["loops"] == once["loops"]
    assert "copies of others, left out: 1" in run("reviewers", str(small)).stderr
