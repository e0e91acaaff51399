"""The mappings of custom tasks in a layer of the review handler."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from aws_cdk import Stage, Token
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from human_loop_events.events.flow_definitions import FlowDefinitions
from human_loop_reviews.contract import A2I_NAME, MAPPINGS_FOLDER, MAX_A2I_NAME, mapping_file
from human_loop_reviews.mapping import FieldMapping, TaskMapping

#: The most bytes of mappings. Lambda allows 250 MB for a function with all its layers, unzipped.
#: The rest is for the function and for the layers of others.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_MAPPINGS_BYTES: Final = 200 * 1024 * 1024

_QUALIFIED = re.compile(r"\d{12}/[a-z0-9-]+/[^/]+")


def validate_mappings(
    mappings: Mapping[str, TaskMapping | Sequence[FieldMapping]],
    flow_definitions: FlowDefinitions,
    *,
    in_hub: bool = False,
) -> dict[str, TaskMapping]:
    """Return the task mappings by flow definition, or refuse mappings that cannot work.

    Parameters
    ----------
    mappings
        Task mappings, or their fields alone, by the flow definition's name.
    flow_definitions
        The flow definitions that can have a mapping.
    in_hub
        Whether a flow definition can be specified by account, Region and name.

    Raises
    ------
    ValueError
        If a mapping belongs to none of the flow definitions, or has two fields with the same name.
    """
    if not isinstance(mappings, Mapping):
        raise ValueError(
            f"mappings: expected {{'<flow definition>': [FieldMapping(…)]}}, got {mappings!r}"
        )
    tasks: dict[str, TaskMapping] = {}
    for flow_definition, mapping in mappings.items():
        place = f"mappings[{flow_definition!r}]"
        if not isinstance(mapping, TaskMapping | list | tuple) or not all(
            isinstance(field, FieldMapping) for field in _fields(mapping)
        ):
            raise ValueError(
                f"{place}: expected a list of FieldMapping, or a TaskMapping, got {mapping!r}"
            )
        if not _fields(mapping):
            raise ValueError(f"{place}: expected at least one FieldMapping, got none")
        _refuse_other_than_flow_definition(place, flow_definition, flow_definitions, in_hub=in_hub)
        try:
            tasks[flow_definition] = TaskMapping.of(mapping)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    return tasks


def create_mappings_layer(
    scope: Construct, construct_id: str, tasks: Mapping[str, TaskMapping]
) -> lambda_.LayerVersion:
    """Create a layer with a file for each flow definition, as the review handler reads it.

    Parameters
    ----------
    scope, construct_id
        The parent and the id.
    tasks
        What `validate_mappings` returned.

    Raises
    ------
    ValueError
        If the mappings contain a token, or are larger than Lambda permits.
    """
    files = {mapping_file(name): _render(name, task) for name, task in tasks.items()}
    size = sum(len(content) for content in files.values())
    if size > MAX_MAPPINGS_BYTES:
        raise ValueError(
            f"mappings: {size:,} bytes as JSON, but {MAX_MAPPINGS_BYTES:,} fit into the layer of a "
            "function; split the flow definitions over several HumanLoopEvents"
        )
    folder = _folder(scope, files)
    for name, content in files.items():
        path = folder / "python" / MAPPINGS_FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return lambda_.LayerVersion(
        scope,
        construct_id,
        description="The mappings of the review handler, a file for each flow definition",
        code=lambda_.Code.from_asset(str(folder)),
    )


def _refuse_other_than_flow_definition(
    place: str, flow_definition: str, flow_definitions: FlowDefinitions, *, in_hub: bool
) -> None:
    if Token.is_unresolved(flow_definition):
        raise ValueError(
            f"{place}: the name is known at deployment only, but mappings are files that are "
            "written at synthesis; expected the name as text"
        )
    if "/" in flow_definition and not (in_hub and _QUALIFIED.fullmatch(flow_definition)):
        raise ValueError(
            f"{place}: expected the name of a flow definition, or in a hub account, Region and "
            "name as in '111122223333/eu-west-1/claims'"
        )
    name = flow_definition.rpartition("/")[2]
    known = flow_definitions.names
    if known and name not in known:
        raise ValueError(f"{place}: no such flow definition; expected one of {', '.join(known)}")
    if len(name) > MAX_A2I_NAME or not re.fullmatch(A2I_NAME, name):
        raise ValueError(
            f"{place}: {name!r} is not the name of a flow definition; expected 1 to "
            f"{MAX_A2I_NAME} lower-case letters, digits and hyphens, a letter or digit first and "
            "last"
        )


def _render(flow_definition: str, task: TaskMapping) -> bytes:
    rendered = json.dumps(task.to_json(), separators=(",", ":"), ensure_ascii=False)
    if Token.is_unresolved(rendered):
        raise ValueError(
            f"mappings[{flow_definition!r}]: a name or expression is known at deployment only, but "
            "mappings are files that are written at synthesis; expected texts without tokens"
        )
    return rendered.encode()


def _folder(scope: Construct, files: Mapping[str, bytes]) -> Path:
    """Return a folder in the cloud assembly, which is there for as long as the template."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    stage = Stage.of(scope)
    assert stage is not None  # noqa: S101 - every construct of a stack is in an app
    return Path(stage.asset_outdir, f"{MAPPINGS_FOLDER}-{digest.hexdigest()}")


def _fields(mapping: TaskMapping | Sequence[FieldMapping]) -> Sequence[FieldMapping]:
    return mapping.fields if isinstance(mapping, TaskMapping) else mapping
