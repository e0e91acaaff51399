"""``human-loops export``: write reviews as training data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.review_output import review_output
from human_loop_reviews.tasks.look_up import ExpressionFailedError, look_up
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.exports.comprehend_csv import DEFAULT_DELIMITER, DELIMITERS, ComprehendCsv
from human_loops_cli.exports.export_writer import ExportWriter
from human_loops_cli.exports.format import ExportFormat
from human_loops_cli.exports.formats import FORMATS, find_format
from human_loops_cli.exports.label_studio import LabelStudio
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop, ReviewSelection
from human_loops_cli.exports.rekognition_adapter import RekognitionAdapter
from human_loops_cli.exports.source import DEFAULT_EXPRESSION, find_source
from human_loops_cli.exports.summary import LeftOut, Summary
from human_loops_cli.files import STANDARD_OUTPUT, complete_file, refuse_unwritable
from human_loops_cli.inputs import Input, UnreadableInputError, find_inputs, read_output
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.session import Session

_FORMATS_HELP: Final = "; ".join(f"{name}: {each.DESCRIPTION}" for name, each in FORMATS.items())


@dataclass(frozen=True)
class _Reader:
    """Reads outputs as loops to export, each once."""

    mappings: MappingFile
    source: str
    only: ReviewSelection
    field_name: str | None
    seen: set[bytes] = field(default_factory=set)

    def read(self, each: Input, output: Output) -> ReviewedLoop:
        """Review an output.

        Raises
        ------
        LeftOutError
            If it was read before, or if no reviewer answered.
        """
        identity = _identity(output)
        if identity in self.seen:
            raise LeftOutError(Reason.DUPLICATE)
        self.seen.add(identity)
        mapping = self.mappings.find(output)
        review = review_output(output, mapping=mapping or ())
        if review.unanswered:
            raise LeftOutError(Reason.UNANSWERED)
        return ReviewedLoop(
            input_name=each.name,
            output=output,
            review=review,
            source=find_source(output, self.source),
            only=self.only,
            field=self.field_name,
            mapping=() if mapping is None else mapping.fields,
        )


def export(
    ctx: typer.Context,
    outputs: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|DIRECTORY|s3://BUCKET/PREFIX...", help="Outputs; - for standard input."
        ),
    ],
    format_name: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help=_FORMATS_HELP)
    ],
    only: Annotated[
        ReviewSelection, typer.Option(help="The reviews in which the model was not upheld, or all.")
    ] = ReviewSelection.ALL,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file. Default: -, standard output.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="Where predictions and answers of custom tasks are found: JSON."),
    ] = None,
    source: Annotated[
        str,
        typer.Option(help="Custom tasks: the S3 URI or the text; JMESPath on inputContent."),
    ] = DEFAULT_EXPRESSION,
    field_name: Annotated[
        str | None, typer.Option("--field", help="The one field to export, by its name.")
    ] = None,
    delimiter: Annotated[
        str, typer.Option(help="comprehend-csv: between the labels of one text.")
    ] = DEFAULT_DELIMITER,
    labeling_config: Annotated[
        Path | None,
        typer.Option(help="label-studio: a file for the labeling configuration of the tasks."),
    ] = None,
) -> None:
    """Write the values of more than half of the reviewers as training data.

    Values without a majority and the identities of reviewers are never exported.

    Status 1 if an output cannot be read or does not fit the format, or if nothing was exported.
    """
    session: Session = ctx.obj
    file = None if file == STANDARD_OUTPUT else file
    written_as = _make_format(format_name, field_name, delimiter, labeling_config)
    _check(session, source, file, labeling_config)
    reader = _Reader(MappingFile(mapping), source, only, field_name)
    inputs = find_inputs(session, outputs)
    _keep_inputs(inputs, (file, labeling_config))
    summary = Summary(format_name=format_name, only=only, inputs=len(inputs))
    with complete_file(file) as stream:
        writer = ExportWriter(
            stream, start=written_as.START, separator=written_as.SEPARATOR, end=written_as.END
        )
        with session.printer.progress() as progress:
            for each in progress.track(inputs, description="Exporting"):
                _export(each, reader, written_as, writer, summary)
        writer.finish()
        reader.mappings.check(session.printer)
        if not summary.exported:
            summary.print(session.printer, None)
            raise CommandError("nothing to export: no file", status=ExitStatus.INCOMPLETE)
    if labeling_config is not None and isinstance(written_as, LabelStudio):
        with complete_file(labeling_config) as stream:
            stream.write(written_as.configuration().encode())
    summary.print(session.printer, file)
    if summary.has_refusals:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _make_format(
    name: str, field_name: str | None, delimiter: str, labeling_config: Path | None
) -> ExportFormat:
    """Return a format, and refuse options that it does not have."""
    found = find_format(name)
    if field_name is not None and found is RekognitionAdapter:
        raise CommandError(f"--format {name} takes no --field", status=ExitStatus.USAGE)
    if labeling_config is not None and found is not LabelStudio:
        raise CommandError("--labeling-config is for label-studio", status=ExitStatus.USAGE)
    if found is ComprehendCsv:
        if delimiter not in DELIMITERS:
            raise CommandError(
                f"--delimiter {delimiter!r}: expected one of {' '.join(sorted(DELIMITERS))}",
                status=ExitStatus.USAGE,
            )
        return ComprehendCsv(delimiter)
    if delimiter != DEFAULT_DELIMITER:
        raise CommandError("--delimiter is for comprehend-csv", status=ExitStatus.USAGE)
    return found()


def _check(session: Session, source: str, file: Path | None, labeling_config: Path | None) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if file is None and session.printer.as_json:
        raise CommandError(
            "--json prints the summary, and standard output has the export: name a file with -o",
            status=ExitStatus.USAGE,
        )
    place = (file or STANDARD_OUTPUT).resolve()
    if labeling_config is not None and labeling_config.resolve() == place:
        raise CommandError("-o and --labeling-config name one file", status=ExitStatus.USAGE)
    for each in (file, labeling_config):
        refuse_unwritable(each)
    try:
        look_up(source, {})
    except ExpressionFailedError:
        raise CommandError(
            f"--source {source}: not a JMESPath expression", status=ExitStatus.USAGE
        ) from None


def _keep_inputs(inputs: Sequence[Input], files: Sequence[Path | None]) -> None:
    """Refuse to write over an output."""
    written = {file.resolve() for file in files if file is not None}
    names = {file.name for file in written}
    for each in inputs:
        path = Path(each.name)
        if path.name in names and path.resolve() in written:
            raise CommandError(
                f"{each.name} is an output to read: write to another file", status=ExitStatus.USAGE
            )


def _export(
    each: Input,
    reader: _Reader,
    written_as: ExportFormat,
    writer: ExportWriter,
    summary: Summary,
) -> None:
    """Export one output, or note why not."""
    name = None
    try:
        output = read_output(each)
        name = output.human_loop_name or ""
        loop = reader.read(each, output)
        entry = written_as.write(loop)
    except LeftOutError as error:
        summary.left_out.append(LeftOut(each.name, name, error.reason))
        return
    except (UnreadableInputError, UnreadableOutputError) as error:
        summary.left_out.append(LeftOut(each.name, name, Reason.UNREADABLE, str(error)))
        return
    writer.add(entry)
    summary.exported += 1
    summary.fields_left_out += loop.fields_left_out


def _identity(output: Output) -> bytes:
    """Return what is the same for two copies of one output.

    The name alone is not: A2I lets a deleted loop's name be used again.
    """
    answers = [[answer.content, str(answer.submitted)] for answer in output.answers]
    parts = [output.flow_definition_arn, output.human_loop_name, output.inputs, answers]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()
