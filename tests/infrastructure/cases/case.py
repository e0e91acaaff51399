"""A case: one use of the constructs, and what is synthesized from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from aws_cdk import App, CfnElement, Environment, Stack
from aws_cdk.assertions import Template

ACCOUNT = "111122223333"
REGION = "eu-west-1"
QUEUE_FLAG = "@aws-cdk/aws-events:eventsTargetQueueSameAccount"
#: The feature flags that this CDK release recommends, as the project's own app sets them.
RECOMMENDED_FLAGS: dict[str, Any] = {
    key: value
    for key, value in json.loads(
        (Path(__file__).parents[3] / "cdk.json").read_text(encoding="utf-8")
    )["context"].items()
    if key.startswith("@aws-cdk")
}

KNOWN_ENVIRONMENT = Environment(account=ACCOUNT, region=REGION)


@dataclass(frozen=True)
class Case:
    """One use of the constructs."""

    name: str
    build: Callable[[App], Stack]
    flags: Mapping[str, Any] = field(default_factory=lambda: RECOMMENDED_FLAGS)


@dataclass(frozen=True)
class Synthesized:
    """What is synthesized from a case."""

    case: Case
    stack_name: str
    templates: dict[str, dict[str, Any]]
    """The templates of all stacks of the app."""
    own: frozenset[str]
    """The logical ids of the resources that the constructs made. Others belong to their user."""

    @property
    def name(self) -> str:
        return self.case.name

    @property
    def template(self) -> dict[str, Any]:
        return self.templates[self.stack_name]

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources of all stacks, with references between stacks resolved."""
        return _resources_of_all(self.templates)

    def of_type(self, *types: str) -> dict[str, dict[str, Any]]:
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.resources.items()
            if resource["Type"] in types
        }


def new_app(flags: Mapping[str, Any] = RECOMMENDED_FLAGS) -> App:
    return App(context=dict(flags), analytics_reporting=False)


def synthesize_case(case: Case) -> tuple[App, Stack, str]:
    """Return the app and the stack of a case, and what `read_case` reads."""
    app = new_app(case.flags)
    stack = case.build(app)
    content = {
        "stack_name": stack.stack_name,
        "templates": {
            child.stack_name: dict(Template.from_stack(child).to_json())
            for child in app.node.children
            if isinstance(child, Stack)
        },
        "own": sorted(_made_by_the_constructs(app)),
    }
    return app, stack, json.dumps(content)


def read_case(case: Case, text: str) -> Synthesized:
    content = json.loads(text)
    return Synthesized(case, content["stack_name"], content["templates"], frozenset(content["own"]))


def _made_by_the_constructs(app: App) -> frozenset[str]:
    return frozenset(
        str(Stack.of(element).resolve(element.logical_id))
        for construct in app.node.find_all()
        if type(construct).__module__.startswith("human_loop_events.")
        for element in construct.node.find_all()
        if isinstance(element, CfnElement)
    )


def _resources_of_all(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    def resolve(value: Any) -> Any:
        if isinstance(value, list):
            return [resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        if output := value.get("Fn::GetStackOutput"):
            return templates[output["StackName"]]["Outputs"][output["OutputName"]]["Value"]
        return {key: resolve(each) for key, each in value.items()}

    resources: dict[str, dict[str, Any]] = {}
    for template in templates.values():
        assert not resources.keys() & template["Resources"].keys()
        resources |= resolve(template["Resources"])
    return resources


def in_stack(
    build: Callable[[Stack], None], *, env: Environment | None = None
) -> Callable[[App], Stack]:
    def build_app(app: App) -> Stack:
        stack = Stack(app, "Loops", env=env)
        build(stack)
        return stack

    return build_app
