"""Review outputs on the command line: ``python -m human_loop_reviews OUTPUT.json``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import FieldMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.mapping import MappingError, parse_mapping


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one outcome per file as a line of JSON.

    Parameters
    ----------
    arguments
        The command line without the program's name; by default, that of the process.

    Returns
    -------
    int
        0 if every file could be read, 1 if one could not, 2 if the mapping is not usable.
    """
    options = _parse_arguments(arguments)
    failed = False
    for path in options.outputs:
        try:
            output = _read_output(path)
            mapping = _read_mapping(options.mapping, output)
            outcome = _describe(output, mapping, options.values)
        except (OSError, UnreadableOutputError) as error:
            sys.stderr.write(f"{_explain(error, path)}\n")
            failed = True
        except MappingError as error:
            sys.stderr.write(f"{options.mapping}: {error}\n")
            return 2
        else:
            sys.stdout.write(json.dumps(outcome) + "\n")
    return 1 if failed else 0


def _parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m human_loop_reviews",
        description="Compare the predictions and the answers in Amazon A2I outputs, "
        "and print one outcome per output as a line of JSON.",
    )
    parser.add_argument("outputs", nargs="+", metavar="OUTPUT.json", help="a file, - for stdin")
    parser.add_argument(
        "--values", action="store_true", help="print the predicted and the reviewers' values"
    )
    parser.add_argument(
        "--mapping",
        metavar="FILE",
        help="where predictions and answers of custom tasks are found: a JSON list of "
        "{name, prediction, answer, ignore_case?, tolerance?}, or an object of such lists by "
        "flow definition name",
    )
    return parser.parse_args(arguments)


def _read_output(path: str) -> Output:
    if path == "-":
        return parse_output(sys.stdin.buffer.read(), source="standard input")
    return parse_output(Path(path).read_bytes(), source=path)


def _read_mapping(path: str | None, output: Output) -> tuple[FieldMapping, ...]:
    if path is None:
        return ()
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise MappingError(error.strerror) from None
    return parse_mapping(text, flow_definition=output.flow_definition_name)


def _explain(error: Exception, path: str) -> str:
    return f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)


def _describe(
    output: Output, mapping: Sequence[FieldMapping], include_values: bool
) -> dict[str, Any]:
    review = review_output(output, mapping=mapping)
    return {
        "humanLoopName": output.human_loop_name,
        "flowDefinitionArn": output.flow_definition_arn,
        "taskType": output.task_type.value,
        **describe_review(review, include_values=include_values),
    }


if __name__ == "__main__":
    raise SystemExit(main())
