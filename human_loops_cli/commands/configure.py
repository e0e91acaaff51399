"""``human-loops configure``: the configuration for the flow definitions of an account."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from human_loops_cli.deployments import make_deployments, read_flow_definition, with_key_of_bucket
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.known_flow_definitions import choose_flow_definitions
from human_loops_cli.session import Session

# An event pattern holds about 55 names.
_MAX_NAMES = 50


def configure(
    ctx: typer.Context,
    flow: Annotated[
        list[str] | None,
        typer.Option(help="A flow definition: its name or ARN. Repeatable. Default: all."),
    ] = None,
) -> None:
    """Print the deployments for the context of cdk.json, made from the account's flow definitions.

    The command reads flow definitions and writes nothing. Flow definitions with different output
    buckets or keys need different deployments. If a flow definition has no key, the command reads
    the default encryption of its bucket. Review the result: it has all flow definitions of
    the account, including those of other teams.
    """
    session: Session = ctx.obj
    sagemaker = session.client("sagemaker")
    active, inactive = _list(sagemaker)
    not_active = [each for each in flow or () if each.rpartition("/")[2] in inactive]
    if not_active:
        raise CommandError(
            f"the flow definition {not_active[0]} is not active", status=ExitStatus.INCOMPLETE
        )
    chosen = [arn for each in flow or () for arn in choose_flow_definitions(active, each)]
    names = sorted({arn.rpartition("/")[2] for arn in (chosen if flow else active)})
    if not names:
        raise CommandError(
            f"there is no active flow definition in {sagemaker.meta.region_name}",
            advice="Name another Region with --region, or another account with --profile.",
            status=ExitStatus.INCOMPLETE,
        )
    s3, kms = session.client("s3"), session.client("kms")
    with session.printer.progress() as progress:
        found = [
            with_key_of_bucket(read_flow_definition(sagemaker, kms, name), s3, kms)
            for name in progress.track(names, description="Reading flow definitions")
        ]
    session.printer.json({"deployments": make_deployments(found)})
    custom = [each for each in found if each.task_type is None]
    if custom:
        session.printer.note(
            "Custom tasks, which are compared with predictions only with mappings: "
            f"{', '.join(each.name for each in custom)}"
        )
        for each in custom:
            session.printer.note(
                f"Suggest a mapping: human-loops mapping suggest "
                f"s3://{each.bucket}/{each.prefix}{each.name}/"
            )
    unknown = sorted({each.bucket for each in found if not each.key_is_known})
    if unknown:
        session.printer.note(
            f"The default encryption of {', '.join(unknown)} cannot be read. If it is a customer "
            "managed key, set output.encryption_key to it: otherwise no output can be read."
        )
    if inactive and not flow:
        session.printer.note(f"Left out, because they are not active: {', '.join(inactive)}")
    if len(names) > _MAX_NAMES:
        session.printer.note(
            "An event pattern holds about 55 names: leave flow_definitions out to match all."
        )


def _list(sagemaker: Any) -> tuple[list[str], list[str]]:
    """Return the ARNs of the active flow definitions, and the names of the others."""
    summaries = [
        summary
        for page in sagemaker.get_paginator("list_flow_definitions").paginate()
        for summary in page["FlowDefinitionSummaries"]
    ]
    active = [each for each in summaries if each["FlowDefinitionStatus"] == "Active"]
    others = [each["FlowDefinitionName"] for each in summaries if each not in active]
    return [each["FlowDefinitionArn"] for each in active], sorted(others)
