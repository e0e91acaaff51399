"""Review outputs on the command line: ``python -m human_loop_reviews OUTPUT.json``.

``python -m human_loop_reviews mapping suggest OUTPUT.json`` proposes a mapping for custom tasks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import MappingError, TaskMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.mapping_file import MappingFile, read_mapping_file
from human_loop_reviews.tasks.mapping_suggestion import suggest_mapping


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
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:2] == ["mapping", "suggest"]:
        return _suggest(arguments[2:])
    options = _parse_arguments(arguments)
    failed = False
    try:
        mappings = None if options.mapping is None else read_mapping_file(options.mapping)
        for path in options.outputs:
            try:
                output = _read_output(path)
                outcome = _describe(output, mappings, options.values)
            except (OSError, UnreadableOutputError) as error:
                sys.stderr.write(f"{_explain(error, path)}\n")
                failed = True
            else:
                sys.stdout.write(json.dumps(outcome) + "\n")
        if mappings is not None:
            sys.stderr.writelines(f"{line}\n" for line in mappings.describe_paths())
            mappings.refuse_unused()
    except MappingError as error:
        sys.stderr.write(f"{options.mapping}: {error}\n")
        return 2
    return 1 if failed else 0


def _suggest(arguments: Sequence[str]) -> int:
    """Print a mapping for outputs of custom tasks as JSON, and what it is based on."""
    parser = argparse.ArgumentParser(
        prog="python -m human_loop_reviews mapping suggest",
        description="Propose a mapping for outputs of one custom task: JSON on standard output, "
        "and the reasons on standard error.",
    )
    parser.add_argument("outputs", nargs="+", metavar="OUTPUT.json", help="a file, - for stdin")
    outputs = []
    failed = False
    for path in parser.parse_args(arguments).outputs:
        try:
            outputs.append(_read_output(path))
        except (OSError, UnreadableOutputError) as error:
            sys.stderr.write(f"{_explain(error, path)}\n")
            failed = True
    suggestions = suggest_mapping(outputs)
    sys.stderr.writelines(f"{each.describe()}\n" for each in suggestions)
    if not suggestions:
        sys.stderr.write("no answers to custom tasks\n")
    fields = [each.mapping.to_json() for each in suggestions if each.mapping is not None]
    sys.stdout.write(json.dumps(fields, indent=2, ensure_ascii=False) + "\n")
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
        "{name, prediction, answer, ...}, or an object of such lists by flow definition name; "
        "standard error tells in how many files each path was found",
    )
    return parser.parse_args(arguments)


def _read_output(path: str) -> Output:
    if path == "-":
        return parse_output(sys.stdin.buffer.read(), source="standard input")
    return parse_output(Path(path).read_bytes(), source=path)


def _explain(error: Exception, path: str) -> str:
    return f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)


def _describe(output: Output, mappings: MappingFile | None, include_values: bool) -> dict[str, Any]:
    mapping: TaskMapping | None = None if mappings is None else mappings.find(output)
    review = review_output(output, mapping=mapping or ())
    return {
        "humanLoopName": output.human_loop_name,
        "flowDefinitionArn": output.flow_definition_arn,
        **describe_review(output, review, include_values=include_values),
    }


if __name__ == "__main__":
    raise SystemExit(main())
