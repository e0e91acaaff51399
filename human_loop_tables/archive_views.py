"""The tables `loops` and `fields` as views on the archived outcomes, in the SQL of Amazon Athena.

Athena's views have no `timestamp with time zone`, so times are `timestamp(3)` here, in UTC. The
queries of the report use times only to check whether they are null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Final

from human_loop_tables.archive_schema import FIELD_PROPERTIES, OUTCOMES, PRECEDENCE
from human_loop_tables.tables import TABLES, SqlColumn, SqlType


@dataclass(frozen=True, slots=True)
class AthenaView:
    """A view of Amazon Athena."""

    name: str
    """Its name, that of a table."""
    columns: tuple[SqlColumn, ...]
    """Its columns, those of the table."""
    sql: str
    """A SELECT statement without a semicolon."""


def _time(column: str) -> str:
    # Outcomes write all times in UTC. An invalid time must not fail the query.
    return f"TRY_CAST(replace(replace({column}, 'T', ' '), 'Z', '') AS timestamp(3))"


#: One outcome of each loop, with its times as such.
_ENDED: Final = f"""\
  SELECT
    *,
    {_time("creationtime")} AS creation_time,
    {_time("endtime")} AS end_time
  FROM (
    SELECT
      *,
      row_number() OVER (
        PARTITION BY humanlooparn, creationtime
        ORDER BY
{indent(PRECEDENCE, " " * 10)}
      ) AS place
    FROM {OUTCOMES}
    WHERE verification IS NULL
  ) AS ranked
  WHERE place = 1"""  # noqa: S608 - names of this package only

_OF_BOTH: Final = {
    "human_loop_arn": "humanlooparn",
    "creation_time": "creation_time",
    "flow_definition_arn": "flowdefinitionarn",
    "reference_time": "coalesce(end_time, creation_time)",
    "day": "CAST(coalesce(end_time, creation_time) AS date)",
    "task_type": "tasktype",
    "model_version": "modelversion",
    "sampled": "sampled",
    "sampling_percentage": "samplingpercentage",
    "reviewer_count": "reviewercount",
}

# The sum is null as soon as one of its parts is.
_SECONDS_WORKED: Final = "reduce(secondsworked, DOUBLE '0', (total, part) -> total + part, x -> x)"

_LOOPS: Final = {
    **_OF_BOTH,
    "human_loop_name": "humanloopname",
    "status": "humanloopstatus",
    "end_time": "end_time",
    "turnaround_seconds": "turnaroundseconds",
    "failure_code": "failurecode",
    "unreadable": "outputerror IS NOT NULL",
    "unanswered": "unanswered",
    "prediction_known": "predictionknown",
    "fields_judged": "fieldsjudged",
    "fields_correct": "fieldscorrect",
    "fields_absent": "fieldsabsent",
    "fields_left_out": "fieldsleftout",
    "reviewer_agreement": "meanrevieweragreement",
    "seconds_to_first_acceptance": "secondstofirstacceptance",
    "seconds_worked": "CASE WHEN cardinality(secondsworked) > 0 "
    f"AND {_SECONDS_WORKED} <= 1e9\n    THEN {_SECONDS_WORKED} END",
}

_FIELDS: Final = {
    **_OF_BOTH,
    "position": "position",
    "field": "CASE WHEN tasktype = 'Custom'\n"
    "    THEN regexp_replace(coalesce(predictedname, name), '\\[[0-9]+\\]$', '[]')\n"
    "    ELSE coalesce(predictedname, name) END",
    "name": "name",
    "predicted_name": "predictedname",
    "verdict": "verdict",
    "model_correct": "modelcorrect",
    "upheld_share": "upheldshare",
    "reviewer_agreement": "revieweragreement",
    "confidence": "confidence",
    "value_confidence": "valueconfidence",
    "lowest_word_confidence": "lowestwordconfidence",
    "parts_predicted": "partspredicted",
    "parts_upheld": "partsupheld",
    "parts_added": "partsadded",
    "shown": "shown",
    "note": "note",
    "prediction_repair": "predictionrepair",
    "absent_answers": "absentanswers",
}

#: UNNEST makes a column of each property of a field.
_UNNESTED: Final = (
    "CROSS JOIN UNNEST(fields) WITH ORDINALITY\n"
    f"  AS reviewed ({', '.join(each.column for each in FIELD_PROPERTIES)}, position)"
)


def _view(name: str, expressions: Mapping[str, str], *rest: str) -> AthenaView:
    columns = TABLES[name]
    selected = ",\n".join(f"  {expressions[each.name]} AS {each.name}" for each in columns)
    sql = "\n".join((f"WITH ended AS (\n{_ENDED}\n)", f"SELECT\n{selected}", "FROM ended", *rest))
    return AthenaView(name, columns, sql)


#: The views, by name.
VIEWS: Final = {
    each.name: each for each in (_view("loops", _LOOPS), _view("fields", _FIELDS, _UNNESTED))
}

#: The types of a view's columns in Glue, and in Athena where it has another name.
GLUE_TYPES: Final[Mapping[SqlType, str]] = {
    SqlType.BIGINT: "bigint",
    SqlType.BOOLEAN: "boolean",
    SqlType.DATE: "date",
    SqlType.DOUBLE: "double",
    SqlType.TIMESTAMP: "timestamp",
    SqlType.VARCHAR: "string",
}
ATHENA_TYPES: Final[Mapping[SqlType, str]] = {
    **{each: each.value for each in SqlType},
    SqlType.TIMESTAMP: "timestamp(3)",
}
