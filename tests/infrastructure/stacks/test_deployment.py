"""A deployment is right, or an error with a line for every fault in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from human_loop_events import FieldMapping, FlowDefinitions, TaskMapping
from stacks.deployment import Deployment
from stacks.deployments_file import read_deployments
from stacks.faults import ConfigurationError, fields_within
from tests.infrastructure.cases import ACCOUNT, REGION
from tests.infrastructure.events.pattern_cases import flow_definition

KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
OUTCOME_BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/outcomes"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:events"
HERE: dict[str, Any] = {"account": ACCOUNT, "region": REGION}


def _faults(entry: Any) -> list[str]:
    """Return the faults in a deployment `prod`, without its name."""
    with pytest.raises(ConfigurationError) as error:
        read_deployments({"prod": entry})
    faults = str(error.value).splitlines()
    assert all(each.startswith("deployments.prod") for each in faults)
    return [each.removeprefix("deployments.prod.") for each in faults]


def made(**values: Any) -> Deployment:
    """Make a deployment of values as a file has them."""
    return Deployment(**values)


def _nested(key: str, value: Any) -> dict[str, Any]:
    """Return a deployment with one key, such as handler.memory_size."""
    name, _, within = key.partition(".")
    return {name: _nested(within, value) if within else value}


def test_defaults_are_left_to_the_constructs() -> None:
    deployment = Deployment()

    assert deployment.stack_name == "HumanLoops"
    assert deployment.flow_definitions_matched == FlowDefinitions.all()
    # The dashboard is the app's: the construct has none by itself.
    assert {name for name, value in deployment.given().items() if value is True} == {"dashboard"}


@pytest.mark.parametrize(
    ("values", "matched"),
    [
        (["invoices", "claims"], FlowDefinitions.from_names("invoices", "claims")),
        ([flow_definition("invoices")], FlowDefinitions.from_arns(flow_definition("invoices"))),
    ],
)
def test_flow_definitions_are_names_or_arns(values: list[str], matched: FlowDefinitions) -> None:
    assert made(**HERE, flow_definitions=values).flow_definitions_matched == matched


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("account", 111122223333, "expected 12 digits in quotes"),
        ("account", "1234", "expected 12 digits in quotes"),
        ("region", "Ireland", "expected a Region such as eu-west-1"),
        ("flow_definitions", "invoices", "expected a list of names, or one of ARNs, with at least"),
        ("flow_definitions", [""], "expected a list of names, or one of ARNs, with at least one"),
        ("flow_definitions", [1], "expected a list of names, or one of ARNs, with at least one"),
        ("flow_definitions", [], "expected a list of names, or one of ARNs, with at least one"),
        ("statuses", ["InProgress"], "expected a list of Completed, Failed, Stopped, with at"),
        ("statuses", "Failed", "expected a list of Completed, Failed, Stopped, with at least one"),
        ("statuses", [], "expected a list of Completed, Failed, Stopped, with at least one"),
        ("event_bus", "a bus", "expected the name of an event bus"),
        ("output", "reviews", "expected an object with the keys bucket, prefix, encryption_key"),
        ("output.bucket", "s3://reviews", "expected the name of a bucket, without s3://"),
        ("output.prefix", "reviews/*", "expected a key prefix such as reviews/"),
        ("output.prefix", "s3://reviews/a2i/", "expected a key prefix such as reviews/"),
        ("output.encryption_key", "alias/reviews", "expected the ARN of a KMS key"),
        ("topic.arn", "events", "expected the ARN of a topic"),
        ("queue.arn", TOPIC_ARN, "expected the ARN of a queue"),
        ("handler.mappings", [], "expected an object by flow definition"),
        ("handler.mappings", {"tickets": 5}, "expected an object by flow definition"),
        ("handler.include_values", "yes", "expected true or false"),
        ("handler.include_values", 1, "expected true or false"),
        ("handler.allowed_field_names", [], "expected a list of field names, with at least one"),
        ("handler.outcome_bus", "default", "expected the ARN of an event bus"),
        ("handler.log_retention", 30, "expected a value of RetentionDays such as ONE_MONTH"),
        ("handler.max_output_size", 16, "expected a size such as 16 MiB, 1 KiB to 1 GiB"),
        ("handler.max_output_size", "2 GiB", "expected a size such as 16 MiB, 1 KiB to 1 GiB"),
        ("handler.memory_size", 128, "expected a whole number, 256 to 10,240"),
        ("handler.memory_size", 512.5, "expected a whole number, 256 to 10,240"),
        ("handler.timeout", "PT5M", "expected a time such as 5 minutes, 2 minutes to 15 minutes"),
        ("handler.timeout", "1 minute", "expected a time such as 5 minutes, 2 minutes to 15"),
        ("handler.timeout", "99999999999999999999 days", "expected a time such as 5 minutes, 2"),
        ("handler.timeout", timedelta(minutes=5, milliseconds=1), "expected a time such as 5"),
        ("handler.timeout", 300, "expected a time such as 5 minutes, 2 minutes to 15 minutes"),
        ("handler_delivery", "BUFFERED", "expected an object with the keys buffered"),
        ("handler_delivery.max_concurrency", 1, "expected a whole number, 2 to 1,000"),
        ("handler_delivery.retry_for", "8 days", "expected a time such as 6 hours, 1 second to 7"),
        ("alerts.alert_format", "slack", "expected TEXT, JSON or CHAT"),
        ("alerts.alert_format", [], "expected TEXT, JSON or CHAT"),
        ("alerts.runbook", "our wiki", "expected a path or URL without spaces"),
        ("alerts.failure_threshold", 0, "expected a whole number from 1"),
        ("alerts.failure_threshold", 1.5, "expected a whole number from 1"),
        ("alerts.failure_threshold", True, "expected a whole number from 1"),
        ("alerts.failure_period", "90 seconds", "expected whole minutes such as 15 minutes"),
        ("alert_emails", "a@example.com", "expected a list of e-mail addresses, with at least"),
        ("alert_emails", ["a at example.com"], "expected a list of e-mail addresses, with at"),
        ("alert_emails", [], "expected a list of e-mail addresses, with at least one"),
        ("alert_on_silence.days", 8, "expected a whole number, 1 to 7"),
        ("alert_on_low_agreement.threshold", 80, "expected a share, over 0 up to 1"),
        ("delivery.retry_attempts", 200, "expected a whole number, 0 to 185"),
        ("delivery.max_event_age", "2 days", "expected a time such as 6 hours, 1 minute to 1"),
        ("reconciler", False, "expected an object with the keys enabled, schedule"),
        ("reconciler.schedule", "hourly", "expected whole minutes such as 30 minutes"),
        ("reconciler.schedule", "5 minutes", "expected whole minutes such as 30 minutes"),
        ("vpc.subnet_ids", ["private-a"], "expected a list of ids such as subnet-0123456789"),
        ("vpc.security_group_ids", [], "expected a list of ids such as sg-0123456789abcdef0"),
        ("tags", {}, "expected an object of texts, with at least one"),
        ("tags", {"cost": 1}, "expected an object of texts, with at least one"),
        ("termination_protection", "true", "expected true or false"),
        ("permissions_boundary", "a b", "expected the name of a managed policy"),
    ],
)
def test_value_that_is_wrong_is_refused_with_its_place(key: str, value: Any, expected: str) -> None:
    faults = _faults(_nested(key, value))

    (fault,) = (each for each in faults if each.startswith(f"{key}: "))
    assert fault.startswith(f"{key}: {expected}")
    assert f"got {value!r}" in fault


@pytest.mark.parametrize("key", [name for name, _ in fields_within(Deployment)])
def test_key_without_a_value_is_refused(key: str) -> None:
    faults = _faults(_nested(key, None))

    (fault,) = (each for each in faults if each.startswith(f"{key}: "))
    assert "got None; leave the key out to have the default" in fault


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("flow_definition", " (did you mean flow_definitions?)"),
        ("handler.memory", " (did you mean handler.memory_size?)"),
        ("memory_size", " (did you mean handler.memory_size?)"),
        ("schedule", " (did you mean reconciler.schedule?)"),
        ("log_retention", " (did you mean handler.log_retention or reconciler.log_retention or "),
        ("outputbucket", " (did you mean output_bucket?)"),
        ("alerts.email", "; expected one of topic, alert_format, include_failure_reason, runbook"),
    ],
)
def test_unknown_key_is_refused_with_the_one_that_is_meant(key: str, hint: str) -> None:
    (fault,) = _faults(_nested(key, "x"))

    assert fault.startswith(f"{key}: unknown key{hint}")


def test_missing_key_is_refused_with_what_is_expected() -> None:
    assert _faults({"output": {"prefix": "a/"}}) == [
        "output.bucket: missing; expected the name of a bucket, without s3://"
    ]


def test_unknown_region_is_refused_with_the_nearest_one() -> None:
    (fault,) = _faults({**HERE, "region": "eu-wst-1"})

    assert "AWS has no such Region (did you mean eu-west-1?)" in fault


def test_region_without_a2i_needs_a_bus_to_which_events_are_forwarded() -> None:
    (fault,) = _faults({**HERE, "region": "eu-north-1"})

    assert fault.startswith("region: Amazon A2I is not in eu-north-1, so no event arrives")
    assert Deployment(account=ACCOUNT, region="eu-north-1", event_bus="default").region


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"account": ACCOUNT}, "region: account and region go together, got account='1111"),
        ({"region": REGION}, "account: account and region go together, got account=None"),
        (
            {**HERE, "flow_definitions": [flow_definition("x").replace(ACCOUNT, "444455556666")]},
            f"flow_definitions: expected an ARN of account {ACCOUNT}, where this is deployed",
        ),
        (
            {**HERE, "flow_definitions": ["invoices", flow_definition("claims")]},
            "flow_definitions: FlowDefinitions.from_names(): 'arn:aws:sagemaker:",
        ),
        (
            {"flow_definitions": ["Invoices"]},
            "flow_definitions: FlowDefinitions.from_names(): 'Invo",
        ),
        (
            {"alert_emails": ["a@example.com", "A@example.com"]},
            "alert_emails: expected each address once, got a@example.com repeatedly",
        ),
        (
            {"handler": {"mappings": {"tickets": {"sampled": "audit"}}}},
            "handler.mappings.tickets: expected a list of field mappings, or an object with one as",
        ),
        (
            {"handler": {"mappings": {"tickets": [5]}}},
            "handler.mappings: expected an object by flow definition",
        ),
        (
            {
                "handler": {
                    "mappings": {"tickets": {"fields": [{"name": "a", "path": "b"}], "sample": "c"}}
                }
            },
            "handler.mappings.tickets: 'sample' is none of fields, sampled, sampling_percentage",
        ),
        (
            {"handler": {"mappings": {"tickets": [{"name": "a"}]}}},
            "handler.mappings.tickets[0]: FieldMapping 'a': expected prediction and answer, or",
        ),
        (
            {
                "flow_definitions": ["invoices"],
                "handler": {"mappings": {"claims": [{"name": "a", "path": "b"}]}},
            },
            "handler.mappings.claims: no such flow definition; expected one of invoices",
        ),
        (
            {"alert_on_low_agreement": {"threshold": 0.8}},
            "alert_on_low_agreement: it needs flow_definitions",
        ),
        (
            {"handler_delivery": {"max_concurrency": 5}},
            "handler_delivery.max_concurrency: it needs buffered: true",
        ),
        (
            {"reconciler": {"enabled": False, "schedule": "1 hour"}},
            "reconciler.schedule: it needs enabled: true",
        ),
        (
            {"outcome_archive": {"scan_limit": "1 GiB"}},
            "outcome_archive.scan_limit: it needs enabled: true",
        ),
        (
            {
                **HERE,
                "outcome_archive": {"enabled": True},
                "handler": {
                    "outcome_bus": f"arn:aws:events:{REGION}:999999999999:event-bus/outcomes"
                },
            },
            "outcome_archive.enabled: it needs a rule on outcomes, which must be where their bus",
        ),
        (
            {
                **HERE,
                "handler": {
                    "ledger": {"arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger"},
                    "ledger_retention": "90 days",
                },
            },
            "handler.ledger_retention: it is for a new ledger; expected handler.ledger.retention",
        ),
        ({"tags": {"aws:cost": "1"}}, "tags: expected 1 to 128 characters that do not begin with"),
    ],
)
def test_values_that_are_invalid_together_are_refused(entry: dict[str, Any], says: str) -> None:
    (fault,) = _faults(entry)

    assert fault.startswith(says)


_ARNS = {
    "output.encryption_key": KEY_ARN,
    "corrected_documents.encryption_key": KEY_ARN,
    "topic.arn": TOPIC_ARN,
    "topic.encryption_key": KEY_ARN,
    "queue.arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:events",
    "queue.encryption_key": KEY_ARN,
    "handler.ledger.arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger",
    "handler.ledger.encryption_key": KEY_ARN,
    "alerts.topic.arn": TOPIC_ARN,
    "alerts.topic.encryption_key": KEY_ARN,
    "delivery.encryption_key": KEY_ARN,
    "delivery.dead_letter_queue.arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:events",
    "delivery.dead_letter_queue.encryption_key": KEY_ARN,
}
#: A bus can be in another account, whose policy then admits the handler or the spoke.
_ARNS_OF_ANY_ACCOUNT = {"handler.outcome_bus", "hub"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(REGION, "us-east-1"), (ACCOUNT, "444455556666")],
    ids=["Region", "account"],
)
@pytest.mark.parametrize("key", _ARNS)
def test_arn_of_another_account_or_region_is_refused(key: str, ours: str, theirs: str) -> None:
    entry = {**HERE, **_nested(key, _ARNS[key].replace(ours, theirs))}
    if key.startswith(("output", "corrected_documents")):
        entry[key.partition(".")[0]]["bucket"] = "reviews"
    elif key.endswith(".encryption_key") and key != "delivery.encryption_key":
        beside = key.replace("encryption_key", "arn")
        name, *_, _ = key.split(".")
        within = entry[name] if key.count(".") == 1 else entry[name][key.split(".")[1]]
        within["arn"] = _ARNS[beside]

    (fault,) = _faults(entry)

    assert fault.startswith(f"{key}: expected an ARN of")
    assert f"{ours}, where this is deployed" in fault


@pytest.mark.parametrize("key", ["topic.arn", "delivery.encryption_key", "handler.outcome_bus"])
def test_arn_needs_account_and_region(key: str) -> None:
    arn = {**_ARNS, "handler.outcome_bus": OUTCOME_BUS}[key]

    (fault,) = _faults(_nested(key, arn))

    assert fault == f"{key}: it needs account and region, where {arn} can be used"


def test_outcome_bus_can_be_in_another_account_and_not_in_another_region() -> None:
    theirs = OUTCOME_BUS.replace(ACCOUNT, "444455556666")

    assert made(**HERE, handler={"outcome_bus": theirs}).handler.outcome_bus == theirs
    (fault,) = _faults(
        {**HERE, "handler": {"outcome_bus": OUTCOME_BUS.replace(REGION, "us-east-1")}}
    )
    assert fault.startswith(f"handler.outcome_bus: expected an ARN of Region {REGION}")


def test_every_key_with_an_arn_is_tried() -> None:
    keys = {name for name, field in fields_within(Deployment) if "the ARN of" in str(field)}

    assert keys == _ARNS.keys() | _ARNS_OF_ANY_ACCOUNT


def test_arns_on_another_bus_are_of_any_account() -> None:
    arn = flow_definition("invoices").replace(ACCOUNT, "444455556666")

    assert made(**HERE, event_bus="hub", flow_definitions=[arn]).flow_definitions == [arn]


def test_all_faults_are_reported_at_once_whatever_their_kind() -> None:
    faults = _faults(
        {
            "account": 1,
            "regoin": REGION,
            "handler": {"memory_size": 1, "timeout": "1 hour"},
            "delivery": {"encryption_key": "alias/x"},
            "handler_delivery": {"retry_for": "1 hour"},
            "alert_emails": ["a@example.com", "a@example.com"],
        }
    )

    assert [fault.split(":")[0] for fault in faults] == [
        "account",
        "handler.memory_size",
        "handler.timeout",
        "delivery.encryption_key",
        "regoin",
        "handler_delivery.retry_for",
        "alert_emails",
    ]


def test_cross_field_fault_with_an_invalid_value_is_not_reported() -> None:
    assert len(_faults({"account": 1, "region": REGION})) == 1


def test_deployment_from_python_has_the_same_faults() -> None:
    with pytest.raises(ConfigurationError) as error:
        made(name="prod", region=REGION, handler={"memory_size": 1})

    assert error.value.faults == (
        "handler.memory_size: expected a whole number, 256 to 10,240, got 1",
        f"account: account and region go together, got account=None and region='{REGION}'",
    )


def test_long_value_is_cut() -> None:
    (fault,) = _faults({"tags": "x" * 10_000})

    assert len(fault) < 400


_NAMES = [name.rpartition(".")[2] for name, _ in fields_within(Deployment)]


@given(
    st.dictionaries(
        st.sampled_from([*Deployment.model_fields, "regoin"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda children: (
                st.lists(children)
                | st.dictionaries(
                    st.sampled_from(
                        [name.rpartition(".")[2] for name, _ in fields_within(Deployment)]
                    ),
                    children,
                )
            ),
            max_leaves=5,
        ),
    )
)
def test_any_values_make_a_deployment_or_one_error(entry: dict[str, Any]) -> None:
    faults: tuple[str, ...] = ()
    try:
        (deployment,) = read_deployments({"prod": entry})
    except ConfigurationError as error:
        faults = error.faults
    else:
        assert deployment.stack_name == "HumanLoops-prod"

    assert all(each.startswith("deployments.prod.") for each in faults)


def test_times_and_sizes_are_read() -> None:
    deployment = made(
        handler={"timeout": "3 minutes", "max_output_size": "2 MiB"},
        reconciler={"schedule": timedelta(minutes=30), "look_back": "1 day"},
    )

    assert deployment.handler.timeout == timedelta(minutes=3)
    assert deployment.handler.max_output_size == 2 * 1024 * 1024
    assert deployment.reconciler.schedule == timedelta(minutes=30)
    assert deployment.reconciler.look_back == timedelta(days=1)


def test_mappings_are_those_of_the_constructs() -> None:
    entry: dict[str, Any] = {"name": "Category", "prediction": "guess", "answer": "category.label"}

    deployment = made(handler={"mappings": {"tickets": [entry]}})

    assert deployment.task_mappings == {"tickets": TaskMapping(fields=[FieldMapping(**entry)])}


def test_mapping_can_say_how_loops_are_sampled() -> None:
    entry: dict[str, Any] = {"name": "Category", "path": "category.label"}

    deployment = made(handler={"mappings": {"tickets": {"fields": [entry], "sampled": "audit"}}})

    assert deployment.task_mappings == {
        "tickets": TaskMapping(fields=[FieldMapping(**entry)], sampled="audit")
    }
