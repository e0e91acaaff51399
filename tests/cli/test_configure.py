"""``human-loops configure``: what it prints, the app takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stacks.deployments_file import read_deployments
from tests.cli.conftest import ACCOUNT, REGION, Answer, run

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FORMS = "AWS/Textract/AnalyzeDocument/Forms/V1"


class Account:
    """The flow definitions of an account, as SageMaker describes them."""

    def __init__(self) -> None:
        self.flows: dict[str, dict[str, Any]] = {}

    def add(
        self, name: str, path: str, *, key: str = "", task: str = "", status: str = "Active"
    ) -> None:
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
        self.flows[name] = {
            "FlowDefinitionName": name,
            "FlowDefinitionArn": f"{arn}:flow-definition/{name}",
            "FlowDefinitionStatus": status,
            "CreationTime": 1,
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/flow",
            "OutputConfig": {"S3OutputPath": path, **({"KmsKeyId": key} if key else {})},
            **(
                {"HumanLoopRequestSource": {"AwsManagedHumanLoopRequestSource": task}}
                if task
                else {}
            ),
        }

    def list(self, request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        """Answer one flow definition a page."""
        names = sorted(self.flows)
        start = int(request.get("NextToken", 0))
        answer = {"FlowDefinitionSummaries": [self.flows[name] for name in names[start:][:1]]}
        if start + 1 < len(names):
            answer["NextToken"] = str(start + 1)  # type: ignore[assignment]
        return 200, {}, json.dumps(answer).encode()

    def describe(self, request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        return 200, {}, json.dumps(self.flows[request["FlowDefinitionName"]]).encode()


@pytest.fixture
def account(answers: Callable[[str, Answer], None]) -> Any:
    account = Account()
    answers("sagemaker.ListFlowDefinitions", account.list)
    answers("sagemaker.DescribeFlowDefinition", account.describe)

    def describe_key(request: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
        assert request["KeyId"] == "alias/reviews"
        return 200, {}, json.dumps({"KeyMetadata": {"KeyId": "1", "Arn": KEY}}).encode()

    answers("kms.DescribeKey", describe_key)
    with mock_aws():
        yield account


def configured(*arguments: str) -> dict[str, Any]:
    """Return the deployments, which the app takes."""
    result = run("configure", *arguments)
    assert result.exit_code == 0, result.output
    deployments: dict[str, Any] = json.loads(result.stdout)["deployments"]
    assert len(read_deployments(deployments)) == len(deployments)
    return deployments


def test_one_bucket_gives_one_deployment(account: Account) -> None:
    account.add("invoices", "s3://reviews/a2i/invoices", task=FORMS)
    account.add("claims", "s3://reviews/a2i/claims/", task=FORMS)
    assert configured() == {
        "reviews": {
            "account": ACCOUNT,
            "region": REGION,
            "flow_definitions": ["claims", "invoices"],
            "output": {"bucket": "reviews", "prefix": "a2i/"},
        }
    }


@pytest.mark.parametrize(
    ("paths", "prefixes"),
    [
        (["s3://reviews"], [None]),
        (["s3://reviews/"], [None]),
        (["s3://reviews/a"], ["a/"]),
        (["s3://reviews/x y#z"], ["x y#z/"]),
        (["s3://reviews/x/flow-0", "s3://reviews/x/flow-1"], ["x/"]),
        (["s3://reviews/a", "s3://reviews/ab"], ["a/", "ab/"]),
        (["s3://reviews/x/a", "s3://reviews/x/ab"], ["x/a/", "x/ab/"]),
        (["s3://reviews/x", "s3://reviews"], [None, "x/"]),
    ],
)
def test_prefix_lets_the_handler_read_all_outputs(
    account: Account, paths: list[str], prefixes: list[str | None]
) -> None:
    for number, path in enumerate(paths):
        account.add(f"flow-{number}", path)
    assert [each["output"].get("prefix") for each in configured().values()] == prefixes


def test_buckets_and_keys_give_deployments_of_their_own(account: Account) -> None:
    account.add("one", "s3://reviews.example/a")
    account.add("two", "s3://reviews.example/a", key=KEY)
    account.add("three", "s3://reviews.example/a", key="alias/reviews")
    account.add("four", "s3://others")
    deployments = configured()
    told = {
        name: (each["flow_definitions"], each["output"].get("encryption_key"))
        for name, each in deployments.items()
    }
    assert told == {
        "others": (["four"], None),
        "reviews-example": (["one"], None),
        "reviews-example-2": (["three", "two"], KEY),
    }


@pytest.mark.parametrize(
    ("encryption", "output"),
    [
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, {"encryption_key": KEY}),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/reviews"}, {"encryption_key": KEY}),
        ({"SSEAlgorithm": "aws:kms"}, {"encrypted_by_s3": True}),
        (
            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"},
            {"encrypted_by_s3": True},
        ),
        ({"SSEAlgorithm": "AES256"}, {"encrypted_by_s3": True}),
    ],
)
def test_key_of_the_bucket_is_that_of_a_flow_definition_without_one(
    account: Account, encryption: dict[str, str], output: dict[str, Any]
) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="reviews")
    s3.put_bucket_encryption(
        Bucket="reviews",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": encryption}]
        },
    )
    account.add("one", "s3://reviews")
    assert configured()["reviews"]["output"] == {"bucket": "reviews", **output}


def test_bucket_without_an_encryption_configuration_has_no_key(account: Account) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="reviews")
    account.add("one", "s3://reviews")
    assert configured()["reviews"]["output"] == {"bucket": "reviews", "encrypted_by_s3": True}


def test_bucket_with_encryption_that_cannot_be_read_is_named(account: Account) -> None:
    account.add("one", "s3://reviews")
    result = run("configure")
    assert "The default encryption of reviews cannot be read." in result.stderr
    assert json.loads(result.stdout)["deployments"]["reviews"]["output"] == {"bucket": "reviews"}


def test_named_flow_definitions_only(account: Account) -> None:
    account.add("one", "s3://reviews")
    account.add("two", "s3://others")
    assert [*configured("--flow", "two")] == ["others"]
    assert [*configured("--flow", account.flows["one"]["FlowDefinitionArn"])] == ["reviews"]


def test_flow_definition_that_does_not_exist_is_told(account: Account) -> None:
    account.add("one", "s3://reviews")
    result = run("configure", "--flow", "On")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: no flow definition On is known here (did you mean one?)\n"
        "Known flow definitions: one.\n"
    )


def test_flow_definition_that_is_not_active_is_named(account: Account) -> None:
    account.add("one", "s3://reviews", status="Failed")
    result = run("configure", "--flow", "one")
    assert result.exit_code == 1
    assert "the flow definition one is not active" in result.stderr


def test_account_without_flow_definitions_is_told(account: Account) -> None:
    account.add("broken", "s3://reviews", status="Failed")
    result = run("configure")
    assert result.exit_code == 1
    assert "there is no active flow definition in eu-west-1" in result.stderr


def test_custom_tasks_and_inactive_flow_definitions_are_told(account: Account) -> None:
    account.add("tickets", "s3://reviews")
    account.add("invoices", "s3://reviews", task=FORMS)
    account.add("old", "s3://reviews", status="Deleting")
    result = run("configure")
    assert "only with mappings: tickets\n" in result.stderr
    assert "not active: old\n" in result.stderr
