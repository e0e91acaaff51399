"""The archive receives outcomes, Athena can read them, and who queries may do that only."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from aws_cdk import Duration, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_

from human_loop_events import HumanLoopEvents, OutcomeArchiveSettings, ReviewHandlerSettings
from human_loop_tables.archive_schema import OUTCOME_PROPERTIES
from human_loop_tables.archive_views import VIEWS
from human_loop_tables.queries import QUERIES
from human_loop_tables.tables import TABLES
from tests.infrastructure.cases import ACCOUNT, REGION, new_app, synthesize
from tests.infrastructure.templates import referenced
from tests.permissions.account import Account
from tests.permissions.evaluator import evaluate
from tests.permissions.mutations import mutations_of
from tests.permissions.query_calls import query_calls

CASES = ("buffered", "everything-on")


def _of_type(case: str, resource_type: str) -> list[dict[str, Any]]:
    found = [
        properties
        for logical_id, properties in synthesize(case).of_type(resource_type).items()
        if "OutcomeArchive" in logical_id
    ]
    assert found
    return found


def _tables(case: str) -> dict[str, dict[str, Any]]:
    tables = [each["TableInput"] for each in _of_type(case, "AWS::Glue::Table")]
    return {each["Name"]: each for each in tables}


def _destination(case: str) -> dict[str, Any]:
    (stream,) = _of_type(case, "AWS::KinesisFirehose::DeliveryStream")
    destination: dict[str, Any] = stream["ExtendedS3DestinationConfiguration"]
    return destination


def _configuration(case: str) -> dict[str, Any]:
    (group,) = _of_type(case, "AWS::Athena::WorkGroup")
    configuration: dict[str, Any] = group["WorkGroupConfiguration"]
    return configuration


@pytest.mark.parametrize("case", CASES)
def test_rule_sends_the_outcomes_of_this_ledger_without_their_envelope(case: str) -> None:
    (rule,) = _of_type(case, "AWS::Events::Rule")
    (target,) = rule["Targets"]

    assert target["InputPath"] == "$.detail"
    assert rule["EventPattern"]["source"] == ["human-loop-events"]
    assert rule["EventPattern"]["detail-type"] == ["Human Review Outcome"]
    assert rule["EventPattern"]["detail"] == {"verification": [{"exists": False}]}
    ledger = referenced(rule["EventPattern"]["resources"][0])
    assert synthesize(case).resources[str(ledger)]["Type"] == "AWS::DynamoDB::Table"
    stream = referenced(target["Arn"])
    assert synthesize(case).resources[str(stream)]["Type"] == "AWS::KinesisFirehose::DeliveryStream"


@pytest.mark.parametrize("case", CASES)
def test_firehose_converts_to_parquet_with_the_columns_of_the_table(case: str) -> None:
    conversion = _destination(case)["DataFormatConversionConfiguration"]
    schema = conversion["SchemaConfiguration"]
    table = synthesize(case).resources[schema["TableName"]["Ref"]]["Properties"]["TableInput"]

    assert conversion["OutputFormatConfiguration"]["Serializer"] == {
        "ParquetSerDe": {"Compression": "GZIP"}
    }
    assert schema["VersionId"] == "LATEST"
    assert table["Name"] == "outcomes"
    assert {each["Name"]: each["Type"] for each in table["StorageDescriptor"]["Columns"]} == {
        each.column: each.type for each in OUTCOME_PROPERTIES
    }
    assert "CompressionFormat" not in _destination(case)  # Firehose refuses it with a conversion


@pytest.mark.parametrize("case", CASES)
def test_files_are_where_the_projected_partitions_are(case: str) -> None:
    table, destination = _tables(case)["outcomes"], _destination(case)
    location = table["StorageDescriptor"]["Location"]["Fn::Join"][1]
    parameters = table["Parameters"]

    assert location[-1] == "/outcomes/"
    assert location[1]["Ref"] == referenced(destination["BucketARN"])
    assert destination["Prefix"] == "outcomes/date=!{timestamp:yyyy-MM-dd}/"
    assert not destination["ErrorOutputPrefix"].startswith("outcomes/")
    assert table["PartitionKeys"] == [{"Name": "date", "Type": "string"}]
    # Without a template, a partition is in the folder date=… of the table.
    assert parameters["projection.date.format"] == "yyyy-MM-dd"
    assert parameters["projection.date.range"] == "2026-01-01,NOW"
    assert "storage.location.template" not in parameters


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_as_athena_stores_them(name: str) -> None:
    view = _tables("buffered")[name]
    encoded = view["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    definition = json.loads(base64.b64decode(encoded, validate=True))
    (database,) = _of_type("buffered", "AWS::Glue::Database")

    assert view["TableType"] == "VIRTUAL_VIEW"
    assert view["PartitionKeys"] == []
    assert view["Parameters"]["presto_view"] == "true"
    assert definition["originalSql"] == VIEWS[name].sql
    assert definition["catalog"] == "awsdatacatalog"
    assert definition["schema"] == database["DatabaseInput"]["Name"]
    columns = view["StorageDescriptor"]["Columns"]
    names = [each.name for each in TABLES[name]]
    assert [each["name"] for each in definition["columns"]] == names
    assert [each["Name"] for each in columns] == names
    # Neither Hive nor a view of Athena has times with a time zone.
    assert "zone" not in json.dumps([definition["columns"], columns])
    # https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html
    assert all(len(each["Comment"]) <= 255 for each in columns)


def test_every_query_of_the_report_is_a_named_query_of_the_workgroup() -> None:
    queries = _of_type("buffered", "AWS::Athena::NamedQuery")

    assert {each["Name"]: each["QueryString"] for each in queries} == {
        name: each.sql for name, each in QUERIES.items()
    }
    for each in queries:
        assert synthesize("buffered").resources[each["WorkGroup"]["Ref"]]["Type"].endswith("Group")


@pytest.mark.parametrize(
    ("case", "limit"), [("buffered", 10 * 1024**3), ("everything-on", 1024**3)]
)
def test_workgroup_encrypts_results_and_limits_what_a_query_reads(case: str, limit: int) -> None:
    configuration = _configuration(case)
    results = configuration["ResultConfiguration"]

    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == limit
    assert results["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"
    assert results["OutputLocation"]["Fn::Join"][1][-1] == "/results/"


def test_workgroup_and_database_have_one_name_that_athena_takes_without_quotes() -> None:
    (group,) = _of_type("buffered", "AWS::Athena::WorkGroup")
    (database,) = _of_type("buffered", "AWS::Glue::Database")

    assert group["Name"] == database["DatabaseInput"]["Name"]
    assert group["Name"].islower()
    assert group["Name"].replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("case", "outcomes", "results"), [("buffered", None, 30), ("everything-on", 730, 7)]
)
def test_results_expire_and_outcomes_only_if_asked_to(
    case: str, outcomes: int | None, results: int
) -> None:
    bucket = next(
        each for each in _of_type(case, "AWS::S3::Bucket") if "LoggingConfiguration" in each
    )
    all_objects, of_results = bucket["LifecycleConfiguration"]["Rules"]

    assert "Prefix" not in all_objects
    assert all_objects.get("ExpirationInDays") == outcomes
    assert of_results["Prefix"] == "results/"
    assert of_results["ExpirationInDays"] == results


def test_alarms_watch_what_firehose_cannot_convert_or_deliver() -> None:
    watched = {
        alarm["MetricName"]: (alarm["Statistic"], alarm["Threshold"])
        for alarm in synthesize("buffered").of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("Namespace") == "AWS/Firehose"
    }

    assert watched == {
        "FailedConversion.Records": ("Sum", 1),
        "DeliveryToS3.DataFreshness": ("Maximum", 3600),
    }


def test_who_queries_may_do_what_athena_needs_and_nothing_near_it() -> None:
    case = synthesize("everything-on")
    account = Account(case.resources, account=ACCOUNT, region=REGION, own=case.own)
    (role,) = (each for each in account.of_type("AWS::IAM::Role") if "Reporter" in each.logical_id)
    requests = query_calls(account, role.arn)
    (policy,) = account.policies_of_role(role.arn)

    evaluation = evaluate(
        account.policies, requests, list(mutations_of(policy, account.policies[policy]))
    )

    assert evaluation.wrong == []
    assert evaluation.unneeded == []
    assert len(evaluation.needed) > 20


def _loops(**arguments: Any) -> HumanLoopEvents:
    return HumanLoopEvents(Stack(new_app(), "Loops"), "HumanLoops", **arguments)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"expiration": Duration.hours(36)}, "expiration of the outcome archive: expected whole"),
        ({"result_expiration": 30}, "outcome_archive: result_expiration: expected a Duration"),
        ({"scan_limit": Size.mebibytes(9)}, "expected a size, from 10 MiB, got 9,437,184 bytes"),
        ({"scan_limit": 10**9}, "outcome_archive: scan_limit: expected a Size, .+, got 1000000000"),
    ],
)
def test_setting_that_cannot_work_is_refused(settings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _loops(outcome_archive=settings)


def test_true_is_no_settings() -> None:
    with pytest.raises(ValueError, match=r"outcome_archive: expected OutcomeArchiveSettings\(…\)"):
        _loops(outcome_archive=True)


def test_archive_needs_a_review_handler() -> None:
    stack = Stack(new_app(), "Loops")
    handler = lambda_.Function.from_function_name(stack, "Handler", "handler")

    with pytest.raises(ValueError, match="outcome_archive: it has the outcomes of a ReviewHandler"):
        HumanLoopEvents(
            stack, "HumanLoops", handler=handler, outcome_archive=OutcomeArchiveSettings()
        )


def test_absent_archive_is_named() -> None:
    with pytest.raises(ValueError, match="outcome_archive: this HumanLoopEvents has none"):
        _ = _loops().outcome_archive


def test_rule_on_outcomes_of_another_account_is_refused() -> None:
    stack = Stack(new_app(), "Loops", env={"account": ACCOUNT, "region": REGION})
    bus = events.EventBus.from_event_bus_arn(
        stack, "Bus", f"arn:aws:events:{REGION}:999999999999:event-bus/outcomes"
    )

    with pytest.raises(
        ValueError, match=r"outcome_bus: .+ is in account 999999999999, but Loops is"
    ):
        HumanLoopEvents(
            stack,
            "HumanLoops",
            handler=ReviewHandlerSettings(outcome_bus=bus),
            outcome_archive=OutcomeArchiveSettings(),
        )
