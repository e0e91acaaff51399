"""The mappings of custom tasks: a layer of the review handler."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Aws, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from human_loop_events import (
    FieldMapping,
    FlowDefinitions,
    OutputLocation,
    ReviewHandler,
    TaskMapping,
)
from human_loop_events.reviews import mappings as module
from human_loop_reviews.mapping_files import MappingFiles
from tests.infrastructure.cases import new_app

TOWN = FieldMapping(name="Town", path="town")


def handler(
    mappings: dict[str, Any], *, app: App | None = None, name: str = "Loops", **settings: Any
) -> ReviewHandler:
    """Return a review handler that a user creates."""
    stack = Stack(app or new_app(), name)
    bucket = s3.Bucket.from_bucket_name(stack, "Output", "reviews")
    return ReviewHandler(
        stack, "Handler", output=OutputLocation(bucket), mappings=mappings, **settings
    )


def layer_folder(handler: ReviewHandler) -> Path:
    """Synthesize, and return the folder of the layer's only asset."""
    stack = Stack.of(handler)
    app = stack.node.root
    assert isinstance(app, App)
    assembly = Path(app.synth().directory)
    template = json.loads((assembly / stack.template_file).read_text(encoding="utf-8"))
    (layer,) = (
        each
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Lambda::LayerVersion"
    )
    asset = layer["Properties"]["Content"]["S3Key"].removesuffix(".zip")
    return assembly / f"asset.{asset}" / "python" / "human_loop_mappings"


def test_function_has_the_layer_and_its_arn() -> None:
    template = Template.from_stack(Stack.of(handler({"tickets": [TOWN]})))
    (layer,) = template.find_resources("AWS::Lambda::LayerVersion")
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {
            "Layers": [{"Ref": layer}],
            "Environment": {"Variables": Match.object_like({"MAPPINGS_LAYER": {"Ref": layer}})},
        },
    )


@pytest.mark.parametrize("mappings", [None, {}])
def test_without_mappings_there_is_no_layer(mappings: Any) -> None:
    template = Template.from_stack(Stack.of(handler(mappings)))
    template.resource_count_is("AWS::Lambda::LayerVersion", 0)
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    assert "Layers" not in function["Properties"]
    assert "MAPPINGS_LAYER" not in function["Properties"]["Environment"]["Variables"]


@pytest.mark.full
def test_fifty_flow_definitions_with_forty_fields_are_read_as_they_were_given() -> None:
    chance = random.Random(1)  # noqa: S311 - the same names in every run

    def text() -> str:
        return "".join(chance.choices(string.ascii_letters, k=20))

    def field() -> FieldMapping:
        return FieldMapping(name=text(), prediction=f"model.{text()}", answer=text())

    mappings = {
        f"flow-{n}": TaskMapping(fields=[field() for _ in range(40)], sampled=text())
        for n in range(50)
    }
    folder = layer_folder(
        handler(mappings, flow_definitions=FlowDefinitions.from_names(*mappings)),
    )
    assert sum(each.stat().st_size for each in folder.iterdir()) > 150_000
    files = MappingFiles(folder, source="layer")
    assert {name: files.find(name) for name in mappings} == mappings


def test_mapping_in_a_hub_is_in_a_folder_of_account_and_region() -> None:
    tasks = {
        "claims": TaskMapping(fields=[TOWN]),
        "444455556666/us-east-1/claims": TaskMapping(fields=[TOWN], sampled="audit"),
    }
    app = new_app()
    module.create_mappings_layer(Stack(app, "Hub"), "Mappings", tasks)
    folder = Path(app.synth().directory)
    files = sorted(
        each.relative_to(folder).as_posix().partition("/python/")[2]
        for each in folder.glob("asset.*/**/*.json")
    )
    assert files == [
        "human_loop_mappings/444455556666/us-east-1/claims.json",
        "human_loop_mappings/claims.json",
    ]


def test_hash_depends_on_the_mappings_only(tmp_path: Path) -> None:
    claims = [FieldMapping(name="Amount", answer="amount", prediction="model.amount")]

    def asset(mappings: dict[str, Any], folder: str) -> str:
        app = App(analytics_reporting=False, outdir=str(tmp_path / folder))
        return layer_folder(handler(mappings, app=app)).parents[1].name

    one = asset({"tickets": [TOWN], "claims": claims}, "one")
    assert asset({"claims": claims, "tickets": (TOWN,)}, "two") == one
    assert asset({"claims": claims, "tickets": [TOWN]}, "one") == one, "a second synthesis"
    assert asset({"claims": claims}, "three") != one


def test_mappings_that_lambda_does_not_accept_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MAPPINGS_BYTES", 30)
    assert handler({"tickets": [FieldMapping(name="Tow", path="town")]})
    with pytest.raises(ValueError, match=r"mappings: 31 bytes as JSON, but 30 fit into the layer"):
        handler({"tickets": [FieldMapping(name="Töw", path="town")]})


def test_token_in_a_mapping_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mappings\['tickets'\]: .* known at deployment only"):
        handler({"tickets": [FieldMapping(name=Aws.REGION, path="town")]})


def test_layers_of_users_are_added_up_to_the_limit_of_lambda() -> None:
    function = handler({"tickets": [TOWN]}).function
    layers = [
        lambda_.LayerVersion.from_layer_version_arn(
            function, f"Layer{n}", f"arn:aws:lambda:eu-west-1:111122223333:layer:tools:{n}"
        )
        for n in range(1, 6)
    ]
    function.add_layers(*layers[:4])
    with pytest.raises(Exception, match="already uses 5 layers"):
        function.add_layers(layers[4])
