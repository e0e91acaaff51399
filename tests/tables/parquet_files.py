"""Sample outcomes, and Parquet files of outcomes as Firehose writes them to the archive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from human_loop_reviews.a2i.event import HumanLoopEvent, ObjectLocation
from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.mapping_json import parse_mapping
from human_loop_tables.archive_schema import OUTCOME_PROPERTIES, PARTITION

_OUTPUTS = Path(__file__).parents[2] / "local" / "samples" / "outputs"
_ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
_LOOP = HumanLoopEvent(
    human_loop_arn=f"{_ARN}:human-loop/",
    human_loop_name="",
    flow_definition_arn=f"{_ARN}:flow-definition/invoices",
    status=HumanLoopStatus.COMPLETED,
    creation_time=datetime(2026, 3, 14, 9, 26, 53, 589_000, tzinfo=UTC),
    time=datetime(2026, 3, 14, tzinfo=UTC),
)

_TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}


def sample_outcomes(*, include_values: bool = False) -> list[dict[str, Any]]:
    """Return an outcome of each sample output, and of a Failed and a Stopped loop without output.

    Each is of another loop, which was created six hours after the one before.
    """
    outputs = [path for path in sorted(_OUTPUTS.glob("*.json")) if path.suffixes == [".json"]]
    outcomes = [_outcome_of(path, number, include_values) for number, path in enumerate(outputs)]
    for status, code in ((HumanLoopStatus.FAILED, "Expired"), (HumanLoopStatus.STOPPED, None)):
        loop = _loop(len(outcomes))._replace(status=status, failure_code=code)
        outcomes.append(describe_outcome(loop, None, None, disclosure=Disclosure()))
    return outcomes


def _outcome_of(path: Path, number: int, include_values: bool) -> dict[str, Any]:
    output = parse_output(path.read_bytes(), source=path.name)
    loop = _loop(number)._replace(
        flow_definition_arn=output.flow_definition_arn or _LOOP.flow_definition_arn,
        output=ObjectLocation("reviews", f"{path.name}"),
    )
    written = path.with_suffix(".mapping.json")
    mapping = parse_mapping(written.read_text(encoding="utf-8")) if written.exists() else ()
    if isinstance(mapping, dict):
        mapping = mapping[loop.flow_definition]
    review = review_output(output, mapping=mapping, creation_time=loop.creation_time)
    disclosure = Disclosure(include_values=include_values)
    return describe_outcome(loop, output, review, disclosure=disclosure)


def _loop(number: int) -> HumanLoopEvent:
    created = _LOOP.creation_time + timedelta(hours=6 * number)
    name = f"loop-{number}"
    return _LOOP._replace(
        human_loop_arn=f"{_LOOP.human_loop_arn}{name}",
        human_loop_name=name,
        creation_time=created,
        time=created.replace(microsecond=0) + timedelta(minutes=30 + number),
    )


def write_parquet(outcomes: Sequence[dict[str, Any]], folder: Path, *, date: str) -> Path:
    """Write outcomes as Firehose does: the archive's columns, GZIP, in a folder of the date.

    Like its OpenX JSON SerDe, it converts keys to lower case and drops what is no column.
    """
    path = folder / f"{PARTITION}={date}" / "outcomes.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.with_suffix(".jsonl")
    lines.write_text("".join(f"{json.dumps(_lower(each))}\n" for each in outcomes))
    columns = {each.column: duckdb_type(each.type) for each in OUTCOME_PROPERTIES}
    with duckdb.connect() as connection:
        source = connection.read_json(str(lines), columns=columns, format="newline_delimited")
        source.write_parquet(str(path), compression="gzip")
    lines.unlink()
    return path


def duckdb_type(glue_type: str) -> str:
    """Return DuckDB's name of a type in Glue.

    Examples
    --------
    >>> duckdb_type("array<struct<name:string,shown:boolean>>")
    'STRUCT("name" VARCHAR, "shown" BOOLEAN)[]'
    """
    kind, _, inner = glue_type.removesuffix(">").partition("<")
    match kind:
        case "array":
            return f"{duckdb_type(inner)}[]"
        case "map":
            key, _, value = inner.partition(",")
            return f"MAP({duckdb_type(key)}, {duckdb_type(value)})"
        case "struct":
            members = [each.split(":") for each in inner.split(",")]
            typed = [f'"{name}" {duckdb_type(of_type)}' for name, of_type in members]
            return f"STRUCT({', '.join(typed)})"
    return _TYPES[kind]


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(each) for each in value]
    if isinstance(value, dict):
        lowered = {key.lower(): _lower(each) for key, each in value.items()}
        assert len(lowered) == len(value)  # the SerDe refuses a key that is there twice
        return lowered
    return value
