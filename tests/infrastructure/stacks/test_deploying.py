"""What docs/deploying.md says of permissions, pages and removal is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Annotations, RemovalPolicies
from aws_cdk.assertions import Template

from stacks.deployments_file import read_deployments
from stacks.human_loop_stack import HumanLoopStack
from stacks.values import A2I_REGIONS
from tests.infrastructure.cases import new_app, synthesize
from tests.infrastructure.cases.deployments import EVERY_KEY
from tests.infrastructure.test_retention import STATEFUL

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "deploying.md").read_text(encoding="utf-8")
POLICY: dict[str, Any] = json.loads((DOCS / "execution-policy.json").read_text(encoding="utf-8"))

#: Actions for other things than the resources of the template, and what for.
BESIDE_THE_TEMPLATE = {
    "ec2": "Lambda checks subnets and security groups as the caller",
    "ssm": "CloudFormation reads the version of the bootstrap stack",
}


#: Services whose actions have another name than their types of resources.
ACTIONS_OF = {"kinesisfirehose": "firehose"}


def _services(case: str) -> set[str]:
    types = {each["Type"] for each in synthesize(case).template["Resources"].values()}
    services = {each.split("::")[1].lower() for each in types if each != "AWS::CDK::Metadata"}
    return {ACTIONS_OF.get(each, each) for each in services}


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_execution_policy_has_the_services_of_the_templates_and_no_others() -> None:
    used = set.union(*map(_services, ("default-app", "configured-app", "in-a-vpc")))
    allowed = {
        action.partition(":")[0]
        for statement in POLICY["Statement"]
        for action in _listed(statement["Action"])
    }

    assert {"lambda", "kms", "events"} <= used
    assert allowed == used | BESIDE_THE_TEMPLATE.keys()


def test_execution_policy_fits_and_restricts_roles_to_those_of_the_stacks() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= 6144
    for statement in POLICY["Statement"]:
        for action in _listed(statement["Action"]):
            if action.startswith("iam:"):
                assert all("/HumanLoops" in each for each in _listed(statement["Resource"]))
                assert "*" not in action
    (passing,) = (each for each in POLICY["Statement"] if each["Action"] == "iam:PassRole")
    services = passing["Condition"]["StringEquals"]["iam:PassedToService"]
    trusted = {
        statement["Principal"]["Service"]
        for role in synthesize("in-a-vpc").of_type("AWS::IAM::Role").values()
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    }
    assert set(services) == trusted


def test_names_of_the_resources_begin_as_the_execution_policy_says() -> None:
    # CloudFormation makes names of the stack's name, in lower case for buckets.
    (deployment,) = read_deployments({"prod": EVERY_KEY})

    assert deployment.stack_name.startswith("HumanLoops")


@pytest.fixture(scope="module")
def destroyed() -> dict[str, Any]:
    """Return the resources of a stack of a test account, as the page makes it."""
    (deployment,) = read_deployments({"test": {"handler_delivery": {"buffered": True}}})
    stack = HumanLoopStack(new_app(), deployment.stack_name, deployment=deployment)
    Annotations.of(stack).acknowledge_warning("human-loop-events:new-output-bucket", "A test.")
    RemovalPolicies.of(stack).destroy()
    resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return resources


def test_everything_is_deleted_with_the_stack_of_a_test_account(destroyed: dict[str, Any]) -> None:
    stateful = {key: each for key, each in destroyed.items() if each["Type"] in STATEFUL}

    assert len(stateful) > 10
    kept = {key for key, each in destroyed.items() if each.get("DeletionPolicy") != "Delete"}
    assert kept == set()


def test_what_stays_is_named() -> None:
    section = PAGE.partition("## Remove")[2]
    kept = {
        each["Type"].split("::")[1]
        for each in synthesize("buffered").template["Resources"].values()
        if each.get("DeletionPolicy", "Delete") != "Delete"
    }
    assert kept == {"DynamoDB", "KMS", "Logs", "S3", "SNS", "SQS"}
    named = {"DynamoDB": "ledger", "KMS": "key", "Logs": "logs", "S3": "bucket", "SNS": "topics"}
    assert [word for word in (*named.values(), "queues") if word not in section] == []


def test_page_names_every_region_with_a2i() -> None:
    assert [region for region in A2I_REGIONS if f"`{region}`" not in PAGE] == []


def test_headings_that_other_pages_link_exist() -> None:
    headings = {
        re.sub(r"[^\w -]", "", each).lower().replace(" ", "-")
        for each in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    pages = [DOCS / name for name in ("reference.md", "cloudformation.md", "security.md")]
    links = {
        link
        for page in pages
        for link in re.findall(r"\(deploying\.md#([\w-]+)\)", page.read_text(encoding="utf-8"))
    }

    assert links
    assert links <= headings
