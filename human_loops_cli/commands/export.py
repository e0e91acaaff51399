"""``human-loops export``: write reviews as training data."""

from __future__ import annotations

import re
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
from human_loops_cli.exports.comprehend_entities import ComprehendEntities
from human_loops_cli.exports.corrected import WholeDocuments
from human_loops_cli.exports.export_writer import ExportWriter
from human_loops_cli.exports.format import ExportFormat
from human_loops_cli.exports.formats import FORMATS, find_format
from human_loops_cli.exports.label_studio import LabelStudio
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop, ReviewSelection
from human_loops_cli.exports.rekognition_adapter import RekognitionAdapter
from human_loops_cli.exports.source import DEFAULT_EXPRESSION, find_source
from human_loops_cli.exports.summary import LeftOut, Summary
from human_loops_cli.exports.translate_tmx import TranslateTmx
from human_loops_cli.files import STANDARD_OUTPUT, complete_file, refuse_inputs, refuse_unwritable
from human_loops_cli.inputs import Inputs, ReadInput, UnreadableInputError, identify
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_sources import (
    MappingPath,
    OutputFlow,
    Outputs,
    OutputSince,
    OutputUntil,
    parse_output_limits,
)
from human_loops_cli.session import Session

#: https://docs.aws.amazon.com/translate/latest/dg/what-is-languages.html
_LANGUAGE: Final = re.compile("[a-z]{2,3}(-[A-Z]{2})?")

_FORMATS_HELP: Final = "; ".join(f"{name}: {each.DESCRIPTION}" for name, each in FORMATS.items())


@dataclass(frozen=True)
class _Reader:
    """Reads outputs as loops to export, each once."""

    mappings: MappingFile
    source: str
    only: ReviewSelection
    field_name: str | None
    seen: set[bytes] = field(default_factory=set)

    def read(self, name: str, output: Output) -> ReviewedLoop:
        """Review an output.

        Raises
        ------
        LeftOutError
            If it was read before, or if no reviewer answered.
        """
        identity = identify(output)
        if identity in self.seen:
            raise LeftOutError(Reason.DUPLICATE)
        self.seen.add(identity)
        mapping = self.mappings.find(output)
        review = review_output(output, mapping=mapping or ())
        if review.unanswered:
            raise LeftOutError(Reason.UNANSWERED)
        return ReviewedLoop(
            input_name=name,
            output=output,
            review=review,
            source=find_source(output, self.source),
            only=self.only,
            field=self.field_name,
            mapping=() if mapping is None else mapping.fields,
            source_expression=self.source,
        )


def export(
    ctx: typer.Context,
    outputs: Outputs,
    format_name: Annotated[
        str, typer.Option("--format", metavar="|".join(FORMATS), help=_FORMATS_HELP)
    ],
    only: Annotated[
        ReviewSelection, typer.Option(help="The reviews in which the model was not upheld, or all.")
    ] = ReviewSelection.ALL,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file. Default: -, standard output.")
    ] = None,
    flow: OutputFlow = None,
    since: OutputSince = None,
    until: OutputUntil = None,
    mapping: MappingPath = None,
    source: Annotated[
        str,
        typer.Option(
            help="Custom tasks: the S3 URI, the text or the texts; JMESPath on inputContent."
        ),
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
    documents: Annotated[
        Path | None, typer.Option(help="comprehend-entities: a file for the documents.")
    ] = None,
    languages: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE,TARGET", help="translate-tmx: language codes of Amazon Translate."
        ),
    ] = None,
) -> None:
    """Write the values of more than half of the reviewers as training data, or corrected documents.

    Values without a majority and the identities of reviewers are never exported. The formats
    corrected and corrected-blocks have every loop that a reviewer answered, with all that the model
    predicted: with --only corrected, only loops in which a field was corrected.

    Status 1 if an output cannot be read or does not fit the format, or if nothing was exported.
    """
    session: Session = ctx.obj
    limits = parse_output_limits(flow, since, until)
    file = None if file == STANDARD_OUTPUT else file
    found = find_format(format_name)
    if field_name is not None and (
        found is RekognitionAdapter or issubclass(found, WholeDocuments)
    ):
        raise CommandError(f"--format {format_name} takes no --field", status=ExitStatus.USAGE)
    written_as = _make_format(found, delimiter, labeling_config, documents, languages)
    beside = labeling_config or documents
    refuse_inputs((file, beside), (mapping,))
    _check(session, found, source, file, beside)
    reader = _Reader(MappingFile(mapping), source, only, field_name)
    inputs = Inputs(session, outputs, limits)
    inputs.refuse_writing((file, beside))
    summary = Summary(format_name=format_name, only=only)
    with complete_file(file) as stream:
        writer = ExportWriter(
            stream, start=written_as.START, separator=written_as.SEPARATOR, end=written_as.END
        )
        for each in inputs.read("Exporting"):
            _export(each, reader, written_as, writer, summary)
        writer.finish()
        reader.mappings.check(session.printer)
        if not summary.exported:
            summary.print(session.printer, None)
            raise CommandError("nothing to export: no file", status=ExitStatus.INCOMPLETE)
    if beside is not None:
        with complete_file(beside) as stream:
            stream.write(_content_beside(written_as).encode())
    summary.print(session.printer, file)
    if summary.has_refusals:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _make_format(
    found: type[ExportFormat],
    delimiter: str,
    labeling_config: Path | None,
    documents: Path | None,
    languages: str | None,
) -> ExportFormat:
    """Return a format, and refuse options that it does not have."""
    for option, of_format, is_given in (
        ("--delimiter", ComprehendCsv, delimiter != DEFAULT_DELIMITER),
        ("--labeling-config", LabelStudio, labeling_config is not None),
        ("--documents", ComprehendEntities, documents is not None),
        ("--languages", TranslateTmx, languages is not None),
    ):
        if is_given and found is not of_format:
            (name,) = (name for name, each in FORMATS.items() if each is of_format)
            raise CommandError(f"{option} is for {name}", status=ExitStatus.USAGE)
    if found is ComprehendCsv:
        if delimiter not in DELIMITERS:
            raise CommandError(
                f"--delimiter {delimiter!r}: expected one of {' '.join(sorted(DELIMITERS))}",
                status=ExitStatus.USAGE,
            )
        return ComprehendCsv(delimiter)
    if found is ComprehendEntities:
        if documents is None:
            raise CommandError(
                "--format comprehend-entities writes two files: name the one for the documents "
                "with --documents, such as documents.txt",
                status=ExitStatus.USAGE,
            )
        return ComprehendEntities(documents.name)
    if found is TranslateTmx:
        return TranslateTmx(*_language_codes(languages or ""))
    return found()


def _language_codes(languages: str) -> tuple[str, str]:
    source, comma, target = languages.partition(",")
    if not comma or source == target or not all(map(_LANGUAGE.fullmatch, (source, target))):
        raise CommandError(
            f"--languages {languages}: expected the codes of source and target, such as en,es",
            status=ExitStatus.USAGE,
        )
    return source, target


def _content_beside(written_as: ExportFormat) -> str:
    """Return the content of the second file of an export."""
    if isinstance(written_as, LabelStudio):
        return written_as.configuration()
    if isinstance(written_as, ComprehendEntities):
        return written_as.documents()
    raise TypeError(f"{type(written_as).__name__} has no second file")


def _check(
    session: Session,
    found: type[ExportFormat],
    source: str,
    file: Path | None,
    beside: Path | None,
) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if file is None and session.printer.as_json:
        raise CommandError(
            "--json prints the summary, and standard output has the export: name a file with -o",
            status=ExitStatus.USAGE,
        )
    place = (file or STANDARD_OUTPUT).resolve()
    if beside is not None and beside.resolve() == place:
        option = "--documents" if found is ComprehendEntities else "--labeling-config"
        raise CommandError(f"-o and {option} name one file", status=ExitStatus.USAGE)
    for each in (file, beside):
        refuse_unwritable(each)
    try:
        look_up(source, {})
    except ExpressionFailedError:
        raise CommandError(
            f"--source {source}: not a JMESPath expression", status=ExitStatus.USAGE
        ) from None


def _export(
    each: ReadInput,
    reader: _Reader,
    written_as: ExportFormat,
    writer: ExportWriter,
    summary: Summary,
) -> None:
    """Export one output, or note why not."""
    name = None
    summary.inputs += 1
    try:
        output = each.output()
        name = output.human_loop_name or ""
        loop = reader.read(each.name, output)
        entry = written_as.write(loop)
    except LeftOutError as error:
        summary.left_out.append(LeftOut(each.name, name, error.reason, error.detail))
        return
    except (UnreadableInputError, UnreadableOutputError) as error:
        summary.left_out.append(LeftOut(each.name, name, Reason.UNREADABLE, str(error)))
        return
    writer.add(entry)
    summary.exported += 1
    if not isinstance(written_as, WholeDocuments):
        summary.fields_left_out += loop.fields_left_out
