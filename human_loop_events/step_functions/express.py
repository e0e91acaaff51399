"""Finds states that wait for a task token in Express workflows, which have none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

_EXPRESS: Final = "EXPRESS"


def express_workflows_with(state: sfn.State) -> list[str]:
    """Return the paths of Express state machines, and of Express maps, that contain a state.

    https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html

    Parameters
    ----------
    state
        The state.
    """
    return [
        machine.node.path
        for machine in _state_machines(state)
        if _has_in_express(
            _definition(machine).get("States"),
            state.state_id,
            express=machine.state_machine_type == _EXPRESS,
        )
    ]


def _state_machines(state: sfn.State) -> Iterator[sfn.CfnStateMachine]:
    constructs: list[IConstruct] = Stack.of(state).node.find_all()
    return (each for each in constructs if isinstance(each, sfn.CfnStateMachine))


def _definition(machine: sfn.CfnStateMachine) -> Mapping[str, Any]:
    """Return what is known of the definition at synthesis. Empty if nothing is."""
    resolved = Stack.of(machine).resolve(machine.definition_string)
    match resolved:
        case {"Fn::Join": ["", [*parts]]}:
            text = "".join(each if isinstance(each, str) else "reference" for each in parts)
        case str():
            text = resolved
        case _:
            return {}
    try:
        definition = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return definition if isinstance(definition, dict) else {}


def _has_in_express(states: Any, name: str, *, express: bool) -> bool:
    if not isinstance(states, dict):
        return False
    if express and str(states.get(name, {}).get("Resource")).endswith(".waitForTaskToken"):
        return True
    return any(
        _has_in_express(
            nested.get("States"),
            name,
            express=express or nested.get("ProcessorConfig", {}).get("ExecutionType") == _EXPRESS,
        )
        for each in states.values()
        for nested in _nested(each)
    )


def _nested(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the workflows within a Map or Parallel state."""
    maps = [state[each] for each in ("ItemProcessor", "Iterator") if each in state]
    return [*maps, *state.get("Branches", ())]
