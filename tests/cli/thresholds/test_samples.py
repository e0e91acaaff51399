"""What counts as a sample, from the rows of the tables to the advice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pytest
import sqlglot

from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED, Note
from human_loop_tables.queries import QUERIES, SAMPLES, SAMPLING
from human_loop_tables.tables import TABLES
from human_loops_cli.thresholds.advice import Advice, NoThreshold
from human_loops_cli.thresholds.advise import advise, advise_on, read_samples
from human_loops_cli.thresholds.sample import FieldSamples, read_fields

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
        query = QUERIES[name]
        found = self._connection.execute(query.sql).fetchall()
        return [dict(zip(query.columns, row, strict=True)) for row in found]

    def only(self) -> Row:
        """Return the only row of the samples, without what identifies it."""
        (row,) = self.rows("samples")
        return {
            name: value
            for name, value in row.items()
            if value and name not in ("flow_definition_arn", "model_version", "field")
        }

    def field(self, *, words: bool = False) -> FieldSamples:
        """Return what the sampled loops say of the field Total."""
        (sample,) = read_samples(self.rows("sampling"))
        return read_fields(self.rows("samples"), sample, words=words)["Total"]

    def advise(self, **options: Any) -> list[Advice]:
        return advise(self.rows("samples"), self.rows("sampling"), **options)


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
    found = [(row["point"], row["loops"]) for row in tables.rows("samples")]
    assert found == [(89, 1), (90, 2), (100, 1)]


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
    assert tables.only() == {"point": 70, "loops": 2, "correct": 1}


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


def samples_of(number: int, right: int, **properties: Any) -> FieldSamples:
    """Return samples at 90."""
    field = FieldSamples(**properties)
    field.samples[90], field.correct[90] = number, right
    return field


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (samples_of(400, 400), None),
        (samples_of(360, 360), NoThreshold.TOO_FEW_SAMPLES),
        (samples_of(400, 380), NoThreshold.TARGET_MISSED),
        (samples_of(0, 0, without_confidence=9), NoThreshold.NO_CONFIDENCE),
        (samples_of(400, 0, not_compared=400), NoThreshold.NOT_COMPARED),
        (samples_of(400, 300, not_compared=100), NoThreshold.TARGET_MISSED),
    ],
)
def test_field_without_threshold_has_the_reason(
    tables: Tables, field: FieldSamples, reason: NoThreshold | None
) -> None:
    tables.add_loop({})
    (sample,) = read_samples(tables.rows("sampling"))
    (advice,) = advise_on(sample, {"Total": field}, target=0.95, confidence=0.95)
    assert advice.reason == reason
    assert (advice.threshold is None) == (reason is not None)
    assert advice.samples_needed == 361


def test_all_fields_share_the_error_rate(tables: Tables) -> None:
    tables.add_loop({})
    (sample,) = read_samples(tables.rows("sampling"))
    fields = {
        **{f"Field {number}": samples_of(400, 391) for number in range(10)},
        "Unused": samples_of(0, 0),
    }
    options: Any = {"target": 0.95, "confidence": 0.95}
    alone = advise_on(sample, fields, **options)
    together = advise_on(sample, fields, all_fields=True, **options)
    assert [each.threshold for each in alone] == [90] * 10 + [None]
    assert {each.threshold for each in together} == {None}
    assert {each.samples_needed for each in together} == {712}
    (chosen,) = advise_on(sample, fields, all_fields=True, only=["Field 3"], **options)
    assert chosen.threshold == 90


def test_bound_saved_share_and_counts_are_those_at_the_threshold(tables: Tables) -> None:
    tables.add_loop({})
    (sample,) = read_samples(tables.rows("sampling"))
    field = samples_of(900, 890, added=7, confidence_lost=2)
    field.samples[100], field.samples[50] = 2, 98
    (advice,) = advise_on(sample, {"Total": field}, target=0.95, confidence=0.95)
    assert (advice.threshold, advice.samples, advice.samples_above) == (90, 1000, 902)
    assert (advice.correct_above, advice.share_saved, advice.added) == (890, 0.9, 7)
    assert advice.lower_bound == pytest.approx(0.9785, abs=1e-4)
