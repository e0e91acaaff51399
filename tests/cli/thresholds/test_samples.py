"""What counts as a sample, from the rows of the tables to the advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import Any

import duckdb
import pytest
import sqlglot

from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED
from human_loop_tables.queries import QUERIES, SAMPLES, SAMPLES_WITH_WORDS, SAMPLING
from human_loop_tables.tables import TABLES
from human_loops_cli.thresholds.advice import Advice, NoThreshold
from human_loops_cli.thresholds.advise import (
    Missing,
    Question,
    advise,
    advise_on,
    read_samples,
)
from human_loops_cli.thresholds.evidence import Looks, lower_bound
from human_loops_cli.thresholds.sample import FieldSamples, Points, Sample, read_fields
from tests.cli.thresholds.documents import sample_of
from tests.cli.thresholds.exact import e_value

Row = dict[str, Any]

#: A prediction that reviewers were shown and found correct, in a sampled loop.
RIGHT: Mapping[str, Any] = {
    "flow_definition_arn": "arn:invoices",
    "model_version": "1",
    "sampled": True,
    "field": "Total",
    "shown": True,
    "model_correct": True,
    "verdict": "confirmed",
    "confidence": 90.0,
}
LOOP: Mapping[str, Any] = {
    "flow_definition_arn": "arn:invoices",
    "model_version": "1",
    "sampled": True,
    "sampling_percentage": 5.0,
    "task_type": "TextractForms",
    "unreadable": False,
    "unanswered": False,
    "fields_left_out": 0,
    "day": "2026-03-14",
}


class Tables:
    """The two tables in memory."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        for name, columns in TABLES.items():
            described = ", ".join(f"{column.name} {column.type}" for column in columns)
            self._connection.execute(f"CREATE TABLE {name} ({described})")
        self._loops = 0

    def add_loop(self, *fields: Mapping[str, Any], **properties: Any) -> None:
        """Add a loop with its fields."""
        self._loops += 1
        loop = {**LOOP, "human_loop_arn": f"arn:loop-{self._loops}", **properties}
        self._insert("loops", loop)
        for each in fields:
            of_both = {name: loop[name] for name in ("human_loop_arn", "model_version", "sampled")}
            self._insert("fields", {**RIGHT, **of_both, **each})

    def _insert(self, table: str, row: Mapping[str, Any]) -> None:
        names = [column.name for column in TABLES[table]]
        values = [row.get(name) for name in names]
        self._connection.table(table).insert(values)

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a query."""
        query = {**QUERIES, SAMPLES_WITH_WORDS.name: SAMPLES_WITH_WORDS}[name]
        found = self._connection.execute(query.sql).fetchall()
        return [dict(zip(query.columns, row, strict=True)) for row in found]

    def only(self) -> Row:
        """Return the only row of the samples, without what identifies it."""
        (row,) = self.rows("samples")
        return {
            name: value
            for name, value in row.items()
            if value and name not in ("flow_definition_arn", "model_version", "field", "part")
        }

    def field(self, *, words: bool = False) -> FieldSamples:
        """Return what the sampled loops say of the field Total."""
        (sample,) = read_samples(self.rows("sampling"))
        rows = self.rows("samples_with_words" if words else "samples")
        return read_fields(rows, sample)["Total"]

    def advise(self) -> list[Advice]:
        return advise(self.rows("samples"), self.rows("sampling"))


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.mark.parametrize("query", [SAMPLES, SAMPLING], ids=lambda query: query.name)
@pytest.mark.parametrize("dialect", ["duckdb", "trino"])
def test_query_is_read_by_both_engines(query: Any, dialect: str) -> None:
    assert QUERIES[query.name] is query
    parsed = sqlglot.parse_one(query.sql, dialect=dialect)
    assert isinstance(parsed, sqlglot.exp.Select)
    assert tuple(column.alias_or_name for column in parsed.selects) == query.columns


def test_point_is_the_whole_number_below_the_confidence(tables: Tables) -> None:
    for confidence in (89.999, 90.0, 90.999, 100.0):
        tables.add_loop({"confidence": confidence})
    found = tables.field().samples
    assert (found[89], found[90], found[100], sum(found)) == (1, 2, 1, 4)


@pytest.mark.parametrize("sampled", [False, None])
def test_loop_that_is_not_known_to_be_sampled_is_no_sample(
    tables: Tables, sampled: bool | None
) -> None:
    tables.add_loop({}, sampled=sampled)
    assert tables.rows("samples") == []


def test_disputed_prediction_counts_as_wrong(tables: Tables) -> None:
    tables.add_loop({"model_correct": None, "verdict": "disputed"})
    assert tables.only() == {"point": 90, "loops": 1, "undecided": 1}


@pytest.mark.parametrize("note", sorted(NOT_COMPARED | COMPARED_IN_PART))
def test_prediction_that_was_not_compared_never_counts_as_right(tables: Tables, note: Note) -> None:
    tables.add_loop({"model_correct": None, "verdict": None, "note": note})
    assert tables.only() == {"point": 90, "loops": 1, "not_compared": 1}


@pytest.mark.parametrize("note", ["answerNotFound", "pathNotFound", "mappingFailed", "tooLarge"])
def test_sample_whose_confidence_is_lost_is_wrong_at_every_threshold(
    tables: Tables, note: str
) -> None:
    lost = {"shown": None, "model_correct": None, "verdict": None, "confidence": None, "note": note}
    tables.add_loop(lost)
    tables.add_loop({"confidence": 50.0})
    field = tables.field()
    assert (field.samples[100], field.correct[100], field.samples[50]) == (1, 0, 1)
    assert (field.confidence_lost, field.not_compared, field.without_confidence) == (1, 1, 0)


@pytest.mark.parametrize("note", ["predictionNotFound", "minority", None])
def test_field_without_prediction_is_no_sample(tables: Tables, note: str | None) -> None:
    tables.add_loop({"shown": None, "model_correct": None, "confidence": None, "note": note})
    assert tables.only() == {}


def test_added_and_unshown_predictions_are_counted_apart(tables: Tables) -> None:
    nothing = {"model_correct": None, "confidence": None}
    tables.add_loop({}, {**nothing, "shown": None, "verdict": "added"}, {"shown": False})
    assert tables.only() == {"point": 90, "loops": 1, "correct": 1, "not_shown": 1, "added": 1}


def test_fields_of_one_loop_are_one_sample_with_the_lowest_confidence(tables: Tables) -> None:
    tables.add_loop({"confidence": 95.0}, {"confidence": 70.0}, {"confidence": 80.0})
    tables.add_loop({"confidence": 95.0}, {"confidence": 70.0, "model_correct": False})
    field = tables.field()
    assert (field.samples[70], field.correct[70], sum(field.samples)) == (2, 1, 2)


def test_prediction_without_confidence_is_counted_apart(tables: Tables) -> None:
    tables.add_loop({"confidence": None})
    tables.add_loop({}, {"confidence": None})
    field = tables.field()
    assert (sum(field.samples), field.without_confidence) == (0, 2)


def test_words_have_the_lower_confidence_of_key_and_words(tables: Tables) -> None:
    tables.add_loop({"lowest_word_confidence": 60.0})
    tables.add_loop({"lowest_word_confidence": 99.0})
    tables.add_loop({"lowest_word_confidence": None})
    without, with_words = tables.field(), tables.field(words=True)
    assert without.samples[90] == 3
    assert (with_words.samples[60], with_words.samples[90]) == (1, 1)
    assert with_words.without_confidence == 1


def test_latest_model_is_used_and_others_are_named(tables: Tables) -> None:
    for number in range(5):
        tables.add_loop({}, model_version="1", day="2026-03-14", sampling_percentage=20.0)
        if number < 2:
            tables.add_loop({}, model_version="2", day="2026-03-15")
    (sample,) = read_samples(tables.rows("sampling"))
    assert sample.model is not None
    assert (sample.model.version, sample.model.sampled) == ("2", 2)
    assert [each.version for each in sample.other_models] == ["1"]
    assert sample.percentages == [5.0]
    (chosen,) = read_samples(tables.rows("sampling"), model_version="1")
    assert sum(read_fields(tables.rows("samples"), chosen)["Total"].samples) == 5


def test_sampled_loops_without_review_are_counted(tables: Tables) -> None:
    tables.add_loop({})
    tables.add_loop(unanswered=True)
    tables.add_loop(unreadable=True, task_type=None, unanswered=None)
    (sample,) = read_samples(tables.rows("sampling"))
    assert (sample.without_review, sample.loops) == (2, 3)


def test_flow_definition_without_sampled_loops_has_the_reason(tables: Tables) -> None:
    tables.add_loop({}, sampled=None)
    (advice,) = tables.advise()
    assert (advice.field, advice.reason) == (None, NoThreshold.NOT_SAMPLED)


def samples_of(number: int, right: int, point: int = 90, **properties: Any) -> FieldSamples:
    """Return samples at a point, in one part."""
    field = FieldSamples(**properties)
    for each in (field, field.parts.setdefault(9, Points())):
        each.samples[point], each.correct[point] = number, right
    return field


def advice_on(field: FieldSamples, sample: Sample | None = None, **question: Any) -> Advice:
    """Return the advice on a field of a sample without missing reviews."""
    sample = sample or sample_of(sum(field.samples) + field.without_confidence, 0)
    (advice,) = advise_on(sample, {"Total": field}, Question(**question))
    return advice


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (samples_of(400, 400), None),
        (samples_of(166, 166), NoThreshold.TOO_FEW_SAMPLES),
        (samples_of(400, 390), NoThreshold.TOO_FEW_SAMPLES),
        (samples_of(400, 380), NoThreshold.TARGET_MISSED),
        (samples_of(0, 0, without_confidence=9), NoThreshold.NO_CONFIDENCE),
        (samples_of(400, 0, not_compared=400), NoThreshold.NOT_COMPARED),
        (samples_of(400, 300, not_compared=100), NoThreshold.TARGET_MISSED),
    ],
)
def test_field_without_threshold_has_the_reason(
    field: FieldSamples, reason: NoThreshold | None
) -> None:
    advice = advice_on(field)
    assert advice.reason == reason
    assert (advice.threshold is None) == (reason is not None)
    assert advice.samples_needed == 1121


def test_one_look_needs_fewer_samples() -> None:
    assert advice_on(samples_of(400, 393)).threshold is None
    once = advice_on(samples_of(400, 393), looks=Looks.ONCE)
    assert (once.threshold, once.samples_needed) == (90, 720)


def test_all_fields_share_the_error_rate() -> None:
    fields = {
        **{f"Field {number}": samples_of(500, 492) for number in range(10)},
        "Unused": samples_of(0, 0),
    }
    sample = sample_of(500, 0)
    alone = advise_on(sample, fields, Question(confidence=0.99))
    together = advise_on(sample, fields, Question(confidence=0.99, all_fields=True))
    assert [each.threshold for each in alone] == [90] * 10 + [None]
    assert {each.threshold for each in together} == {None}
    assert together[0].samples_needed > alone[0].samples_needed
    (chosen,) = advise_on(
        sample, fields, Question(confidence=0.99, all_fields=True), only=["Field 3"]
    )
    assert chosen.threshold == 90


def test_bound_saved_share_and_counts_are_those_at_the_threshold() -> None:
    field = samples_of(900, 890, added=7, confidence_lost=2)
    field.samples[100], field.samples[50] = 2, 98
    advice = advice_on(field, looks=Looks.ONCE)
    assert (advice.threshold, advice.samples, advice.samples_above) == (90, 1000, 902)
    assert (advice.correct_above, advice.share_saved, advice.added) == (890, 0.9, 7)
    # Of Clopper and Pearson, with the share of the error rate that its test has.
    assert advice.lower_bound == pytest.approx(
        lower_bound(902, 890, advice.starts[6].error_rate, Looks.ONCE)
    )
    assert advice.lower_bound is not None
    assert 0.95 < advice.lower_bound < 890 / 902


def test_samples_are_in_parts_by_their_creation(tables: Tables) -> None:
    for number in reversed(range(100)):
        tables.add_loop(
            {"model_correct": number < 50}, creation_time=f"2026-03-14 09:{number // 60}:00+00"
        )
    found = {part: each[0] for part, each in tables.field().at_or_above(0).items()}
    # Parts begin with the sample at or after 1.5 to the power of their number.
    bounds = [ceil(1.5**power) for power in range(12)] + [101]
    expected = {
        part: bounds[part + 1] - bounds[part]
        for part in range(12)
        if bounds[part] <= 100 and bounds[part + 1] > bounds[part]
    }
    assert found == {part: min(each, 101 - bounds[part]) for part, each in expected.items()}


def test_latest_samples_that_are_worse_refuse_the_threshold_and_say_since_when() -> None:
    field = samples_of(3000, 2990)
    late = field.parts.setdefault(20, Points())
    for each in (field, late):
        each.samples[90] += 300
        each.correct[90] += 255
    for looks in Looks:
        advice = advice_on(field, looks=looks)
        assert (advice.threshold, advice.refused) == (None, 90)
        assert advice.reason is NoThreshold.DRIFT
        assert advice.change is not None
        assert (advice.change.earlier, advice.change.later) == ((3000, 2990), (300, 255))
    late.correct[90] += 40
    field.correct[90] += 40
    given = advice_on(field)
    assert given.threshold == 90
    assert given.change is not None
    assert not given.change.worse
    assert given.change.later == (300, 295)


def test_sampled_loops_without_a_review_count_as_half_wrong() -> None:
    field = samples_of(1800, 1782)
    assert advice_on(field, sample_of(1800, 20)).threshold == 90
    advice = advice_on(field, sample_of(1800, 200))
    assert (advice.threshold, advice.refused) == (None, 90)
    assert advice.reason is NoThreshold.MISSING_REVIEWS
    # So many wrong ones more pass, exactly, and one more does not.
    tolerated = [e_value(1800 + wrong, 1782, Fraction(95, 100)) >= 12 * 20 for wrong in (42, 43)]
    assert tolerated == [True, False]
    assert (advice.missing, advice.missing_correct) == (200, 158)
    ignored = advice_on(field, sample_of(1800, 200), missing=Missing.IGNORE)
    assert (ignored.threshold, ignored.missing, ignored.missing_correct) == (90, 200, 158)


def test_bound_has_the_missing_loops() -> None:
    field = samples_of(1800, 1790)
    none, some = (advice_on(field, sample_of(1800, missing)) for missing in (0, 60))
    assert none.lower_bound is not None
    assert some.lower_bound is not None
    assert some.lower_bound < none.lower_bound - 0.01
    assert (some.samples_above, some.correct_above, some.share_saved) == (1800, 1790, 1)


def test_unknown_loops_without_a_review_are_sampled_as_often_as_the_others(tables: Tables) -> None:
    for number in range(20):
        tables.add_loop({}, sampled=number < 5)
    for _ in range(6):
        tables.add_loop(sampled=None, task_type=None, model_version=None)
    tables.add_loop({}, sampled=None)
    (sample,) = read_samples(tables.rows("sampling"))
    assert (sample.unknown, sample.unknown_without_review) == (7, 6)
    assert (sample.without_review, sample.missing, sample.reviewed) == (0, 2, 5)


def test_missing_loops_have_a_rare_field_as_seldom_as_the_others() -> None:
    advice = advice_on(samples_of(180, 180), sample_of(1800, 100))
    assert advice.missing == 10


def test_refusal_says_when_and_with_which_target_there_is_a_threshold() -> None:
    outlook = advice_on(samples_of(300, 294)).outlook
    assert outlook is not None
    assert outlook.closest[:3] == (90, 300, 294)
    # 90 days have 300 samples.
    assert outlook.more_days is not None
    later = 300 + 300 * outlook.more_days // 90
    assert advice_on(samples_of(later + 4, int((later + 4) * 0.98))).threshold == 90
    before = 300 + 300 * (outlook.more_days - 9) // 90
    assert advice_on(samples_of(before, int(before * 0.98))).threshold is None
    assert outlook.highest_target is not None
    target = outlook.highest_target
    assert advice_on(samples_of(300, 294), target=target).threshold == 90
    assert advice_on(samples_of(300, 294), target=target + 0.001).threshold is None


def test_more_samples_are_no_hope_while_the_share_is_below_the_target() -> None:
    outlook = advice_on(samples_of(300, 240, point=100)).outlook
    assert outlook is not None
    assert outlook.more_days is None
    assert outlook.highest is not None
    assert outlook.highest[:3] == (100, 300, 240)
    assert outlook.highest_target is not None
    assert 0.7 < outlook.highest_target < 0.8


def test_time_of_the_next_threshold_is_unknown_without_days() -> None:
    sample = sample_of(300, 0)
    assert sample.model is not None
    undated = replace(sample, model=replace(sample.model, first_day="None", last_day="None"))
    outlook = advice_on(samples_of(300, 294), undated).outlook
    assert outlook is not None
    assert outlook.more_days is None
