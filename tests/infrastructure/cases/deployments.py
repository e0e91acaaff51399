"""Cases of deployments, as cdk.json has them."""

from __future__ import annotations

from typing import Any

from aws_cdk import App, Stack

from stacks.deployment import Deployment
from stacks.deployments_file import read_deployments
from stacks.human_loop_stack import HumanLoopStack
from tests.infrastructure.cases.case import (
    ACCOUNT,
    REGION,
    Case,
)


def _default_app(app: App) -> Stack:
    deployment = Deployment()
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


def _configured_app(app: App) -> Stack:
    (deployment,) = read_deployments(
        {
            "prod": {
                "account": ACCOUNT,
                "region": REGION,
                "flow_definitions": ["invoices", "claims"],
                "statuses": ["Completed", "Failed"],
                "output": {
                    "bucket": "example-output",
                    "prefix": "reviews/",
                    "encryption_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
                    "00000000-0000-0000-0000-000000000001",
                },
                "handler": {
                    "include_values": True,
                    "mappings": {
                        "claims": [
                            {"name": "Amount", "prediction": "model.amount", "answer": "amount"}
                        ]
                    },
                },
                "handler_delivery": {"buffered": True},
                "alerts": {"alert_format": "JSON", "failure_threshold": 5},
                "alert_emails": ["ml-oncall@example.com"],
            }
        }
    )
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


def _existing(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _existing_key(number: int) -> str:
    return _existing("kms", f"key/00000000-0000-0000-0000-{number:012}")


#: A deployment with every key that can be there together.
EVERY_KEY: dict[str, Any] = {
    "account": ACCOUNT,
    "region": REGION,
    "flow_definitions": ["invoices", "claims"],
    "statuses": ["Completed", "Failed"],
    "event_bus": "human-loops",
    "output": {
        "bucket": "example-output",
        "prefix": "reviews/",
        "encryption_key": _existing_key(1),
    },
    "corrected_documents": {
        "bucket": "example-documents",
        "prefix": "corrected/",
        "encryption_key": _existing_key(11),
    },
    "topic": {"arn": _existing("sns", "systems"), "encryption_key": _existing_key(2)},
    "queue": {"arn": _existing("sqs", "consumers"), "encryption_key": _existing_key(6)},
    "handler": {
        "mappings": {
            "claims": [{"name": "Amount", "prediction": "model.amount", "answer": "amount"}]
        },
        "include_values": True,
        "include_failure_reason": False,
        "allowed_field_names": ["Total"],
        "ledger": {
            "arn": _existing("dynamodb", "table/ledger"),
            "encryption_key": _existing_key(3),
            "retention": "90 days",
        },
        "outcome_bus": _existing("events", "event-bus/outcomes"),
        "log_retention": "ONE_MONTH",
        "max_output_size": "16 MiB",
        "memory_size": 2048,
        "timeout": "5 minutes",
        "reserved_concurrent_executions": 7,
    },
    "handler_delivery": {"buffered": True, "max_concurrency": 5, "retry_for": "12 hours"},
    "alerts": {
        "topic": {"arn": _existing("sns", "alerts"), "encryption_key": _existing_key(4)},
        "alert_format": "CHAT",
        "runbook": "https://wiki.example.com/loops",
        "failure_threshold": 3,
        "failure_period": "15 minutes",
        "failure_evaluation_periods": 2,
        "ok_actions": True,
    },
    "alert_emails": ["ml-oncall@example.com"],
    "alert_on_silence": {"days": 3},
    "alert_on_low_agreement": {"threshold": 0.8, "period": "12 hours"},
    "delivery": {
        "encryption_key": _existing_key(5),
        "dead_letter_queue": {
            "arn": _existing("sqs", "dead-letters"),
            "encryption_key": _existing_key(7),
        },
        "max_event_age": "6 hours",
        "retry_attempts": 20,
    },
    "reconciler": {
        "schedule": "30 minutes",
        "look_back": "12 days",
        "max_open_age": "1 day",
        "log_retention": "ONE_WEEK",
    },
    "archive": {"retention": "30 days"},
    "outcome_archive": {
        "enabled": True,
        "expiration": "730 days",
        "result_expiration": "14 days",
        "access_log_expiration": "120 days",
        "scan_limit": "5 GiB",
        "log_retention": "FIVE_DAYS",
    },
    "vpc": {
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "security_group_ids": ["sg-0123456789abcdef0"],
    },
    "permissions_boundary": "developers",
}


def _in_a_vpc(app: App) -> Stack:
    keys = ("account", "region", "output", "vpc", "outcome_archive")
    (deployment,) = read_deployments({"prod": {key: EVERY_KEY[key] for key in keys}})
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


CASES = (
    Case("default-app", _default_app),
    Case("configured-app", _configured_app),
    Case("in-a-vpc", _in_a_vpc),
)
