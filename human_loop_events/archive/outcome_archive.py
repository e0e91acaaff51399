"""An archive of outcomes as Parquet in S3, and Amazon Athena to query it."""

from __future__ import annotations

from typing import Final, TypedDict

from aws_cdk import Duration, Names, Size, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.archive.outcome_stream import (
    BUCKET_ACTIONS,
    OUTCOMES_PREFIX,
    allow_on,
    create_outcome_stream,
)
from human_loop_events.archive.outcome_tables import OutcomeTables
from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.bounds import WHOLE_DAYS, SizeBounds
from human_loop_events.aws.encryption import SEND_ACTIONS, grant_through
from human_loop_events.aws.private_bucket import (
    UPLOAD_EXPIRATION,
    create_private_bucket,
)
from human_loop_events.events.alerts import Alerts
from human_loop_events.events.delivered_rule import DeliveredRule
from human_loop_events.events.delivery import Delivery
from human_loop_events.reviews.loop_context import LoopContext
from human_loop_events.reviews.review_handler import ReviewHandler
from human_loop_events.reviews.runtime_function import create_log_group
from human_loop_tables.queries import QUERIES

#: The prefix of query results in the bucket.
_RESULTS: Final = "results/"

#: Firehose retries for one day.
_LATE: Final = Duration.hours(1)

_QUERY_ACTIONS: Final = (
    *("athena:BatchGetNamedQuery", "athena:GetNamedQuery", "athena:ListNamedQueries"),
    *("athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup"),
    *("athena:StartQueryExecution", "athena:StopQueryExecution"),
)
_RESULT_ACTIONS: Final = (
    *("s3:AbortMultipartUpload", "s3:GetObject"),
    *("s3:ListMultipartUploadParts", "s3:PutObject"),
)

#: Athena's minimum scan limit is 10 MB.
#: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
SCAN_LIMIT: Final = SizeBounds(10 * 1024**2)


class OutcomeArchiveSettings(TypedDict, total=False):
    """The parameters of an `OutcomeArchive` that another construct creates."""

    expiration: Duration
    result_expiration: Duration
    access_log_expiration: Duration
    scan_limit: Size
    log_retention: logs.RetentionDays


@checks_arguments
class OutcomeArchive(Construct):
    """Archives all outcomes of a review handler, and lets Athena query them.

    A rule sends outcomes to Firehose, which delivers them within about 15 minutes to a bucket:

    - ``outcomes/date=YYYY-MM-dd/``: Parquet files with GZIP, by the day of delivery in UTC.
    - ``errors/``: what Firehose could not convert, with the reason.
    - ``results/``: the results of queries.

    Athena has a workgroup and a database of the same name, with the queries of the report as named
    queries of the workgroup, and

    - the table ``outcomes``: a column for each property of an outcome, with its name in lower case,
      and the partition ``date``. Times are texts. Repeated and replaced outcomes are rows too.
    - the views ``loops`` and ``fields``: a row for each human loop, and for each of its fields, by
      the outcome that takes precedence, as in the ledger. Times are ``timestamp(3)`` in UTC. A
      query reads all outcomes of its columns: `expiration` limits that, a condition on ``day`` does
      not.

    The archive contains neither the documents' values nor the outcomes of verifications. The bucket
    is kept when the stack is deleted. ``human-loops outcomes republish`` archives earlier outcomes.
    The alarms are ``NotConverted``, ``Late`` and those of the rule
    (``docs/operations.md#outcomearchive``). Queries: ``docs/learning.md``.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    handler
        The review handler that publishes the outcomes.
    delivery
        The delivery of outcomes to Firehose. Its key encrypts the resources of the archive.
    alerts
        The alerts on outcomes that cannot be archived.
    expiration
        The retention period of outcomes, in whole days. Default: no expiration.
    result_expiration
        The retention period of query results, in whole days. Default: 30 days.
    access_log_expiration
        The retention period of the bucket's access logs, in whole days. Default: 365 days.
    scan_limit
        The maximum data that a query reads, from 10 MiB. Athena cancels a query that exceeds
        it. Default: 10 GiB.
    log_retention
        The retention period of Firehose's errors. Default: one year.

    Raises
    ------
    ValueError
        If a time is not in whole days, or the scan limit is too low.

    Examples
    --------
    >>> archive = OutcomeArchive(  # doctest: +SKIP
    ...     self, "OutcomeArchive", handler=loops.review_handler,
    ...     delivery=loops.delivery, alerts=loops.alerts,
    ... )
    >>> archive.grant_query(analyst)  # doctest: +SKIP
    """

    bucket: s3.Bucket
    """The bucket, with ``outcomes/``, ``errors/`` of Firehose, and ``results/`` of Athena."""
    delivery_stream: firehose.CfnDeliveryStream
    """The delivery stream."""
    rule: DeliveredRule
    """The rule on outcomes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        handler: ReviewHandler,
        delivery: Delivery,
        alerts: Alerts,
        expiration: Duration | None = None,
        result_expiration: Duration | None = None,
        access_log_expiration: Duration | None = None,
        scan_limit: Size | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = delivery.encryption_key
        self.bucket = self._create_bucket(expiration, result_expiration, access_log_expiration)
        # Athena requires names in lower case without hyphens. A workgroup requires a name.
        self._name = Names.unique_resource_name(self, separator="_", max_length=128).lower()
        self._tables = OutcomeTables(self, self._name, self.location)
        self._work_group = self._create_work_group(_validate_scan_limit(scan_limit))
        log_group = create_log_group(self, self._key, log_retention)
        self.delivery_stream = create_outcome_stream(
            self, self.bucket, self._key, log_group, self._tables
        )
        self.rule = handler._create_outcome_rule(
            handler,
            "OutcomeArchive",
            delivery=delivery,
            alerts=alerts,
            target=delivery.delivery_stream_target(
                self.delivery_stream, message=events.RuleTargetInput.from_event_path("$.detail")
            ),
            description="Outcomes to the archive",
        )
        self._add_alarms(alerts)

    @property
    def location(self) -> str:
        """The S3 URI of the Parquet files."""
        return f"s3://{self.bucket.bucket_name}/{OUTCOMES_PREFIX}"

    @property
    def work_group_name(self) -> str:
        """The name of Athena's workgroup."""
        return self._work_group.ref

    @property
    def database_name(self) -> str:
        """The name of the database in the Glue Data Catalog, equal to that of the workgroup."""
        return self._tables.database_name

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow running queries in the workgroup, on this database only, and reading the results.

        Where AWS Lake Formation controls the Data Catalog, also grant Firehose's role and the
        reader ``SELECT`` on the tables there. Where the Data Catalog is encrypted with a customer
        managed key, also grant both ``kms:Decrypt`` on it.

        https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
        """
        bucket, tables = self.bucket, self._tables
        grant = allow_on(grantee, ("glue:GetDatabase",), *tables.database_arns)
        for actions, resources in (
            (("glue:GetTable",), tables.table_arns()),
            (_QUERY_ACTIONS, [self._work_group_arn]),
            (BUCKET_ACTIONS, [bucket.bucket_arn]),
            (("s3:GetObject",), [bucket.arn_for_objects(f"{OUTCOMES_PREFIX}*")]),
            (_RESULT_ACTIONS, [bucket.arn_for_objects(f"{_RESULTS}*")]),
        ):
            grant = grant.combine(allow_on(grantee, actions, *resources))
        return grant.combine(grant_through(self._key, grantee, "s3", SEND_ACTIONS))

    def _create_bucket(
        self,
        expiration: Duration | None,
        result_expiration: Duration | None,
        access_log_expiration: Duration | None,
    ) -> s3.Bucket:
        given = {
            "expiration": expiration,
            "result_expiration": result_expiration,
            "access_log_expiration": access_log_expiration,
        }
        days = {
            name: WHOLE_DAYS.require(f"{name} of the outcome archive", time)
            for name, time in given.items()
            if time is not None
        }
        return create_private_bucket(
            self,
            "Bucket",
            self._key,
            logs_id="AccessLogs",
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=days.get("expiration"),
                    noncurrent_version_expiration=Duration.days(90),
                    abort_incomplete_multipart_upload_after=UPLOAD_EXPIRATION,
                    expired_object_delete_marker=None if "expiration" in days else True,
                ),
                s3.LifecycleRule(
                    prefix=_RESULTS,
                    expiration=days.get("result_expiration", Duration.days(30)),
                    noncurrent_version_expiration=Duration.days(1),
                ),
            ],
            access_log_expiration=days.get("access_log_expiration", Duration.days(365)),
            unreplicated_because="A copy in another Region is the owner's decision: the names of "
            "fields can quote documents. Versioning protects against overwriting and deletion, and "
            "the ledger has the same outcomes.",
        )

    def _create_work_group(self, scan_limit: Size) -> athena.CfnWorkGroup:
        configuration = athena.CfnWorkGroup
        work_group = athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=self._name,
            description="Queries on the outcomes of human loops",
            # The named queries belong to the stack, and so does the history.
            recursive_delete_option=True,
            work_group_configuration=configuration.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=scan_limit.to_bytes(),
                engine_version=configuration.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=configuration.ResultConfigurationProperty(
                    output_location=f"s3://{self.bucket.bucket_name}/{_RESULTS}",
                    expected_bucket_owner=Stack.of(self).account,
                    encryption_configuration=configuration.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=self._key.key_arn
                    ),
                ),
            ),
        )
        for query in QUERIES.values():
            named = athena.CfnNamedQuery(
                self,
                f"Query-{query.name}",
                name=query.name,
                description=query.meaning,
                database=self.database_name,
                query_string=query.sql,
                work_group=work_group.ref,
            )
            named.node.add_dependency(*self._tables.tables)
        return work_group

    @property
    def _work_group_arn(self) -> str:
        return Stack.of(self).format_arn(
            service="athena", resource="workgroup", resource_name=self._work_group.ref
        )

    def _add_alarms(self, alerts: Alerts) -> None:
        """Add the alarms on Firehose.

        https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
        """
        alerts._add_alarm(
            self,
            "NotConverted",
            self._metric("FailedConversion.Records", "Sum"),
            description="Firehose could not convert outcomes to Parquet. They are below errors/ in "
            "the bucket of the outcome archive, and missing in its tables. Read the reason there, "
            "fix the cause, and publish the outcomes again.",
            section="OutcomeArchive",
        )
        alerts._add_alarm(
            self,
            "Late",
            self._metric("DeliveryToS3.DataFreshness", "Maximum"),
            threshold=_LATE.to_seconds(),
            description="Firehose has not delivered outcomes to the outcome archive for "
            f"{_LATE.to_human_string()}. After a day it drops them. Read the reason in its log, "
            "and fix the permissions of its role, the bucket or the key.",
            section="OutcomeArchive",
        )

    def _metric(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/Firehose",
            metric_name=name,
            dimensions_map={"DeliveryStreamName": self.delivery_stream.ref},
            statistic=statistic,
            period=Duration.minutes(5),
        )


def create_outcome_archive(
    context: LoopContext, settings: OutcomeArchiveSettings | None
) -> OutcomeArchive | None:
    """Create an archive with the settings. None without settings.

    Raises
    ------
    ValueError
        If the value is something else, or there is no review handler.
    """
    if settings is None:
        return None
    if context.review_handler is None:
        raise ValueError(
            "outcome_archive: it has the outcomes of a ReviewHandler, but handler is your own "
            "function; expected None"
        )
    return OutcomeArchive(
        context.scope,
        "OutcomeArchive",
        handler=context.review_handler,
        delivery=context.delivery,
        alerts=context.alerts,
        **settings,
    )


def _validate_scan_limit(limit: Size | None) -> Size:
    return SCAN_LIMIT.require("scan_limit of the outcome archive", limit or Size.gibibytes(10))
