"""The templates of the zip: set by their parameters, with local code, and nothing of CDK left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from human_loop_reviews.contract import MAPPINGS_FOLDER
from human_loop_reviews.tasks.mapping_json import parse_task_mapping
from release.distributions import wheel_contents
from release.template_zip import TEMPLATES, TemplateZipError, _localize, zip_contents, zipped
from stacks.template_stack import TemplateStack
from tests.cloudformation_package import PROPERTIES, package
from tests.infrastructure.events.pattern_cases import (
    DOCUMENTED_EVENT,
    event,
    flow_definition,
    matches,
)
from tests.infrastructure.nag import findings
from tests.infrastructure.templates import all_references
from tests.infrastructure.test_cfn_lint import FROM_CDK, lint_rules

PLAIN, WITH_ARCHIVE = TEMPLATES

#: Values of each parameter that CloudFormation must take, and those that it must refuse.
VALUES = {
    "FlowDefinitionNames": (
        ["", "invoices", "a", "a--b", "x" * 63, "invoices,claims", "a,b,c"],
        [
            ",",
            "a,",
            ",a",
            "a,,b",
            "a, b",
            "Invoices",
            "-a",
            "a-",
            'a"',
            "a b",
            "x" * 64,
            flow_definition("invoices"),
        ],
    ),
    "OutputBucket": (
        ["abc", "example-reviews", "a.b-c", "x" * 63],
        ["", "ab", "s3://example-reviews", "example-reviews/", "Example", "x" * 64, "a_b"],
    ),
    "OutputPrefix": (
        ["", "reviews/", "a2i/reviews/", "Team=ML/a.b/"],
        [
            "/",
            "reviews",
            "/reviews/",
            "reviews//",
            "a//b/",
            "s3://bucket/reviews/",
            "a*/",
            "a?/",
            "${aws:username}/",
            "arn:aws:s3:::bucket/",
            " reviews/",
            "reviews/ ",
        ],
    ),
    "OutputKey": (
        [
            "",
            "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000000",
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0a1b",
        ],
        [
            "alias/reviews",
            "0a1b2c3d-0000-4000-8000-000000000000",
            "arn:aws:kms:eu-west-1:111122223333:alias/reviews",
            "arn:aws:kms:*:111122223333:key/*",
        ],
    ),
    "AlertEmail": (["", "ml-oncall@example.com"], ["a", "a@b", "a b@example.com", "a@b.c d"]),
    "Runbook": (["runbook.md", "https://example.com/r"], ["", "our wiki", "a\tb"]),
}

_FIFTY_NAMES = ",".join(f"flow-{number:011}" for number in range(50))


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    return zip_contents()


@pytest.fixture(scope="module")
def templates(contents: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    return {name: json.loads(contents[name]) for name in TEMPLATES}


@pytest.fixture(params=TEMPLATES)
def template(
    request: pytest.FixtureRequest, templates: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    return templates[request.param]


def _resolved(value: Any, names: str) -> Any:
    """Evaluate the functions in a value for a value of FlowDefinitionNames."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return delimiter.join(_resolved(part, names) for part in _resolved(parts, names))
        case {"Fn::Split": [delimiter, text]}:
            return _resolved(text, names).split(delimiter)
        case {"Fn::If": ["HasFlowDefinitionNames", yes, no]}:
            return _resolved(yes if names else no, names)
        case {"Ref": "FlowDefinitionNames"}:
            return names
    return value


def _only(template: dict[str, Any], of_type: str, logical_id: str) -> dict[str, Any]:
    """Return the properties of a resource by its type and the end of its id without the hash."""
    (resource,) = (
        each
        for name, each in template["Resources"].items()
        if each["Type"] == of_type and name[:-8].endswith(logical_id)
    )
    properties: dict[str, Any] = resource["Properties"]
    return properties


def _pattern(template: dict[str, Any], rule: str, names: str) -> dict[str, Any]:
    properties = _only(template, "AWS::Events::Rule", f"Events{rule}")
    pattern: dict[str, Any] = json.loads(_resolved(properties["EventPattern"], names))
    return pattern


def test_interface_and_logical_ids_are_the_accepted_ones(
    templates: dict[str, dict[str, Any]], snapshot: SnapshotAssertion
) -> None:
    template = templates[WITH_ARCHIVE]
    types = {name: each["Type"] for name, each in template["Resources"].items()}

    # The properties of the resources are those of the constructs, which have snapshots.
    assert {**template, "Resources": types} == snapshot(extension_class=JSONSnapshotExtension)


def test_archive_is_added_to_the_same_resources(templates: dict[str, dict[str, Any]]) -> None:
    plain, with_archive = (
        {name: each["Type"] for name, each in templates[which]["Resources"].items()}
        for which in TEMPLATES
    )

    assert plain.items() < with_archive.items()
    assert templates[PLAIN]["Parameters"] == templates[WITH_ARCHIVE]["Parameters"]


def test_code_is_in_local_folders_of_the_zip(
    contents: dict[str, bytes], template: dict[str, Any]
) -> None:
    code = {
        each["Properties"][PROPERTIES[each["Type"]]]
        for each in template["Resources"].values()
        if each["Type"] in PROPERTIES
    }

    assert code == {"./function", "./mappings"}
    assert {name.partition("/")[0] for name in contents if "/" in name} == {"function", "mappings"}


def test_function_is_the_runtime_package(contents: dict[str, bytes]) -> None:
    runtime = {
        f"function/{name}": content
        for name, content in wheel_contents().items()
        if name.startswith("human_loop_reviews/")
    }

    assert len(runtime) > 50
    assert {name: each for name, each in contents.items() if name.startswith("function/")} == (
        runtime
    )


def test_mappings_have_an_example_that_is_valid(contents: dict[str, bytes]) -> None:
    mappings = [name for name in contents if name.startswith("mappings/")]

    assert mappings == [f"mappings/python/{MAPPINGS_FOLDER}/example.json"]
    assert [field.name for field in parse_task_mapping(contents[mappings[0]]).fields] == ["Total"]


def test_zip_has_the_runbook_that_alerts_name(
    contents: dict[str, bytes], template: dict[str, Any]
) -> None:
    assert b"## FailedLoops" in contents[template["Parameters"]["Runbook"]["Default"]]


def test_pages_of_the_zip_link_no_file_that_it_lacks(contents: dict[str, bytes]) -> None:
    pages = [name for name in contents if name.endswith(".md")]
    links = [
        link
        for name in pages
        for link in re.findall(r"\]\(([^)]+)\)", contents[name].decode())
        if not link.startswith(("http", "#"))
    ]

    assert len(pages) == 2
    assert links == []


def test_page_names_the_files_and_the_parameters(
    contents: dict[str, bytes], template: dict[str, Any]
) -> None:
    page = contents["README.md"].decode()
    top = {name.partition("/")[0] for name in contents}

    assert sorted(name for name in top if f"`{name}" not in page) == []
    assert [name for name in template["Parameters"] if f"| `{name}` |" not in page] == []


def test_zip_of_the_same_files_has_the_same_bytes(contents: dict[str, bytes]) -> None:
    other_order = dict(reversed(contents.items()))

    assert zipped(contents, "a") == zipped(other_order, "a")


def test_template_needs_no_bootstrap_stack_and_names_no_resource(template: dict[str, Any]) -> None:
    written = json.dumps(template)
    names = {
        (each["Type"], name)
        for each in template["Resources"].values()
        for name in each["Properties"]
        if name in ("TableName", "QueueName", "TopicName", "RoleName", "BucketName", "AlarmName")
        or (name == "Name" and each["Type"] != "AWS::Athena::NamedQuery")
    }

    assert "Rules" not in template
    assert re.search(r"BootstrapVersion|cdk-hnb|AssetParameters|[0-9a-f]{64}", written) is None
    assert "AWS::CDK::Metadata" not in written
    # Athena requires a name.
    assert names <= {("AWS::Athena::WorkGroup", "Name")}


def test_every_parameter_is_described_grouped_and_used(template: dict[str, Any]) -> None:
    parameters = template["Parameters"]
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    used = set(all_references(template["Resources"])) | set(all_references(template["Conditions"]))

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(parameters)
    assert set(parameters) <= used
    assert set(parameters) == set(VALUES)
    assert [name for name, each in parameters.items() if "Default" not in each] == ["OutputBucket"]
    for parameter in parameters.values():
        assert parameter["Description"].endswith(".")
        assert parameter["ConstraintDescription"].startswith("expected ")


@pytest.mark.parametrize("name", VALUES)
def test_pattern_of_a_parameter_takes_what_is_right(name: str, template: dict[str, Any]) -> None:
    pattern = template["Parameters"][name]["AllowedPattern"]
    right, wrong = VALUES[name]

    assert [each for each in right if not re.fullmatch(pattern, each)] == []
    assert [each for each in wrong if re.fullmatch(pattern, each)] == []


@pytest.mark.parametrize(
    ("names", "matched"),
    [("", True), ("invoices", True), ("claims,invoices", True), ("invoice,claims", False)],
)
@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped", "InProgress"])
def test_rules_match_the_named_flow_definitions_or_all(
    names: str, matched: bool, status: str, template: dict[str, Any]
) -> None:
    ended = event(humanLoopStatus=status, flowDefinitionArn=flow_definition("invoices"))

    changed = matches(_pattern(template, "StatusChange", names), ended)
    failed = matches(_pattern(template, "Failed", names), ended)

    assert changed == (matched and status != "InProgress")
    assert failed == (matched and status == "Failed")


def test_every_rule_on_human_loops_has_the_names(template: dict[str, Any]) -> None:
    written = [
        json.dumps(each["Properties"]["EventPattern"])
        for each in template["Resources"].values()
        if "EventPattern" in each["Properties"]
    ]
    on_loops = [each for each in written if "HumanLoop Status Change" in each]

    assert len(on_loops) == 2
    assert all("FlowDefinitionNames" in each for each in on_loops)


def test_documented_event_is_matched(template: dict[str, Any]) -> None:
    assert matches(_pattern(template, "StatusChange", ""), DOCUMENTED_EVENT)


def test_fifty_names_of_sixteen_characters_fit(template: dict[str, Any]) -> None:
    pattern = _pattern(template, "StatusChange", _FIFTY_NAMES)
    variables = _only(template, "AWS::Lambda::Function", "ReconcilerFunction")["Environment"]
    environment = _resolved(variables["Variables"]["FLOW_DEFINITIONS"], _FIFTY_NAMES)

    assert len(json.dumps(pattern, separators=(",", ":"))) <= 2048
    assert len(environment) <= 3072


@pytest.mark.parametrize(
    ("names", "expected"), [("", []), ("a", ["a"]), ("invoices,claims", ["invoices", "claims"])]
)
def test_reconciler_has_the_names(
    names: str, expected: list[str], template: dict[str, Any]
) -> None:
    variables = _only(template, "AWS::Lambda::Function", "ReconcilerFunction")["Environment"]

    assert json.loads(_resolved(variables["Variables"]["FLOW_DEFINITIONS"], names)) == expected


def test_handler_reads_output_below_the_prefix_only(template: dict[str, Any]) -> None:
    policy = _only(template, "AWS::IAM::ManagedPolicy", "ReviewHandlerOutputPolicy")
    allowed = {each["Action"]: each for each in policy["PolicyDocument"]["Statement"]}
    bucket, prefix = {"Ref": "OutputBucket"}, {"Ref": "OutputPrefix"}
    arn = ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", bucket]

    assert sorted(allowed) == ["kms:Decrypt", "s3:GetObject", "s3:ListBucket"]
    assert allowed["s3:GetObject"]["Resource"] == {"Fn::Join": ["", [*arn, "/", prefix, "*"]]}
    listed = allowed["s3:ListBucket"]["Condition"]["StringLike"]["s3:prefix"]
    assert listed == [{"Fn::Join": ["", [prefix, "*"]]}]
    given, own = allowed["kms:Decrypt"]["Resource"]["Fn::If"][1:]
    assert given == {"Ref": "OutputKey"}
    assert template["Resources"][own["Fn::GetAtt"][0]]["Type"] == "AWS::KMS::Key"


def test_output_of_the_key_is_there_if_there_is_a_key(template: dict[str, Any]) -> None:
    assert template["Outputs"]["OutputKeyArn"] == {
        "Value": {"Ref": "OutputKey"},
        "Condition": "HasOutputKey",
    }


def test_packaged_template_has_no_errors_and_no_warnings(
    contents: dict[str, bytes], templates: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    put: dict[str, bytes] = {}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)

    packaged = package(templates[WITH_ARCHIVE], tmp_path, "artifacts", put.__setitem__)

    assert len(put) == 2
    assert lint_rules(json.dumps(packaged)) <= set(FROM_CDK)


@pytest.mark.full
def test_stack_has_no_findings_with_the_longest_name(templates: dict[str, dict[str, Any]]) -> None:
    app = App(analytics_reporting=False)
    TemplateStack(app, "S" * 128, outcome_archive=True)

    template = app.synth().get_stack_by_name("S" * 128).template

    assert findings(app) == set()
    assert template.keys() == templates[WITH_ARCHIVE].keys()


@pytest.mark.parametrize("left", ["a" * 64, "c" * 64])
def test_asset_without_a_folder_is_refused(left: str, tmp_path: Path) -> None:
    def function(asset: str) -> dict[str, Any]:
        return {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": f"{asset}.zip"}}}

    template = {
        "Resources": {
            "One": function("a" * 64),
            "Two": function("b" * 64)
            if left[0] == "a"
            else {"Type": "AWS::Glue::Job", "Properties": {"Script": f"{left}.zip"}},
        }
    }

    with pytest.raises(TemplateZipError, match=r"other code|without a folder"):
        _localize(template, {"a" * 64: {}, left: {}}, tmp_path)
