"""The queries of the report and of the archive, on the tables `loops` and `fields`.

DuckDB and Trino (Amazon Athena) both run them: they are plain SELECT statements in what both
have in common. They return days and numbers rather than times, because the engines write times in
different forms. Each query states its order, and adds up whole numbers only: the sum of
fractions depends on the order in which an engine adds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query on the two tables."""

    name: str
    """Its name: that of a named query in Athena too."""
    meaning: str
    """What a row of its result is."""
    columns: tuple[str, ...]
    """The columns of its result, in their order."""
    sql: str
    """A SELECT statement without a semicolon."""


TOTALS: Final = Query(
    name="totals",
    meaning=(
        "A flow definition: its loops, how they ended, and how the model did: in all loops, in "
        "sampled ones, and in those that were selected for review."
    ),
    columns=(
        "flow_definition_arn",
        "task_type",
        "first_day",
        "last_day",
        "loops",
        "completed",
        "failed",
        "stopped",
        "without_end",
        "unreadable",
        "unanswered",
        "prediction_unknown",
        "sampled",
        "not_sampled",
        "fields_judged",
        "fields_correct",
        "sampled_judged",
        "sampled_correct",
        "selected_judged",
        "selected_correct",
        "fields_absent",
        "fields_left_out",
        "loops_with_reviewers",
        "loops_with_several_reviewers",
        "seconds_worked",
        "loops_with_seconds_worked",
    ),
    sql="""\
SELECT
  flow_definition_arn,
  max(task_type) AS task_type,
  min(day) AS first_day,
  max(day) AS last_day,
  count(*) AS loops,
  count(CASE WHEN status = 'Completed' THEN 1 END) AS completed,
  count(CASE WHEN status = 'Failed' THEN 1 END) AS failed,
  count(CASE WHEN status = 'Stopped' THEN 1 END) AS stopped,
  count(CASE WHEN end_time IS NULL THEN 1 END) AS without_end,
  count(CASE WHEN unreadable THEN 1 END) AS unreadable,
  count(CASE WHEN unanswered AND task_type IS NOT NULL THEN 1 END) AS unanswered,
  count(CASE WHEN NOT prediction_known AND task_type IS NOT NULL THEN 1 END)
    AS prediction_unknown,
  count(CASE WHEN sampled THEN 1 END) AS sampled,
  count(CASE WHEN NOT sampled THEN 1 END) AS not_sampled,
  sum(fields_judged) AS fields_judged,
  sum(fields_correct) AS fields_correct,
  sum(CASE WHEN sampled THEN fields_judged END) AS sampled_judged,
  sum(CASE WHEN sampled THEN fields_correct END) AS sampled_correct,
  sum(CASE WHEN NOT sampled THEN fields_judged END) AS selected_judged,
  sum(CASE WHEN NOT sampled THEN fields_correct END) AS selected_correct,
  sum(fields_absent) AS fields_absent,
  sum(fields_left_out) AS fields_left_out,
  count(CASE WHEN reviewer_count > 0 THEN 1 END) AS loops_with_reviewers,
  count(CASE WHEN reviewer_count > 1 THEN 1 END) AS loops_with_several_reviewers,
  sum(CAST(round(seconds_worked) AS bigint)) AS seconds_worked,
  count(seconds_worked) AS loops_with_seconds_worked
FROM loops
GROUP BY flow_definition_arn
ORDER BY flow_definition_arn""",
)

DAYS: Final = Query(
    name="days",
    meaning=(
        "A day of a flow definition: its loops, and how the model did: in all loops, in sampled "
        "ones, and in those that were selected for review."
    ),
    columns=(
        "flow_definition_arn",
        "day",
        "completed",
        "failed",
        "stopped",
        "fields_judged",
        "fields_correct",
        "sampled_judged",
        "sampled_correct",
        "selected_judged",
        "selected_correct",
    ),
    sql="""\
SELECT
  flow_definition_arn,
  day,
  count(CASE WHEN status = 'Completed' THEN 1 END) AS completed,
  count(CASE WHEN status = 'Failed' THEN 1 END) AS failed,
  count(CASE WHEN status = 'Stopped' THEN 1 END) AS stopped,
  sum(fields_judged) AS fields_judged,
  sum(fields_correct) AS fields_correct,
  sum(CASE WHEN sampled THEN fields_judged END) AS sampled_judged,
  sum(CASE WHEN sampled THEN fields_correct END) AS sampled_correct,
  sum(CASE WHEN NOT sampled THEN fields_judged END) AS selected_judged,
  sum(CASE WHEN NOT sampled THEN fields_correct END) AS selected_correct
FROM loops
GROUP BY flow_definition_arn, day
ORDER BY flow_definition_arn, day""",
)


def _turnarounds(keys: str) -> str:
    return f"""\
SELECT
  {keys},
  loops,
  sorted[CAST(ceil(loops * 0.5) AS bigint)] AS median_seconds,
  sorted[CAST(ceil(loops * 0.9) AS bigint)] AS p90_seconds,
  sorted[loops] AS max_seconds
FROM (
  SELECT {keys}, count(*) AS loops, array_sort(array_agg(turnaround_seconds)) AS sorted
  FROM loops
  WHERE status = 'Completed' AND turnaround_seconds IS NOT NULL
  GROUP BY {keys}
) AS of_loops
ORDER BY {keys}"""  # noqa: S608 - columns only


TURNAROUND: Final = Query(
    name="turnaround",
    meaning=(
        "A day of a flow definition: the turnaround of its Completed loops in seconds, as nearest "
        "ranks."
    ),
    columns=("flow_definition_arn", "day", "loops", "median_seconds", "p90_seconds", "max_seconds"),
    sql=_turnarounds("flow_definition_arn, day"),
)

ALL_TURNAROUNDS: Final = Query(
    name="all_turnarounds",
    meaning=(
        "A flow definition: the turnaround of all its Completed loops in seconds, as nearest ranks."
    ),
    columns=("flow_definition_arn", "loops", "median_seconds", "p90_seconds", "max_seconds"),
    sql=_turnarounds("flow_definition_arn"),
)

FIELD_VERDICTS: Final = Query(
    name="field_verdicts",
    meaning=(
        "A field of a flow definition: the verdicts, how the model did on what reviewers were "
        "shown, in all loops, in sampled ones and in those that were selected for review, and how "
        "far reviewers agree."
    ),
    columns=(
        "flow_definition_arn",
        "field",
        "fields",
        "judged",
        "correct",
        "sampled_judged",
        "sampled_correct",
        "selected_judged",
        "selected_correct",
        "confirmed",
        "corrected",
        "added",
        "removed",
        "rejected",
        "relabelled",
        "disputed",
        "without_verdict",
        "not_shown",
        "not_shown_wrong",
        "with_several_reviewers",
        "reviewer_agreement_millionths",
    ),
    sql="""\
SELECT
  flow_definition_arn,
  field,
  count(*) AS fields,
  count(CASE WHEN shown AND model_correct IS NOT NULL THEN 1 END) AS judged,
  count(CASE WHEN shown AND model_correct THEN 1 END) AS correct,
  count(CASE WHEN sampled AND shown AND model_correct IS NOT NULL THEN 1 END) AS sampled_judged,
  count(CASE WHEN sampled AND shown AND model_correct THEN 1 END) AS sampled_correct,
  count(CASE WHEN NOT sampled AND shown AND model_correct IS NOT NULL THEN 1 END)
    AS selected_judged,
  count(CASE WHEN NOT sampled AND shown AND model_correct THEN 1 END) AS selected_correct,
  count(CASE WHEN verdict = 'confirmed' THEN 1 END) AS confirmed,
  count(CASE WHEN verdict = 'corrected' THEN 1 END) AS corrected,
  count(CASE WHEN verdict = 'added' THEN 1 END) AS added,
  count(CASE WHEN verdict = 'removed' THEN 1 END) AS removed,
  count(CASE WHEN verdict = 'rejected' THEN 1 END) AS rejected,
  count(CASE WHEN verdict = 'relabelled' THEN 1 END) AS relabelled,
  count(CASE WHEN verdict = 'disputed' THEN 1 END) AS disputed,
  count(CASE WHEN verdict IS NULL THEN 1 END) AS without_verdict,
  count(CASE WHEN NOT shown THEN 1 END) AS not_shown,
  count(CASE WHEN NOT shown AND NOT model_correct THEN 1 END) AS not_shown_wrong,
  count(reviewer_agreement) AS with_several_reviewers,
  sum(CAST(round(reviewer_agreement * 1000000) AS bigint)) AS reviewer_agreement_millionths
FROM fields
GROUP BY flow_definition_arn, field
ORDER BY flow_definition_arn, field""",
)

CALIBRATION: Final = Query(
    name="calibration",
    meaning=(
        "A point of confidence of a flow definition, for sampled loops (true), other loops (false) "
        "and loops of which it is unknown (null): how many predictions that were shown were found "
        "correct or wrong, and how many of them correct. The point is the whole number below the "
        "confidence."
    ),
    columns=(
        "flow_definition_arn",
        "sampled",
        "point",
        "judged",
        "correct",
        "confidence_millionths",
    ),
    sql="""\
SELECT
  flow_definition_arn,
  sampled,
  CAST(floor(confidence) AS bigint) AS point,
  count(*) AS judged,
  count(CASE WHEN model_correct THEN 1 END) AS correct,
  sum(CAST(round(confidence * 1000000) AS bigint)) AS confidence_millionths
FROM fields
WHERE shown AND model_correct IS NOT NULL AND confidence IS NOT NULL
GROUP BY flow_definition_arn, sampled, CAST(floor(confidence) AS bigint)
ORDER BY flow_definition_arn, sampled NULLS LAST, point""",
)

#: Where the bands of confidence of a field begin. The last one includes 100.
FIELD_BANDS: Final = (0, 50, 70, 80, 90, 95, 98, 99)

_BAND: Final = " ".join(
    (
        "CASE",
        *(f"WHEN confidence >= {each} THEN {each}" for each in FIELD_BANDS[:0:-1]),
        "ELSE 0 END",
    )
)

FIELD_CALIBRATION: Final = Query(
    name="field_calibration",
    meaning=(
        "A band of confidence of a field, for sampled loops (true), other loops (false) and loops "
        "of which it is unknown (null): how many predictions that were shown were found correct or "
        "wrong, and how many of them correct. The band is named by its lowest confidence."
    ),
    columns=(
        "flow_definition_arn",
        "field",
        "sampled",
        "band",
        "judged",
        "correct",
        "confidence_millionths",
    ),
    sql=f"""\
SELECT
  flow_definition_arn,
  field,
  sampled,
  band,
  count(*) AS judged,
  count(CASE WHEN model_correct THEN 1 END) AS correct,
  sum(CAST(round(confidence * 1000000) AS bigint)) AS confidence_millionths
FROM (
  SELECT
    flow_definition_arn,
    field,
    sampled,
    model_correct,
    confidence,
    {_BAND} AS band
  FROM fields
  WHERE shown AND model_correct IS NOT NULL AND confidence >= 0 AND confidence <= 100
) AS banded
GROUP BY flow_definition_arn, field, sampled, band
ORDER BY flow_definition_arn, field, sampled NULLS LAST, band""",  # noqa: S608 - bands only
)

RELABELLED: Final = Query(
    name="relabelled",
    meaning="A key of the model that reviewers replaced by another key, and how often.",
    columns=("flow_definition_arn", "predicted_name", "name", "times"),
    sql="""\
SELECT
  flow_definition_arn,
  predicted_name,
  name,
  count(*) AS times
FROM fields
WHERE verdict = 'relabelled' AND predicted_name IS NOT NULL
GROUP BY flow_definition_arn, predicted_name, name
ORDER BY flow_definition_arn, times DESC, predicted_name, name""",
)

NOTES: Final = Query(
    name="notes",
    meaning="Why fields of a flow definition have no verdict, or were compared only in part.",
    columns=("flow_definition_arn", "note", "prediction_repair", "fields"),
    sql="""\
SELECT
  flow_definition_arn,
  note,
  prediction_repair,
  count(*) AS fields
FROM fields
WHERE note IS NOT NULL
GROUP BY flow_definition_arn, note, prediction_repair
ORDER BY flow_definition_arn, note, prediction_repair NULLS LAST""",
)

FAILURES: Final = Query(
    name="failures",
    meaning="A failure code of a flow definition (null: A2I gave none): the loops that Failed.",
    columns=("flow_definition_arn", "failure_code", "loops", "first_day", "last_day"),
    sql="""\
SELECT
  flow_definition_arn,
  failure_code,
  count(*) AS loops,
  min(day) AS first_day,
  max(day) AS last_day
FROM loops
WHERE status = 'Failed'
GROUP BY flow_definition_arn, failure_code
ORDER BY flow_definition_arn, loops DESC, failure_code NULLS LAST""",
)

SAMPLING: Final = Query(
    name="sampling",
    meaning=(
        "How human loops of a flow definition were selected, by the version of the model: sampled "
        "(true), otherwise (false) or unknown (null). Loops without a review have no output, no "
        "answers, or one that cannot be read."
    ),
    columns=(
        "flow_definition_arn",
        "model_version",
        "sampled",
        "sampling_percentage",
        "task_type",
        "loops",
        "without_review",
        "fields_left_out",
        "first_day",
        "last_day",
    ),
    sql="""\
SELECT
  flow_definition_arn,
  model_version,
  sampled,
  sampling_percentage,
  max(task_type) AS task_type,
  count(*) AS loops,
  count(CASE WHEN task_type IS NULL OR unreadable OR unanswered THEN 1 END) AS without_review,
  sum(fields_left_out) AS fields_left_out,
  min(day) AS first_day,
  max(day) AS last_day
FROM loops
GROUP BY flow_definition_arn, model_version, sampled, sampling_percentage
ORDER BY
  flow_definition_arn,
  model_version NULLS LAST,
  sampled NULLS LAST,
  sampling_percentage NULLS LAST""",
)


def _samples(name: str, meaning: str, point: str) -> Query:
    return Query(
        name=name,
        meaning=meaning,
        columns=(
            "flow_definition_arn",
            "model_version",
            "field",
            "part",
            "point",
            "loops",
            "correct",
            "undecided",
            "not_compared",
            "confidence_lost",
            "not_shown",
            "added",
        ),
        sql=_SAMPLES.format(point=point),
    )


_SAMPLES: Final = """\
SELECT
  flow_definition_arn,
  model_version,
  field,
  part,
  {point} AS point,
  count(CASE WHEN predictions + lost > 0 THEN 1 END) AS loops,
  count(CASE WHEN predictions > 0 AND lost = 0 AND correct = predictions THEN 1 END)
    AS correct,
  count(CASE WHEN undecided > 0 THEN 1 END) AS undecided,
  count(CASE WHEN not_compared + lost > 0 THEN 1 END) AS not_compared,
  count(CASE WHEN lost > 0 THEN 1 END) AS confidence_lost,
  sum(not_shown) AS not_shown,
  sum(added) AS added
FROM (
  SELECT
    flow_definition_arn,
    model_version,
    field,
    CAST(floor(ln(row_number() OVER (
      PARTITION BY flow_definition_arn, model_version, field, predictions + lost > 0
      ORDER BY arrival, human_loop_arn
    )) / ln(1.5)) AS bigint) AS part,
    predictions,
    correct,
    undecided,
    not_compared,
    lost,
    not_shown,
    added,
    CASE WHEN lost = 0 AND confidences = predictions THEN CAST(floor(lowest) AS bigint) END
      AS lowest_point,
    CASE
      WHEN lost = 0 AND confidences = predictions AND words = predictions
      THEN CAST(floor(lowest_word) AS bigint)
    END AS lowest_word_point
  FROM (
    SELECT
      flow_definition_arn,
      model_version,
      field,
      human_loop_arn,
      coalesce(creation_time, min(reference_time)) AS arrival,
      count(CASE WHEN shown THEN 1 END) AS predictions,
      count(CASE WHEN shown AND model_correct THEN 1 END) AS correct,
      count(CASE WHEN shown AND model_correct IS NULL AND note IS NULL THEN 1 END)
        AS undecided,
      count(CASE WHEN shown AND model_correct IS NULL AND note IS NOT NULL THEN 1 END)
        AS not_compared,
      count(
        CASE
          WHEN shown IS NULL AND note IN (
            'answerNotFound', 'pathNotFound', 'mappingFailed', 'ambiguousRows', 'tooLarge'
          ) THEN 1
        END
      ) AS lost,
      count(CASE WHEN NOT shown THEN 1 END) AS not_shown,
      count(CASE WHEN verdict = 'added' THEN 1 END) AS added,
      count(CASE WHEN shown AND confidence IS NOT NULL THEN 1 END) AS confidences,
      count(CASE WHEN shown AND lowest_word_confidence IS NOT NULL THEN 1 END) AS words,
      min(CASE WHEN shown THEN confidence END) AS lowest,
      min(CASE WHEN shown THEN lowest_word_confidence END) AS lowest_word
    FROM fields
    WHERE sampled
    GROUP BY flow_definition_arn, model_version, field, human_loop_arn, creation_time
  ) AS of_loops
) AS placed
GROUP BY
  flow_definition_arn,
  model_version,
  field,
  part,
  {point}
ORDER BY
  flow_definition_arn,
  model_version NULLS LAST,
  field,
  part,
  point NULLS LAST"""

SAMPLES: Final = _samples(
    "samples",
    "A point of confidence of a field, in sampled loops by the version of the model: in how "
    "many loops the lowest confidence of the field's predictions has this whole number below "
    "it (null: not each has one), and in how many of these all of them were found correct. A "
    "loop counts once, because the fields of one loop are no independent samples. A "
    "prediction that was shown and not found correct, for whatever reason, counts as wrong: "
    "also if it is undecided, or was not compared. Of some that were not compared, even the "
    "confidence is lost. A part is a range of the field's loops in the order of their creation: "
    "part n begins with the loop that is at or after the n-th power of 1.5.",
    "lowest_point",
)

#: As `SAMPLES`, for thresholds that are on the confidence of words too. It is no query of the
#: report.
SAMPLES_WITH_WORDS: Final = _samples(
    "samples_with_words",
    "As samples, with the lowest confidence of a prediction and of each of its words as the point.",
    "CASE WHEN lowest_word_point < lowest_point THEN lowest_word_point "
    "WHEN lowest_word_point IS NOT NULL THEN lowest_point END",
)

#: Where the sample of thresholds ends.
LATEST: Final = Query(
    name="latest",
    meaning=(
        "All loops: how many, the latest end as a text in UTC with whole seconds, and the longest "
        "turnaround in milliseconds."
    ),
    columns=("loops", "latest", "longest_milliseconds"),
    sql="""\
SELECT
  count(*) AS loops,
  substr(CAST(max(reference_time) AS varchar), 1, 19) AS latest,
  max(CAST(floor(turnaround_seconds * 1000) AS bigint)) AS longest_milliseconds
FROM loops""",
)

#: The queries of the report, by name.
QUERIES: Final = {
    each.name: each
    for each in (
        TOTALS,
        DAYS,
        TURNAROUND,
        ALL_TURNAROUNDS,
        FIELD_VERDICTS,
        CALIBRATION,
        FIELD_CALIBRATION,
        RELABELLED,
        NOTES,
        FAILURES,
        SAMPLING,
        SAMPLES,
    )
}
