"""Every key of a deployment does something in its stack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2

from human_loop_events import HumanLoopEvents
from human_loop_reviews.callback_contract import CALLBACKS_ENTRY_POINT
from stacks.create_stacks import create_stacks
from stacks.deployment import Deployment
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError, fields_within, model_of
from tests.infrastructure.cases import ACCOUNT, REGION, new_app
from tests.infrastructure.cases.deployments import EVERY_KEY
from tests.infrastructure.nag import findings
from tests.infrastructure.test_cfn_lint import FROM_CDK, lint_rules

#: What each key must leave in the template of the case with every key.
IN_THE_TEMPLATE = {
    "flow_definitions": '"/invoices"',
    "statuses": '"humanLoopStatus":["Completed","Failed"]',
    "event_bus": '"EventBusName":"human-loops"',
    "output.bucket": ":s3:::example-output",
    "output.prefix": "/reviews/claims/*",
    "output.encryption_key": "key/00000000-0000-0000-0000-000000000001",
    "corrected_documents.bucket": '"CORRECTED_DOCUMENTS":"s3://example-documents/',
    "corrected_documents.prefix": ":s3:::example-documents/corrected/*",
    "corrected_documents.encryption_key": "key/00000000-0000-0000-0000-000000000011",
    "topic.arn": f'"Arn":"arn:aws:sns:{REGION}:{ACCOUNT}:systems"',
    "topic.encryption_key": "key/00000000-0000-0000-0000-000000000002",
    "queue.arn": f'"Arn":"arn:aws:sqs:{REGION}:{ACCOUNT}:consumers"',
    "handler.mappings": '"MAPPINGS_LAYER"',
    "handler.include_values": '"INCLUDE_VALUES":"true"',
    "handler.include_failure_reason": '"INCLUDE_FAILURE_REASON":"false"',
    "handler.allowed_field_names": r'"ALLOWED_FIELD_NAMES":"[\"Total\"]"',
    "handler.ledger.arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger",
    "handler.ledger.encryption_key": "key/00000000-0000-0000-0000-000000000003",
    "handler.ledger.retention": '"LEDGER_RETENTION_DAYS":"90"',
    "handler.outcome_bus": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/outcomes",
    "handler.log_retention": '"RetentionInDays":30',
    "handler.max_output_size": '"MAX_OUTPUT_BYTES":"16777216"',
    "handler.memory_size": '"MemorySize":2048',
    "handler.timeout": '"Timeout":300',
    "handler.reserved_concurrent_executions": '"ReservedConcurrentExecutions":7',
    "handler_delivery.buffered": "AWS::Lambda::EventSourceMapping",
    "handler_delivery.max_concurrency": '"MaximumConcurrency":5',
    "handler_delivery.retry_for": '"maxReceiveCount":24',
    "alerts.topic.arn": f'"AlarmActions":["arn:aws:sns:{REGION}:{ACCOUNT}:alerts"]',
    "alerts.topic.encryption_key": "key/00000000-0000-0000-0000-000000000004",
    "alerts.alert_format": "HumanLoopFailed",
    "alerts.runbook": "Runbook: https://wiki.example.com/loops#failedloops",
    "alerts.failure_threshold": '"Threshold":3',
    "alerts.failure_period": '"Period":900',
    "alerts.failure_evaluation_periods": '"EvaluationPeriods":2',
    "alerts.ok_actions": '"OKActions"',
    "alert_emails": '"Endpoint":"ml-oncall@example.com"',
    "alert_on_silence.days": "no event for 3 days",
    "alert_on_low_agreement.threshold": '"Threshold":0.8',
    "alert_on_low_agreement.period": '"Period":43200',
    "delivery.encryption_key": "key/00000000-0000-0000-0000-000000000005",
    "delivery.dead_letter_queue.arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead-letters",
    "delivery.max_event_age": '"MaximumEventAgeInSeconds":21600',
    "delivery.retry_attempts": '"MaximumRetryAttempts":20',
    "reconciler.schedule": '"rate(30 minutes)"',
    "reconciler.look_back": '"LOOK_BACK_DAYS":"12"',
    "reconciler.max_open_age": '"Threshold":86400',
    "reconciler.log_retention": '"RetentionInDays":7',
    "archive.retention": '"RetentionDays":30',
    "outcome_archive.enabled": "AWS::Athena::WorkGroup",
    "outcome_archive.expiration": '"ExpirationInDays":730',
    "outcome_archive.result_expiration": '"ExpirationInDays":14',
    "outcome_archive.access_log_expiration": '"ExpirationInDays":120',
    "outcome_archive.scan_limit": '"BytesScannedCutoffPerQuery":5368709120',
    "outcome_archive.log_retention": '"RetentionInDays":5',
    "dashboard": "AWS::CloudWatch::Dashboard",
    "vpc.subnet_ids": '"SubnetIds":["subnet-0123456789abcdef0","subnet-0123456789abcdef1"]',
    "vpc.security_group_ids": '"SecurityGroupIds":["sg-0123456789abcdef0"]',
    "permissions_boundary": f"iam::{ACCOUNT}:policy/developers",
}

#: Keys with a test of their own below.
TESTED_BELOW = {
    "account",
    "region",
    "admits",  # in test_hub_deployments.py
    "hub",  # in test_hub_deployments.py
    "alerts.include_failure_reason",
    "callbacks",
    "corrected_documents.encrypted_by_s3",
    "delivery.authorize_using_role",
    "delivery.dead_letter_queue.encryption_key",
    "delivery.earlier_encryption_keys",
    "further_outputs",  # in test_output_locations.py
    "handler.hash_field_names",
    "handler.ledger_retention",
    "output.encrypted_by_s3",
    "output_bucket.access_log_expiration",
    "output_bucket.expiration",
    "output_bucket.noncurrent_version_expiration",
    "queue.encryption_key",
    "queue.retention_period",
    "queue.visibility_timeout",
    "reconciler.enabled",
    "tags",
    "termination_protection",
}


def _synthesized(entry: dict[str, Any], app: App | None = None) -> Any:
    app = app or new_app()
    if not {"output", "output_bucket", "admits"} & entry.keys():
        entry = {**entry, "output_bucket": {}}
    create_stacks(app, read_deployments({"prod": entry}))
    return app.synth().get_stack_by_name("HumanLoops-prod")


@pytest.fixture(scope="module")
def every_key() -> Any:
    return _synthesized(EVERY_KEY)


@pytest.fixture(scope="module")
def template(every_key: Any) -> str:
    return json.dumps(every_key.template, separators=(",", ":"))


@pytest.mark.parametrize("key", IN_THE_TEMPLATE)
def test_key_is_in_the_template(key: str, template: str) -> None:
    assert IN_THE_TEMPLATE[key] in template


def test_stack_with_every_key_has_no_findings_and_no_warnings() -> None:
    app = new_app()
    template = _synthesized(EVERY_KEY, app).template

    assert findings(app) == set()
    assert lint_rules(json.dumps(template)) <= set(FROM_CDK)


def test_every_key_is_tested() -> None:
    leaves = {name for name, field in fields_within(Deployment) if model_of(field) is None}

    assert IN_THE_TEMPLATE.keys() | TESTED_BELOW == leaves
    assert not IN_THE_TEMPLATE.keys() & TESTED_BELOW


_EARLIER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000009"


@pytest.fixture(scope="module")
def others() -> Any:
    return _synthesized(
        {
            "account": ACCOUNT,
            "region": REGION,
            "handler": {"hash_field_names": True, "ledger_retention": "90 days"},
            "alerts": {"include_failure_reason": False},
            "delivery": {
                "authorize_using_role": False,
                "earlier_encryption_keys": [_EARLIER_KEY],
            },
            "dashboard": False,
            "queue": {"visibility_timeout": "30 minutes", "retention_period": "4 days"},
            "reconciler": {"enabled": False},
            "output_bucket": {
                "expiration": "730 days",
                "noncurrent_version_expiration": "30 days",
                "access_log_expiration": "90 days",
            },
            "tags": {"cost-centre": "1"},
            "termination_protection": True,
        }
    )


def test_new_queue_has_its_times(others: Any) -> None:
    queues = [
        each["Properties"]
        for each in others.template["Resources"].values()
        if each["Type"] == "AWS::SQS::Queue"
    ]
    assert [each["MessageRetentionPeriod"] for each in queues if "VisibilityTimeout" in each] == [
        4 * 24 * 3600
    ]
    assert [each["VisibilityTimeout"] for each in queues if "VisibilityTimeout" in each] == [1800]


def test_earlier_keys_can_be_used_by_the_functions(others: Any) -> None:
    assert json.dumps(others.template).count(f'"{_EARLIER_KEY}"') >= 3


def test_stack_is_for_the_account_and_region(others: Any) -> None:
    assert (others.environment.account, others.environment.region) == (ACCOUNT, REGION)


def test_stack_has_tags_and_termination_protection(others: Any) -> None:
    assert others.tags == {"cost-centre": "1"}
    assert others.termination_protection is True


def test_settings_of_privacy_are_in_the_functions(others: Any) -> None:
    template = json.dumps(others.template, separators=(",", ":"))

    assert '"FIELD_NAMES":"hashed"' in template
    assert '"LEDGER_RETENTION_DAYS":"90"' in template
    assert "$.detail.failureReason" not in template


def test_there_is_no_dashboard_where_it_is_off(others: Any) -> None:
    types = {each["Type"] for each in others.template["Resources"].values()}

    assert "AWS::CloudWatch::Alarm" in types
    assert "AWS::CloudWatch::Dashboard" not in types
    assert not [name for name in others.template["Outputs"] if "Dashboard" in name]


def test_dashboard_and_archive_are_outputs(every_key: Any) -> None:
    outputs = every_key.template["Outputs"]

    assert f"https://{REGION}.console.aws.amazon.com/cloudwatch/home" in str(
        outputs["DashboardUrl"]
    )
    assert {"DashboardName", "ArchiveArn"} <= outputs.keys()
    assert {"OutcomeArchiveLocation", "OutcomeArchiveWorkGroupName"} <= outputs.keys()
    assert "event-bus/human-loops,FilterArns=" in str(outputs["ReplayDestination"])


def test_new_bucket_lets_expire_what_the_deployment_says(others: Any) -> None:
    rules = [
        each["Properties"]["LifecycleConfiguration"]["Rules"]
        for each in others.template["Resources"].values()
        if each["Type"] == "AWS::S3::Bucket"
    ]

    days = [
        (rule["ExpirationInDays"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
        for (rule,) in rules
    ]
    assert sorted(days) == [(90, 30), (730, 30)]


def test_executions_can_wait_where_callbacks_are_on() -> None:
    entry = {key: EVERY_KEY[key] for key in ("account", "region", "output", "vpc")}
    template = _synthesized({**entry, "callbacks": True}).template
    functions = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Properties"].get("Handler") == CALLBACKS_ENTRY_POINT
    ]

    assert len(functions) == 1
    assert functions[0]["VpcConfig"]["SubnetIds"] == EVERY_KEY["vpc"]["subnet_ids"]
    assert {"CallbacksArn", "CallbacksName", "CallbacksDeadLetterQueueUrl"} <= set(
        template["Outputs"]
    )


def test_callbacks_need_all_statuses() -> None:
    with pytest.raises(ConfigurationError, match=r"prod: .*does not receive Failed, Stopped loops"):
        _synthesized({"callbacks": True, "statuses": ["Completed"]})


def test_there_is_no_role_and_no_reconciler_where_they_are_off(others: Any) -> None:
    resources = others.template["Resources"]

    assert resources
    assert not [each for each in resources if "DeliveryRole" in each or "Reconciler" in each]
    assert "ReconcilerName" not in others.template["Outputs"]


def test_flow_definitions_of_another_account_have_no_reconciler_in_a_vpc_either() -> None:
    arn = f"arn:aws:sagemaker:{REGION}:444455556666:flow-definition/invoices"
    keys = ("account", "region", "output", "vpc")
    entry = {key: EVERY_KEY[key] for key in keys}

    template = _synthesized({**entry, "event_bus": "hub", "flow_definitions": [arn]}).template

    assert not [each for each in template["Resources"] if "Reconciler" in each]


@pytest.mark.parametrize("place", ["output", "corrected_documents"])
@pytest.mark.parametrize("encrypted_by_s3", [False, True])
def test_unknown_encryption_of_a_bucket_is_warned_of(place: str, encrypted_by_s3: bool) -> None:
    entry = {
        "account": ACCOUNT,
        "region": REGION,
        "output": {"bucket": "example-output", "encrypted_by_s3": True},
        place: {"bucket": "example-bucket", "encrypted_by_s3": encrypted_by_s3},
    }

    warnings = [str(each.entry.data) for each in _synthesized(entry).messages]

    assert any("its default encryption" in each for each in warnings) is not encrypted_by_s3


def test_keys_of_queues_are_used_in_warnings(every_key: Any) -> None:
    # The key of an imported queue needs a statement that only its owner can add.
    warnings = " ".join(str(each.entry.data) for each in every_key.messages)

    for key in ("queue", "delivery.dead_letter_queue"):
        entry: Any = EVERY_KEY
        for name in key.split("."):
            entry = entry[name]
        assert (
            f"The policy of key {entry['encryption_key']} cannot be changed from here" in warnings
        )


def test_every_role_has_the_permissions_boundary(every_key: Any) -> None:
    resources = every_key.template["Resources"].values()
    roles = [each["Properties"] for each in resources if each["Type"] == "AWS::IAM::Role"]

    assert len(roles) == 4
    assert [role for role in roles if "PermissionsBoundary" not in role] == []


def test_security_groups_without_a_vpc_are_refused() -> None:
    stack = Stack(new_app(), "Stack")
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-01234567")

    with pytest.raises(ValueError, match="security_groups: expected vpc with it, got none"):
        HumanLoopEvents(stack, "HumanLoops", handler={"security_groups": [group]})


def test_code_in_a_vpc_cannot_use_the_permissions_on_network_interfaces(every_key: Any) -> None:
    resources = every_key.template["Resources"].values()
    statements = [
        statement
        for each in resources
        if each["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
        if "ec2:CreateNetworkInterface" in statement["Action"]
    ]

    assert [each["Effect"] for each in statements] == ["Allow", "Deny", "Allow", "Deny"]
    for each in statements:
        condition = each.get("Condition", {}).get("ArnLike", {})
        assert ("lambda:SourceFunctionArn" in condition) == (each["Effect"] == "Deny")
    for allowed, denied in (statements[:2], statements[2:]):
        network = [action for action in allowed["Action"] if action.startswith("ec2:")]
        assert network == denied["Action"]
