"""The application: its global options, its commands, and its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence, Set
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from typer.core import TyperGroup

from human_loop_reviews.aws.calls import CallError
from human_loops_cli.commands import (
    agreement,
    configure,
    dead_letters,
    export,
    mapping,
    outcomes,
    policy,
    report,
    resend,
    review,
    reviewers,
    runbook,
    status,
    thresholds,
    verify,
)
from human_loops_cli.console import Printer
from human_loops_cli.errors import CHECK_ENDPOINT, CommandError, ExitStatus, explain
from human_loops_cli.interrupts import as_interrupts
from human_loops_cli.session import Session

_DISTRIBUTION: Final = "a2i-human-loop-events"

_EPILOG: Final = (
    "Global options can stand before or after the command.\n\n"
    "Exit status: 0 success; 1 the command found a problem or is incomplete; 2 the command is not "
    "valid; 3 AWS refused or did not respond; 130 interrupted; 141 standard output was closed."
)


class Application(TyperGroup):
    """The commands, with errors as messages and global options anywhere."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        names = ", ".join(sorted(self._options() | self._flags()))
        for command in _leaves(self):
            command.epilog = f"Global options: {names}. human-loops --help describes them."
        for command in _commands(self):
            # Without it, the list of the commands cuts off what does not fit a line.
            command.short_help = _first_paragraph(command.help or "")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the global options, wherever they stand."""
        arguments = _global_options_first(args, options=self._options(), flags=self._flags())
        return super().parse_args(ctx, [*arguments])

    def _options(self) -> set[str]:
        return {each.opts[0] for each in self._global if not each.is_flag}

    def _flags(self) -> set[str]:
        return {each.opts[0] for each in self._global if each.is_flag}

    @property
    def _global(self) -> list[Any]:
        """The options that can stand anywhere: with --version, no command runs."""
        return [each for each in self.params if not each.is_eager]

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and print its error."""
        try:
            with as_interrupts():
                result = super().invoke(ctx)
            sys.stdout.flush()
        except CommandError as error:
            raise _ended(error) from None
        except (BotoCoreError, ClientError) as error:
            raise _ended(explain(error)) from None
        except ResponseParserError:
            # Its message has the answer, which can be a page of a website.
            message = "the answer cannot be parsed, so it is not one of AWS"
            raise _ended(CommandError(message, advice=CHECK_ENDPOINT)) from None
        except CallError as error:
            cause: Any = error.cause
            raise _ended(explain(cause)) from None
        except KeyboardInterrupt:
            raise _ended(CommandError("interrupted", status=ExitStatus.INTERRUPTED)) from None
        except BrokenPipeError:
            # Otherwise Python complains when it flushes standard output at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())  # type: ignore[union-attr]
            raise typer.Exit(ExitStatus.BROKEN_PIPE) from None
        return result


def _ended(error: CommandError) -> typer.Exit:
    printer = Printer(as_json=False)
    printer.note(f"error: {error}")
    if error.advice:
        printer.note(error.advice)
    return typer.Exit(error.status)


def _commands(group: Any) -> Iterator[Any]:
    """Return the commands and the groups of a group, and those of its groups."""
    for each in group.commands.values():
        yield each
        if hasattr(each, "commands"):
            yield from _commands(each)


def _leaves(group: Any) -> Iterator[Any]:
    """Return the commands of a group and of its groups."""
    return (each for each in _commands(group) if not hasattr(each, "commands"))


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _global_options_first(
    arguments: Sequence[str], *, options: Set[str], flags: Set[str]
) -> Iterator[str]:
    """Return a command line with its global options at the front."""
    others: list[str] = []
    remaining = iter(arguments)
    for each in remaining:
        if each == "--":
            others += [each, *remaining]
        elif each in flags or each.partition("=")[0] in options:
            yield each
            if each in options:
                value = next(remaining, None)
                if value is None:
                    raise typer.BadParameter(f"{each} requires a value.")
                yield value
        else:
            others.append(each)
    yield from others


app = typer.Typer(
    cls=Application,
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(mapping.app, name="mapping")
app.add_typer(outcomes.app, name="outcomes")
app.command("status")(status.status)
app.command("resend")(resend.resend)
app.command("verify")(verify.verify)
app.command("policy")(policy.policy)
app.command("runbook")(runbook.runbook)
app.command("review")(review.review)
app.command("agreement")(agreement.agreement)
app.command("reviewers")(reviewers.reviewers)
app.command("configure")(configure.configure)
app.command("export")(export.export)
app.command("thresholds")(thresholds.thresholds)
app.command("report")(report.report)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"human-loops {version(_DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    stack: Annotated[
        str, typer.Option(envvar="HUMAN_LOOPS_STACK", help="The deployed stack.")
    ] = "HumanLoops",
    prefix: Annotated[
        str,
        typer.Option(
            envvar="HUMAN_LOOPS_PREFIX",
            help="The prefix of the stack's outputs, if several constructs have outputs.",
        ),
    ] = "",
    endpoint_url: Annotated[
        str | None, typer.Option(help="The endpoint of AWS, for an emulator.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="The profile of the credentials.")] = None,
    region: Annotated[str | None, typer.Option(help="The AWS Region.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print results as JSON, in ASCII.")
    ] = False,
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Operate a stack of a2i-human-loop-events, and review outputs of Amazon A2I.

    The commands find all resources through the outputs of the stack.
    """
    ctx.obj = Session(
        stack_name=stack,
        prefix=prefix,
        endpoint_url=endpoint_url,
        profile=profile,
        region=region,
        printer=Printer(as_json=as_json),
    )
