"""Where corrected documents are written: what the handler may do there, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match, Template

from human_loop_events import (
    CorrectedDocuments,
    FlowDefinitions,
    HumanLoopEvents,
    HumanLoopHub,
    OutputLocation,
)
from human_loop_events.reviews.corrected_documents import MAX_PREFIX_BYTES
from stacks.create_stacks import create_stacks
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError
from tests.infrastructure.cases import ACCOUNT, REGION, new_app
from tests.infrastructure.cases.case import KNOWN_ENVIRONMENT

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
VIA_S3 = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
DEPLOYMENT: dict[str, Any] = {
    "account": ACCOUNT,
    "region": REGION,
    "output": {"bucket": "example-b", "prefix": "reviews/"},
}


def new_stack() -> Stack:
    return Stack(new_app(), "Loops", env=KNOWN_ENVIRONMENT)


def bucket_of(stack: Stack, name: str = "documents") -> s3.IBucket:
    return s3.Bucket.from_bucket_name(stack, name, name)


def write(stack: Stack, documents: CorrectedDocuments | None) -> Template:
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names("invoices"),
        output=OutputLocation(bucket_of(stack, "outputs"), prefix="reviews/"),
        corrected_documents=documents,
    )
    return Template.from_stack(stack)


def statements_on_documents(template: Template) -> list[dict[str, Any]]:
    """Return the statements of all policies that are about documents or their key."""
    return [
        statement
        for policy in template.find_resources("AWS::IAM::ManagedPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "documents" in str(statement["Resource"]) or KEY in str(statement["Resource"])
    ]


def handler_variables(template: Template) -> dict[str, Any]:
    (function,) = (
        each["Properties"]
        for each in template.find_resources("AWS::Lambda::Function").values()
        if "review_handler" in each["Properties"]["Handler"]
    )
    variables: dict[str, Any] = function["Environment"]["Variables"]
    return variables


@pytest.mark.parametrize("prefix", ["corrected/", "corrected"])
def test_handler_may_put_objects_below_the_prefix_and_nothing_else(prefix: str) -> None:
    stack = new_stack()
    template = write(stack, CorrectedDocuments(bucket_of(stack), prefix=prefix))
    assert statements_on_documents(template) == [
        {
            "Action": "s3:PutObject",
            "Effect": "Allow",
            "Resource": "arn:aws:s3:::documents/corrected/*",
        }
    ]
    variables = handler_variables(template)
    assert variables["CORRECTED_DOCUMENTS"] == "s3://documents/corrected/"
    assert "CORRECTED_DOCUMENTS_KEY" not in variables


def test_given_key_is_used_through_s3_to_make_data_keys_only() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", KEY)
    template = write(stack, CorrectedDocuments(bucket_of(stack), encryption_key=key))
    (_, with_key) = statements_on_documents(template)
    assert with_key == {
        "Action": "kms:GenerateDataKey",
        "Condition": VIA_S3,
        "Effect": "Allow",
        "Resource": KEY,
    }
    assert handler_variables(template)["CORRECTED_DOCUMENTS"] == "s3://documents/"
    assert handler_variables(template)["CORRECTED_DOCUMENTS_KEY"] == KEY


def test_key_of_the_bucket_is_used_without_naming_it_in_each_object() -> None:
    stack = new_stack()
    bucket = s3.Bucket.from_bucket_attributes(
        stack,
        "documents",
        bucket_name="documents",
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY),
    )
    template = write(stack, CorrectedDocuments(bucket))
    assert [each["Action"] for each in statements_on_documents(template)] == [
        "s3:PutObject",
        "kms:GenerateDataKey",
    ]
    assert "CORRECTED_DOCUMENTS_KEY" not in handler_variables(template)


def test_nothing_is_written_by_default() -> None:
    template = write(new_stack(), None)
    assert statements_on_documents(template) == []
    assert "CORRECTED_DOCUMENTS" not in handler_variables(template)


def test_reader_may_get_the_documents_and_use_their_key() -> None:
    stack = new_stack()
    key = kms.Key.from_key_arn(stack, "Key", KEY)
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    CorrectedDocuments(bucket_of(stack), prefix="c/", encryption_key=key).grant_read(reader)
    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [each["Action"] for each in statements] == ["s3:GetObject", "kms:Decrypt"]


def test_handler_of_a_hub_writes_in_the_account_of_the_hub() -> None:
    stack = new_stack()
    HumanLoopEvents(
        stack,
        "HumanLoops",
        event_bus=HumanLoopHub(stack, "Hub", accounts=["444455556666"]),
        corrected_documents=CorrectedDocuments(bucket_of(stack)),
    )
    template = Template.from_stack(stack)
    assert [each["Action"] for each in statements_on_documents(template)] == ["s3:PutObject"]


def test_owner_of_a_bucket_in_another_account_is_warned_of() -> None:
    app = new_app()
    owner = Stack(app, "Owner", env=Environment(account="999988887777", region=REGION))
    bucket = s3.Bucket(owner, "Documents", bucket_name="documents")
    stack = Stack(app, "Loops", env=KNOWN_ENVIRONMENT)
    template = write(stack, CorrectedDocuments(bucket, prefix="c/"))
    assert [each["Action"] for each in statements_on_documents(template)] == ["s3:PutObject"]
    Annotations.from_stack(stack).has_warning(
        "*",
        Match.string_like_regexp(
            "corrected_documents: Owner/Documents is in account 999988887777: its policy must "
            "allow the role of Loops/HumanLoops/ReviewHandler s3:PutObject"
        ),
    )


@pytest.mark.parametrize(
    ("documents", "output"),
    [
        ("reviews/corrected/", "reviews/"),
        ("reviews", "reviews/"),
        ("a/", "a/b/"),
        ("", "reviews/"),
        ("corrected/", ""),
    ],
)
def test_documents_within_the_output_or_around_it_are_refused(documents: str, output: str) -> None:
    stack = new_stack()
    bucket = bucket_of(stack, "shared")
    with pytest.raises(ValueError, match=r"corrected_documents: .* in the same bucket, shared"):
        HumanLoopEvents(
            stack,
            "HumanLoops",
            output=OutputLocation(bucket, prefix=output),
            corrected_documents=CorrectedDocuments(bucket, prefix=documents),
        )


@pytest.mark.parametrize(
    ("documents", "output"), [("corrected/", "reviews/"), ("reviews-corrected/", "reviews")]
)
def test_documents_beside_the_output_are_accepted(documents: str, output: str) -> None:
    stack = new_stack()
    bucket = bucket_of(stack, "shared")
    HumanLoopEvents(
        stack,
        "HumanLoops",
        output=OutputLocation(bucket, prefix=output),
        corrected_documents=CorrectedDocuments(bucket, prefix=documents),
    )


def test_prefix_with_which_no_key_fits_is_refused() -> None:
    bucket = bucket_of(new_stack())
    CorrectedDocuments(bucket, prefix="é" * (MAX_PREFIX_BYTES // 2))
    with pytest.raises(ValueError, match=rf"at most {MAX_PREFIX_BYTES} bytes, because .* got 835"):
        CorrectedDocuments(bucket, prefix="a" * (MAX_PREFIX_BYTES + 1))


def test_deployment_writes_documents() -> None:
    documents = {"bucket": "documents", "prefix": "corrected/", "encryption_key": KEY}
    (stack,) = create_stacks(
        new_app(), read_deployments({"reviews": {**DEPLOYMENT, "corrected_documents": documents}})
    )
    template = Template.from_stack(stack)
    assert [each["Action"] for each in statements_on_documents(template)] == [
        "s3:PutObject",
        "kms:GenerateDataKey",
    ]


@pytest.mark.parametrize(
    ("documents", "says"),
    [
        ({"prefix": "c/"}, "corrected_documents.bucket: "),
        ({"bucket": "documents", "prefix": "/c"}, "corrected_documents.prefix: "),
        (
            {"bucket": "documents", "encryption_key": KEY, "encrypted_by_s3": True},
            "encrypted_by_s3: expected it without encryption_key",
        ),
        (
            {"bucket": "documents", "encryption_key": KEY.replace(REGION, "us-east-1")},
            f"corrected_documents.encryption_key: expected an ARN of Region {REGION}",
        ),
    ],
)
def test_unusable_key_of_a_deployment_is_named(documents: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_deployments({"reviews": {**DEPLOYMENT, "corrected_documents": documents}})
    assert says in str(caught.value)
