"""The keys of a deployment, with their types, descriptions and defaults.

The keys within ``output``, ``corrected_documents``, ``handler``, ``handler_delivery``, ``alerts``,
``delivery``, ``reconciler`` and ``outcome_archive`` are the parameters of the constructs, by the
same names. Keys that are absent have the constructs' defaults.
"""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

from aws_cdk import aws_logs as logs
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

import human_loop_events as constructs
from human_loop_events import AlertFormat, FlowDefinitions, TaskMapping
from human_loop_events.archive.outcome_archive import SCAN_LIMIT
from human_loop_events.aws.bounds import ALARM_PERIOD, FROM_ONE, WHOLE_DAYS
from human_loop_events.aws.queues_and_topics import RETENTION_PERIOD, VISIBILITY_TIMEOUT
from human_loop_events.events.alerts import RUNBOOK
from human_loop_events.events.delivery import MAX_EVENT_AGE, RETRY_ATTEMPTS
from human_loop_events.events.human_loop_hub import ORGANIZATION_ID
from human_loop_events.events.status_events import SILENT_DAYS
from human_loop_events.human_loop_events import LOW_AGREEMENT
from human_loop_events.reviews.corrected_documents import refuse_unusable_document_prefix
from human_loop_events.reviews.handler_queue import MAX_CONCURRENCY, RETRY_FOR
from human_loop_events.reviews.ledger import LEDGER_RETENTION
from human_loop_events.reviews.output_location import refuse_unusable_output_prefix
from human_loop_events.reviews.reconciler import LOOK_BACK, SCHEDULE
from human_loop_events.reviews.review_handler import MAX_OUTPUT_SIZE, MEMORY_SIZE, TIMEOUT
from human_loop_reviews.contract import HumanLoopStatus
from human_loop_reviews.mapping import read_mappings
from stacks.mappings import refuse_unusable_mappings
from stacks.values import (
    Account,
    Bucket,
    BusArn,
    BusName,
    ByteSize,
    Email,
    KeyArn,
    OrganizationId,
    PolicyName,
    QueueArn,
    Region,
    SecurityGroupId,
    SubnetId,
    TableArn,
    Text,
    Time,
    TopicArn,
    form,
    number,
    share,
    size,
    within,
)

_Status = Annotated[HumanLoopStatus, Field(strict=False)]
_LogRetention = Annotated[logs.RetentionDays, Field(strict=False)]
_AlarmPeriod = Annotated[Time, within(ALARM_PERIOD)]
_Days = Annotated[Time, within(WHOLE_DAYS)]
_Count = Annotated[int, number(FROM_ONE)]


def _validate_output_prefix(prefix: str) -> str:
    refuse_unusable_output_prefix(prefix)
    return prefix


def _validate_document_prefix(prefix: str) -> str:
    refuse_unusable_document_prefix(prefix)
    return prefix


def key(default: Any, *, expected: str, meaning: str, by_default: str) -> Any:
    """Return the field of a key, with the texts of its documentation.

    Parameters
    ----------
    default
        The value if the key is absent. ``...`` if the key is required.
    expected
        The permitted values, for error messages and the documentation.
    meaning
        What the key configures.
    by_default
        What applies if the key is absent.
    """
    return Field(
        default,
        description=f"{meaning}. Expected: {expected}. Default: {by_default}.",
        json_schema_extra={"expected": expected, "meaning": meaning, "byDefault": by_default},
    )


def _default_of(construct: Any, parameter: str) -> str:
    """Return the default of a parameter of a construct, as a deployment writes it."""
    default = inspect.signature(construct.__init__).parameters[parameter].default
    return getattr(default, "name", None) or json.dumps(default)


def group(model: type[Keys], meaning: str) -> Any:
    """Return the field of an object with keys that all have a default."""
    return key(
        model(), expected=_object_with(model), meaning=meaning, by_default="those of its keys"
    )


def optional(model: type[Keys], meaning: str, by_default: str) -> Any:
    """Return the field of an optional object with keys."""
    return key(None, expected=_object_with(model), meaning=meaning, by_default=by_default)


def _object_with(model: type[Keys]) -> str:
    return f"an object with the keys {', '.join(model.model_fields)}"


class Keys(BaseModel):
    """An object with keys. It refuses unknown keys, null and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: Any) -> Any:
        # In YAML, a key without a value is null. It must not silently mean "all" or "none".
        if value is None:
            raise ValueError("leave the key out to have the default")
        return value

    def given(self) -> dict[str, Any]:
        """Return the keys that have a value."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if value is not None}


class ExistingTopic(Keys):
    """An existing topic."""

    arn: TopicArn = key(..., expected="the ARN of a topic", meaning="its ARN", by_default="none")
    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="the customer managed key of the topic, if it has one",
        by_default="none",
    )


class ExistingQueue(Keys):
    """An existing queue."""

    arn: QueueArn = key(..., expected="the ARN of a queue", meaning="its ARN", by_default="none")
    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="the customer managed key of the queue, if it has one",
        by_default="none",
    )


class ConsumerQueue(Keys):
    """The queue for consumers: an existing one, or settings of a new one."""

    arn: QueueArn | None = key(
        None,
        expected="the ARN of a queue",
        meaning="the ARN of an existing queue",
        by_default="a new queue",
    )
    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="the customer managed key of the existing queue, if it has one",
        by_default="none",
    )
    visibility_timeout: Annotated[Time, within(VISIBILITY_TIMEOUT)] | None = key(
        None,
        expected=VISIBILITY_TIMEOUT.such_as("5 minutes"),
        meaning="how long the new queue hides a received message from other consumers; for a "
        "Lambda function six times its timeout",
        by_default="30 seconds",
    )
    retention_period: Annotated[Time, within(RETENTION_PERIOD)] | None = key(
        None,
        expected=RETENTION_PERIOD.such_as("4 days"),
        meaning="how long the new queue keeps a message",
        by_default="10 days",
    )


class ExistingLedger(Keys):
    """An existing table of outcomes."""

    arn: TableArn = key(..., expected="the ARN of a table", meaning="its ARN", by_default="none")
    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="the customer managed key of the table, if it has one",
        by_default="none",
    )
    retention: Annotated[Time, within(LEDGER_RETENTION)] | None = key(
        None,
        expected=LEDGER_RETENTION.such_as("90 days"),
        meaning="after which time from a loop's end DynamoDB deletes its item",
        by_default="400 days",
    )


class Output(Keys):
    """Where the flow definitions write their output."""

    bucket: Bucket = key(
        ...,
        expected="the name of a bucket, without s3://",
        meaning="the bucket in the `S3OutputPath` of the flow definitions",
        by_default="none",
    )
    prefix: Annotated[str, AfterValidator(_validate_output_prefix)] = key(
        "",
        expected="a key prefix such as reviews/",
        meaning="the prefix in the `S3OutputPath`",
        by_default="the whole bucket",
    )
    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="the `KmsKeyId` of the flow definitions or, without one, the customer managed key "
        "of the bucket's default encryption",
        by_default="none",
    )
    encrypted_by_s3: bool = key(
        False,
        expected="true or false",
        meaning="whether neither the flow definitions nor the bucket have a customer managed key, "
        "so that synthesis does not warn about it",
        by_default="false: it is not known",
    )

    @model_validator(mode="after")
    def _refuse_key_with_s3(self) -> Output:
        if self.encrypted_by_s3 and self.encryption_key is not None:
            raise ValueError("encrypted_by_s3: expected it without encryption_key")
        return self


class FurtherOutput(Output):
    """A further output location."""

    flow_definitions: Annotated[list[Text], Field(min_length=1)] = key(
        ...,
        expected="a list of names, with at least one",
        meaning="the flow definitions that write there, of those of the deployment",
        by_default="none",
    )


class CorrectedDocuments(Keys):
    """Parameters of `CorrectedDocuments`."""

    bucket: Bucket = key(
        ...,
        expected="the name of a bucket, without s3://",
        meaning="the bucket that the handler writes to",
        by_default="none",
    )
    prefix: Annotated[str, AfterValidator(_validate_document_prefix)] = key(
        "",
        expected="a key prefix such as corrected/, outside of the output",
        meaning="how the keys of the documents begin",
        by_default="the whole bucket",
    )
    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="the customer managed key with which the documents are encrypted",
        by_default="the default encryption of the bucket",
    )
    encrypted_by_s3: bool = key(
        False,
        expected="true or false",
        meaning="whether the bucket has no customer managed key, so that synthesis does not warn "
        "about it",
        by_default="false: it is not known",
    )

    @model_validator(mode="after")
    def _refuse_key_with_s3(self) -> CorrectedDocuments:
        if self.encrypted_by_s3 and self.encryption_key is not None:
            raise ValueError("encrypted_by_s3: expected it without encryption_key")
        return self


class OutputBucket(Keys):
    """Parameters of `OutputBucketSettings`."""

    expiration: _Days | None = key(
        None,
        expected=WHOLE_DAYS.such_as("730 days"),
        meaning="how long outputs are kept",
        by_default="S3 deletes none",
    )
    noncurrent_version_expiration: _Days | None = key(
        None,
        expected=WHOLE_DAYS.such_as("30 days"),
        meaning="how long a version is kept that was overwritten or deleted",
        by_default="90 days",
    )
    access_log_expiration: _Days | None = key(
        None,
        expected=WHOLE_DAYS.such_as("90 days"),
        meaning="how long access logs are kept",
        by_default="365 days",
    )


class Handler(Keys):
    """Parameters of `ReviewHandler`."""

    mappings: Annotated[
        dict[str, list[dict[str, Any]] | dict[str, Any]], AfterValidator(refuse_unusable_mappings)
    ] = key(
        {},
        expected="an object by flow definition with a list of objects with name, prediction and "
        "answer, or with an object with such a list as fields",
        meaning="for custom tasks: where prediction and answer are found ([reviews](reviews.md"
        "#mapping))",
        by_default="none",
    )
    include_values: bool | None = key(
        None,
        expected="true or false",
        meaning="whether outcomes contain the documents' values",
        by_default=_default_of(constructs.ReviewHandler, "include_values"),
    )
    include_failure_reason: bool | None = key(
        None,
        expected="true or false",
        meaning="whether outcomes contain the reason of a failure, which can quote a document",
        by_default=_default_of(constructs.ReviewHandler, "include_failure_reason"),
    )
    hash_field_names: bool | None = key(
        None,
        expected="true or false",
        meaning="whether outcomes contain a hash in place of each field's name",
        by_default=_default_of(constructs.ReviewHandler, "hash_field_names"),
    )
    allowed_field_names: Annotated[list[Text], Field(min_length=1)] | None = key(
        None,
        expected="a list of field names, with at least one",
        meaning="the names that outcomes contain as they are, all others hashed",
        by_default="see hash_field_names",
    )
    ledger: ExistingLedger | None = optional(
        ExistingLedger, "an existing table for the ledger", "a new one"
    )
    ledger_retention: Annotated[Time, within(LEDGER_RETENTION)] | None = key(
        None,
        expected=LEDGER_RETENTION.such_as("90 days"),
        meaning="how long the new ledger keeps a loop",
        by_default="400 days",
    )
    outcome_bus: BusArn | None = key(
        None,
        expected="the ARN of an event bus",
        meaning="the bus on which outcomes are published",
        by_default="the account's default bus",
    )
    log_retention: _LogRetention | None = key(
        None,
        expected="a value of RetentionDays such as ONE_MONTH",
        meaning="how long logs are kept",
        by_default=_default_of(constructs.ReviewHandler, "log_retention"),
    )
    max_output_size: Annotated[ByteSize, size(MAX_OUTPUT_SIZE)] | None = key(
        None,
        expected=MAX_OUTPUT_SIZE.such_as("16 MiB"),
        meaning="larger outputs are not read, and their events go to a dead-letter queue",
        by_default="12 MiB",
    )
    memory_size: Annotated[int, number(MEMORY_SIZE)] | None = key(
        None,
        expected=MEMORY_SIZE.expected,
        meaning="the memory of the function in MiB",
        by_default=_default_of(constructs.ReviewHandler, "memory_size"),
    )
    timeout: Annotated[Time, within(TIMEOUT)] | None = key(
        None,
        expected=TIMEOUT.such_as("5 minutes"),
        meaning="the timeout of the function",
        by_default="2 minutes",
    )
    reserved_concurrent_executions: _Count | None = key(
        None,
        expected=FROM_ONE.expected,
        meaning="how many instances may run at once",
        by_default="the account's limit",
    )


class HandlerDelivery(Keys):
    """Parameters of `HandlerDelivery`."""

    buffered: bool = key(
        False,
        expected="true or false",
        meaning="whether events wait in a queue that the handler reads",
        by_default="false, the rule invokes the handler",
    )
    max_concurrency: Annotated[int, number(MAX_CONCURRENCY)] | None = key(
        None,
        expected=MAX_CONCURRENCY.expected,
        meaning="instances that read the queue at once",
        by_default="10",
    )
    retry_for: Annotated[Time, within(RETRY_FOR)] | None = key(
        None,
        expected=RETRY_FOR.such_as("6 hours"),
        meaning="how long an event is retried",
        by_default="6 hours",
    )


class Alerts(Keys):
    """Parameters of `Alerts`."""

    topic: ExistingTopic | None = optional(
        ExistingTopic, "an existing topic for alerts", "a new one"
    )
    alert_format: Annotated[AlertFormat, Field(strict=False)] | None = key(
        None,
        expected="TEXT, JSON or CHAT",
        meaning="the format of alerts on failures",
        by_default=_default_of(constructs.Alerts, "alert_format"),
    )
    include_failure_reason: bool | None = key(
        None,
        expected="true or false",
        meaning="whether alerts quote the reason of a failure, which can quote a document",
        by_default=_default_of(constructs.Alerts, "include_failure_reason"),
    )
    runbook: Annotated[str, form(RUNBOOK)] | None = key(
        None,
        expected=RUNBOOK.expected,
        meaning="the runbook that alerts and alarms refer to",
        by_default="the command `human-loops runbook`",
    )
    failure_threshold: _Count | None = key(
        None,
        expected=FROM_ONE.expected,
        meaning="how many failed loops in a period raise the alarm `FailedLoops`",
        by_default=_default_of(constructs.Alerts, "failure_threshold"),
    )
    failure_period: _AlarmPeriod | None = key(
        None,
        expected=ALARM_PERIOD.such_as("15 minutes"),
        meaning="the period of the alarm `FailedLoops`",
        by_default="5 minutes",
    )
    failure_evaluation_periods: _Count | None = key(
        None,
        expected=FROM_ONE.expected,
        meaning="in how many successive periods the threshold must be reached",
        by_default=_default_of(constructs.Alerts, "failure_evaluation_periods"),
    )
    ok_actions: bool | None = key(
        None,
        expected="true or false",
        meaning="whether alarms also notify when they return to OK",
        by_default=_default_of(constructs.Alerts, "ok_actions"),
    )


class Silence(Keys):
    """Parameters of `HumanLoopEvents.alert_on_silence`."""

    days: Annotated[int, number(SILENT_DAYS)] = key(
        ..., expected=SILENT_DAYS.expected, meaning="for how many days", by_default="none"
    )


class LowAgreement(Keys):
    """Parameters of `HumanLoopEvents.alert_on_low_agreement`."""

    threshold: Annotated[float, share(LOW_AGREEMENT)] = key(
        ...,
        expected=LOW_AGREEMENT.expected,
        meaning="the alarm goes off when the share of correct fields is lower",
        by_default="none",
    )
    period: _AlarmPeriod | None = key(
        None,
        expected=ALARM_PERIOD.such_as("12 hours"),
        meaning="over which time it is measured",
        by_default="1 day",
    )


class Delivery(Keys):
    """Parameters of `Delivery`."""

    encryption_key: KeyArn | None = key(
        None,
        expected="the ARN of a KMS key",
        meaning="an existing customer managed key for everything that is created",
        by_default="a new one",
    )
    earlier_encryption_keys: Annotated[list[KeyArn], Field(min_length=1)] | None = key(
        None,
        expected="a list of ARNs of KMS keys, with at least one",
        meaning="the keys that were used before `encryption_key` "
        "([change the key](deploying.md#change-the-key))",
        by_default="none",
    )
    dead_letter_queue: ExistingQueue | None = optional(
        ExistingQueue, "an existing queue for events that cannot be delivered", "a new one"
    )
    max_event_age: Annotated[Time, within(MAX_EVENT_AGE)] | None = key(
        None,
        expected=MAX_EVENT_AGE.such_as("6 hours"),
        meaning="how long EventBridge retries",
        by_default="24 hours",
    )
    retry_attempts: Annotated[int, number(RETRY_ATTEMPTS)] | None = key(
        None,
        expected=RETRY_ATTEMPTS.expected,
        meaning="how often EventBridge retries",
        by_default=_default_of(constructs.Delivery, "retry_attempts"),
    )
    authorize_using_role: bool | None = key(
        None,
        expected="true or false",
        meaning="whether rules publish to topics with a role",
        by_default=_default_of(constructs.Delivery, "authorize_using_role"),
    )


class Reconciler(Keys):
    """Parameters of `Reconciler`."""

    enabled: bool = key(
        True,
        expected="true or false",
        meaning="whether there is a reconciler",
        by_default="true, where the flow definitions are of this account and Region",
    )
    schedule: Annotated[Time, within(SCHEDULE)] | None = key(
        None,
        expected=SCHEDULE.such_as("30 minutes"),
        meaning="how often human loops are compared with the ledger",
        by_default="1 hour",
    )
    look_back: Annotated[Time, within(LOOK_BACK)] | None = key(
        None,
        expected=f"{LOOK_BACK.such_as('14 days')} up to the retention of the ledger",
        meaning="loops that were created longer ago are not compared",
        by_default="14 days",
    )
    max_open_age: Time | None = key(
        None,
        expected="a time such as 2 days, from the time of the schedule",
        meaning="an alarm goes off when a loop is open for longer",
        by_default="3 days",
    )
    log_retention: _LogRetention | None = key(
        None,
        expected="a value of RetentionDays such as ONE_MONTH",
        meaning="how long logs are kept",
        by_default=_default_of(constructs.Reconciler, "log_retention"),
    )


class Archive(Keys):
    """Parameters of `HumanLoopEvents.add_archive`."""

    retention: _Days = key(
        ...,
        expected=WHOLE_DAYS.such_as("30 days"),
        meaning="how long an event is kept",
        by_default="none",
    )


class OutcomeArchive(Keys):
    """Parameters of `OutcomeArchive`."""

    enabled: bool = key(
        False,
        expected="true or false",
        meaning="whether all outcomes are archived, for Athena to query",
        by_default="false",
    )
    expiration: _Days | None = key(
        None,
        expected=WHOLE_DAYS.such_as("730 days"),
        meaning="how long outcomes are kept",
        by_default="S3 deletes none",
    )
    result_expiration: _Days | None = key(
        None,
        expected=WHOLE_DAYS.such_as("7 days"),
        meaning="how long the results of queries are kept",
        by_default="30 days",
    )
    access_log_expiration: _Days | None = key(
        None,
        expected=WHOLE_DAYS.such_as("90 days"),
        meaning="how long access logs of the archive are kept",
        by_default="365 days",
    )
    scan_limit: Annotated[ByteSize, size(SCAN_LIMIT)] | None = key(
        None,
        expected=SCAN_LIMIT.such_as("1 GiB"),
        meaning="how much a query may read before Athena stops it",
        by_default="10 GiB",
    )
    log_retention: _LogRetention | None = key(
        None,
        expected="a value of RetentionDays such as ONE_MONTH",
        meaning="how long the errors of Firehose are kept",
        by_default="ONE_YEAR",
    )


class Vpc(Keys):
    """The subnets and security groups of the functions."""

    subnet_ids: Annotated[list[SubnetId], Field(min_length=1)] = key(
        ...,
        expected="a list of ids such as subnet-0123456789abcdef0, with at least one",
        meaning="the subnets of the functions",
        by_default="none",
    )
    security_group_ids: Annotated[list[SecurityGroupId], Field(min_length=1)] = key(
        ...,
        expected="a list of ids such as sg-0123456789abcdef0, with at least one",
        meaning="the security groups of the functions",
        by_default="none",
    )


class DeploymentKeys(Keys):
    """All keys of a deployment. `Deployment` also checks them against each other."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,100}$", exclude=True)] = key(
        "",
        expected="a name of letters, digits and hyphens",
        meaning="part of the stack's name",
        by_default="none",
    )
    account: Account | None = key(
        None,
        expected="12 digits in quotes",
        meaning="the account to deploy into",
        by_default="that of the credentials",
    )
    region: Region | None = key(
        None,
        expected="a Region such as eu-west-1",
        meaning="the Region to deploy into",
        by_default="that of the credentials",
    )
    flow_definitions: Annotated[list[Text], Field(min_length=1)] | None = key(
        None,
        expected="a list of names, or one of ARNs, with at least one",
        meaning="the flow definitions of the human loops",
        by_default="all of the account and Region",
    )
    statuses: Annotated[list[_Status], Field(min_length=1)] | None = key(
        None,
        expected=f"a list of {', '.join(HumanLoopStatus)}, with at least one",
        meaning="which terminal statuses topic, queue and handler receive",
        by_default="all three",
    )
    event_bus: BusName | None = key(
        None,
        expected="the name of an event bus of this account and Region",
        meaning="the bus with the events of human loops",
        by_default="the account's default bus",
    )
    admits: Annotated[list[Account], Field(min_length=1)] | OrganizationId | None = key(
        None,
        expected="a list of account ids of 12 digits in quotes, with at least one, or "
        + ORGANIZATION_ID.expected,
        meaning="for a [hub](many-accounts.md): who may forward events to it",
        by_default="no hub",
    )
    hub: Text | None = key(
        None,
        expected="the name of a deployment with admits, or the ARN of a hub's event bus",
        meaning="for a [spoke](many-accounts.md): where its events are forwarded to",
        by_default="no spoke",
    )
    output: Output | None = optional(
        Output,
        "where the flow definitions write their output",
        "required, without `output_bucket` and `admits`",
    )
    further_outputs: Annotated[list[FurtherOutput], Field(min_length=1)] | None = key(
        None,
        expected="a list of objects with the keys bucket, prefix, encryption_key, flow_definitions",
        meaning="where further flow definitions write their output; those that are in none of "
        "the lists write to `output`",
        by_default="none",
    )
    output_bucket: OutputBucket | None = optional(
        OutputBucket,
        "a new bucket, instead of `output`, for flow definitions that will write to it; `{}` for "
        "one with the defaults",
        "none",
    )
    corrected_documents: CorrectedDocuments | None = optional(
        CorrectedDocuments,
        "where the handler writes "
        "[corrected documents](corrected-documents.md#written-by-the-handler)",
        "none are written",
    )
    topic: ExistingTopic | None = optional(
        ExistingTopic, "an existing topic for systems", "a new one"
    )
    queue: ConsumerQueue = group(
        ConsumerQueue, "the queue for consumers: an existing one, or settings of a new one"
    )
    handler: Handler = group(Handler, "the review handler")
    handler_delivery: HandlerDelivery = group(HandlerDelivery, "how events reach the handler")
    alerts: Alerts = group(Alerts, "alerts and alarms")
    alert_emails: Annotated[list[Email], Field(min_length=1)] | None = key(
        None,
        expected="a list of e-mail addresses, with at least one",
        meaning="addresses that are subscribed to the topic of the alerts",
        by_default="none",
    )
    alert_on_silence: Silence | None = optional(
        Silence, "an alarm that goes off when no loop ends for days", "none"
    )
    alert_on_low_agreement: LowAgreement | None = optional(
        LowAgreement,
        "an alarm on low agreement with the model, for each named flow definition",
        "none",
    )
    delivery: Delivery = group(Delivery, "key, dead-letter queue and retries of the rules")
    reconciler: Reconciler = group(Reconciler, "the comparison of human loops with the ledger")
    callbacks: bool = key(
        False,
        expected="true or false",
        meaning="whether [executions of Step Functions](step-functions.md) can wait for loops",
        by_default="false",
    )
    dashboard: bool = key(
        True,
        expected="true or false",
        meaning="whether there is a [CloudWatch dashboard](operations.md#dashboard)",
        by_default="true",
    )
    archive: Archive | None = optional(
        Archive, "an [archive of the events](operations.md#replay), to replay them", "none"
    )
    outcome_archive: OutcomeArchive = group(
        OutcomeArchive, "an [archive of the outcomes](constructs.md#outcomearchive) to query"
    )
    vpc: Vpc | None = optional(
        Vpc,
        "the VPC in which the functions run, with [endpoints](deploying.md#functions-in-a-vpc)",
        "none",
    )
    tags: Annotated[dict[str, str], Field(min_length=1, max_length=50)] | None = key(
        None,
        expected="an object of texts, with at least one and at most 50",
        meaning="tags of the stack, which CloudFormation gives to its resources",
        by_default="none",
    )
    termination_protection: bool = key(
        False,
        expected="true or false",
        meaning="whether CloudFormation refuses to delete the stack",
        by_default="false",
    )
    permissions_boundary: PolicyName | None = key(
        None,
        expected="the name of a managed policy of this account",
        meaning="the permissions boundary of all roles",
        by_default="none",
    )

    @property
    def stack_name(self) -> str:
        """The name of the stack: HumanLoops-<name>."""
        return f"HumanLoops-{self.name}" if self.name else "HumanLoops"

    @property
    def flow_definitions_matched(self) -> FlowDefinitions:
        """The flow definitions, as the constructs take them."""
        if self.flow_definitions is None:
            return FlowDefinitions.all()
        if self.flow_definitions[0].startswith("arn:"):
            return FlowDefinitions.from_arns(*self.flow_definitions)
        return FlowDefinitions.from_names(*self.flow_definitions)

    @property
    def task_mappings(self) -> dict[str, TaskMapping]:
        """The mappings, as the constructs take them."""
        return read_mappings(self.handler.mappings)
