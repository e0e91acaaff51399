"""An archive of outcomes as Parquet in S3, and Amazon Athena to query it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Final, TypedDict

from aws_cdk import ArnFormat, Duration, Names, Size, Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.alerts import Alerts
from human_loop_events.delivered_rule import DeliveredRule
from human_loop_events.delivery import Delivery
from human_loop_events.encryption import SEND_ACTIONS, grant_through
from human_loop_events.policy_size import refuse_oversized
from human_loop_events.private_bucket import UPLOAD_EXPIRATION, create_private_bucket, whole_days
from human_loop_events.retention import KEEP
from human_loop_events.review_handler import ReviewHandler
from human_loop_events.runtime_function import as_in_findings, create_log_group
from human_loop_tables.archive_schema import OUTCOME_PROPERTIES, OUTCOMES, PARTITION
from human_loop_tables.archive_views import ATHENA_TYPES, GLUE_TYPES, VIEWS, View
from human_loop_tables.queries import QUERIES

_OUTCOMES: Final = "outcomes/"
_ERRORS: Final = "errors/"
_RESULTS: Final = "results/"

#: The first day of the partitions: there are no outcomes of an earlier one.
_FIRST_DAY: Final = "2026-01-01"

#: Firehose delivers what it has after this time, or once it has this much.
#: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
_BUFFER_SECONDS: Final = 900
_BUFFER_MIB: Final = 128

#: Firehose gives up after a day.
_LATE: Final = Duration.hours(1)

#: What S3 requires for the bucket itself, of Firehose and of who queries.
_BUCKET_ACTIONS: Final = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
_QUERY_ACTIONS: Final = (
    *("athena:BatchGetNamedQuery", "athena:GetNamedQuery", "athena:ListNamedQueries"),
    *("athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup"),
    *("athena:StartQueryExecution", "athena:StopQueryExecution"),
)
_RESULT_ACTIONS: Final = (
    *("s3:AbortMultipartUpload", "s3:GetObject"),
    *("s3:ListMultipartUploadParts", "s3:PutObject"),
)

#: Athena's least scan limit is 10 MB.
#: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html
_LEAST_SCAN_LIMIT: Final = Size.mebibytes(10)


class OutcomeArchiveSettings(TypedDict, total=False):
    """The parameters of an `OutcomeArchive` that another construct creates. See there."""

    expiration: Duration
    result_expiration: Duration
    access_log_expiration: Duration
    scan_limit: Size
    log_retention: logs.RetentionDays


class OutcomeArchive(Construct):
    """Archives all outcomes of a review handler, and lets Athena query them.

    A rule sends outcomes to Firehose, which writes them to a bucket as Parquet: without the
    documents' values, and without verifications. Files are compressed with GZIP: Firehose has no
    ZSTD, and Athena charges by what it reads. Athena has the views `loops` and `fields`, and the
    queries of the report as named queries. Firehose delivers within about 15 minutes. Earlier
    outcomes are archived by ``human-loops outcomes republish``.

    The bucket is kept when the stack is deleted.

    Parameters
    ----------
    scope
        The parent.
    construct_id
        The id within the parent.
    handler
        Whose outcomes.
    delivery
        How outcomes reach Firehose. Its key encrypts what the archive creates.
    alerts
        Who is notified if outcomes cannot be archived.
    expiration
        How long outcomes are kept, in whole days. Default: S3 deletes none.
    result_expiration
        How long the results of queries are kept, in whole days. Default: 30 days.
    access_log_expiration
        How long the access logs of the bucket are kept, in whole days. Default: 365 days.
    scan_limit
        How much a query may read, from 10 MiB. Athena stops one that reads more. Default: 10 GiB.
    log_retention
        How long Firehose's errors are kept. Default: one year.

    Raises
    ------
    ValueError
        If a time is not of whole days, or the scan limit is too low.

    Examples
    --------
    >>> archive = OutcomeArchive(  # doctest: +SKIP
    ...     self, "OutcomeArchive", handler=loops.review_handler,
    ...     delivery=loops.delivery, alerts=loops.alerts,
    ... )
    >>> archive.grant_query(analyst)  # doctest: +SKIP
    """

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
        self._bucket = self._create_bucket(expiration, result_expiration, access_log_expiration)
        # Athena needs names in lower case without hyphens. A workgroup has a name in any template.
        self._name = Names.unique_resource_name(self, separator="_", max_length=128).lower()
        self._database = self._create_database()
        self._tables = [self._create_table(), *(self._create_view(each) for each in VIEWS.values())]
        self._work_group = self._create_work_group(_a_scan_limit(scan_limit))
        self._log_group = create_log_group(self, self._key, log_retention)
        self._stream = self._create_stream()
        self._rule = handler.on_outcome(
            "OutcomeArchive",
            delivery=delivery,
            alerts=alerts,
            target=delivery.delivery_stream_target(
                self._stream, message=events.RuleTargetInput.from_event_path("$.detail")
            ),
            description="Outcomes to the archive",
        )
        self._add_alarms(alerts)

    @property
    def bucket(self) -> s3.Bucket:
        """The bucket, with ``outcomes/``, ``errors/`` of Firehose, and ``results/`` of Athena."""
        return self._bucket

    @property
    def location(self) -> str:
        """The S3 URI below which the Parquet files are."""
        return f"s3://{self._bucket.bucket_name}/{_OUTCOMES}"

    @property
    def work_group_name(self) -> str:
        """The name of Athena's workgroup."""
        return self._work_group.ref

    @property
    def database_name(self) -> str:
        """The name of the database in the Glue Data Catalog: that of the workgroup."""
        return self._database.ref

    @property
    def delivery_stream(self) -> firehose.CfnDeliveryStream:
        """The delivery stream."""
        return self._stream

    @property
    def rule(self) -> DeliveredRule:
        """The rule on outcomes."""
        return self._rule

    def grant_query(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow running queries in the workgroup, on this database only.

        https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
        """
        bucket, database = self._bucket, f"database/{self.database_name}"
        tables = [self._table_resource(name) for name in (OUTCOMES, *VIEWS)]
        # Athena looks the default database up too.
        # https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        databases = self._catalog_arns("database/default", database)
        grant = _grant(grantee, ("glue:GetDatabase",), *databases)
        for actions, resources in (
            (("glue:GetTable",), self._catalog_arns(database, *tables)),
            (_QUERY_ACTIONS, [self._work_group_arn]),
            (_BUCKET_ACTIONS, [bucket.bucket_arn]),
            (("s3:GetObject",), [bucket.arn_for_objects(f"{_OUTCOMES}*")]),
            (_RESULT_ACTIONS, [bucket.arn_for_objects(f"{_RESULTS}*")]),
        ):
            grant = grant.combine(_grant(grantee, actions, *resources))
        return grant.combine(grant_through(self._key, grantee, "s3", SEND_ACTIONS))

    def _create_bucket(
        self,
        expiration: Duration | None,
        result_expiration: Duration | None,
        access_log_expiration: Duration | None,
    ) -> s3.Bucket:
        times = {
            "expiration": expiration,
            "result_expiration": result_expiration or Duration.days(30),
            "access_log_expiration": access_log_expiration or Duration.days(365),
        }
        days = {
            name: whole_days(f"{name} of the outcome archive", time)
            for name, time in times.items()
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
                    expiration=days["result_expiration"],
                    noncurrent_version_expiration=Duration.days(1),
                ),
            ],
            access_log_expiration=days["access_log_expiration"],
            unreplicated_because="A copy in another Region is the owner's decision: the names of "
            "fields can quote documents. Versioning protects against overwriting and deletion, and "
            "the ledger has the same outcomes.",
        )

    def _create_database(self) -> glue.CfnDatabase:
        return glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self._name, description="Outcomes of human loops"
            ),
        )

    def _create_table(self) -> glue.CfnTable:
        """Declare the Parquet files.

        Athena computes the partitions, which the catalog does not have.
        https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
        """
        column = glue.CfnTable.ColumnProperty
        return self._declare(
            OUTCOMES,
            glue.CfnTable.TableInputProperty(
                name=OUTCOMES,
                description="Outcomes as they were delivered, also repeated and replaced ones",
                table_type="EXTERNAL_TABLE",
                parameters={
                    "classification": "parquet",
                    "projection.enabled": "true",
                    f"projection.{PARTITION}.type": "date",
                    f"projection.{PARTITION}.format": "yyyy-MM-dd",
                    f"projection.{PARTITION}.range": f"{_FIRST_DAY},NOW",
                },
                partition_keys=[column(name=PARTITION, type="string")],
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[
                        column(name=each.column, type=each.type) for each in OUTCOME_PROPERTIES
                    ],
                    location=self.location,
                    input_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=(
                            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                        )
                    ),
                ),
            ),
        )

    def _create_view(self, view: View) -> glue.CfnTable:
        """Declare a view in the form in which Athena itself stores one."""
        definition = {
            "originalSql": view.sql,
            "catalog": "awsdatacatalog",
            "schema": self._name,
            "columns": [
                {"name": each.name, "type": ATHENA_TYPES[each.type]} for each in view.columns
            ],
        }
        encoded = base64.b64encode(json.dumps(definition).encode()).decode()
        return self._declare(
            view.name,
            glue.CfnTable.TableInputProperty(
                name=view.name,
                table_type="VIRTUAL_VIEW",
                parameters={"presto_view": "true", "comment": "Presto View"},
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[
                        glue.CfnTable.ColumnProperty(
                            name=each.name, type=GLUE_TYPES[each.type], comment=each.meaning
                        )
                        for each in view.columns
                    ],
                    serde_info=glue.CfnTable.SerdeInfoProperty(),
                ),
                view_original_text=f"/* Presto View: {encoded} */",
                view_expanded_text="/* Presto View */",
            ),
        )

    def _declare(self, name: str, table: glue.CfnTable.TableInputProperty) -> glue.CfnTable:
        return glue.CfnTable(
            self,
            f"Table-{name}",
            catalog_id=Stack.of(self).account,
            database_name=self._database.ref,
            table_input=table,
        )

    def _create_work_group(self, scan_limit: Size) -> athena.CfnWorkGroup:
        configuration = athena.CfnWorkGroup
        work_group = athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=self._name,
            description="Queries on the outcomes of human loops",
            # The named queries are the stack's, and the history is of no use without it.
            recursive_delete_option=True,
            work_group_configuration=configuration.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                bytes_scanned_cutoff_per_query=scan_limit.to_bytes(),
                engine_version=configuration.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=configuration.ResultConfigurationProperty(
                    output_location=f"s3://{self._bucket.bucket_name}/{_RESULTS}",
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
                database=self._database.ref,
                query_string=query.sql,
                work_group=work_group.ref,
            )
            named.node.add_dependency(*self._tables)
        return work_group

    def _create_stream(self) -> firehose.CfnDeliveryStream:
        log_stream = logs.LogStream(
            self, "LogStream", log_group=self._log_group, removal_policy=KEEP
        )
        role, policy = self._create_role(log_stream)
        table = self._tables[0]
        stream = firehose.CfnDeliveryStream
        conversion = stream.DataFormatConversionConfigurationProperty(
            enabled=True,
            input_format_configuration=stream.InputFormatConfigurationProperty(
                deserializer=stream.DeserializerProperty(
                    open_x_json_ser_de=stream.OpenXJsonSerDeProperty(case_insensitive=True)
                )
            ),
            output_format_configuration=stream.OutputFormatConfigurationProperty(
                serializer=stream.SerializerProperty(
                    parquet_ser_de=stream.ParquetSerDeProperty(compression="GZIP")
                )
            ),
            schema_configuration=stream.SchemaConfigurationProperty(
                role_arn=role.role_arn,
                catalog_id=Stack.of(self).account,
                region=Stack.of(self).region,
                database_name=self._database.ref,
                table_name=table.ref,
                version_id="LATEST",
            ),
        )
        created = firehose.CfnDeliveryStream(
            self,
            "Stream",
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=(
                stream.DeliveryStreamEncryptionConfigurationInputProperty(
                    key_type="CUSTOMER_MANAGED_CMK", key_arn=self._key.key_arn
                )
            ),
            extended_s3_destination_configuration=(
                stream.ExtendedS3DestinationConfigurationProperty(
                    bucket_arn=self._bucket.bucket_arn,
                    role_arn=role.role_arn,
                    # https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
                    prefix=f"{_OUTCOMES}{PARTITION}=!{{timestamp:yyyy-MM-dd}}/",
                    error_output_prefix=(
                        f"{_ERRORS}!{{firehose:error-output-type}}/!{{timestamp:yyyy-MM-dd}}/"
                    ),
                    buffering_hints=stream.BufferingHintsProperty(
                        interval_in_seconds=_BUFFER_SECONDS, size_in_m_bs=_BUFFER_MIB
                    ),
                    cloud_watch_logging_options=stream.CloudWatchLoggingOptionsProperty(
                        enabled=True,
                        log_group_name=self._log_group.log_group_name,
                        log_stream_name=log_stream.log_stream_name,
                    ),
                    data_format_conversion_configuration=conversion,
                )
            ),
        )
        # Firehose looks at the schema and the bucket when it is created.
        created.node.add_dependency(policy)
        return created

    def _create_role(self, log_stream: logs.LogStream) -> tuple[iam.Role, iam.ManagedPolicy]:
        """Create Firehose's role.

        https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
        """
        stack, bucket = Stack.of(self), self._bucket
        role = iam.Role(
            self,
            "Role",
            description="Firehose writes outcomes to the archive with this role",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com",
                # Firehose names the account of the stream as external id, and no source.
                # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
                conditions={"StringEquals": {"sts:ExternalId": stack.account}},
            ),
        )
        policy = iam.ManagedPolicy(
            self, "Policy", description="What Firehose may do for the archive", roles=[role]
        )
        refuse_oversized(policy)
        objects = [bucket.arn_for_objects(f"{prefix}*") for prefix in (_OUTCOMES, _ERRORS)]
        table = self._catalog_arns(f"database/{self.database_name}", self._table_resource(OUTCOMES))
        _grant(policy, _BUCKET_ACTIONS, bucket.bucket_arn)
        _grant(policy, ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"), *objects)
        _grant(policy, ("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"), *table)
        grant_through(self._key, policy, "s3", SEND_ACTIONS)
        _grant(
            policy,
            ("logs:PutLogEvents",),
            stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=f"{self._log_group.log_group_name}:log-stream:"
                f"{log_stream.log_stream_name}",
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        acknowledge(
            policy,
            "The objects below the two prefixes that Firehose writes, in a bucket of the archive's "
            "own. Firehose makes up their names.",
            *(
                f"AwsSolutions-IAM5[Resource::{as_in_findings(stack.resolve(arn))}]"
                for arn in objects
            ),
        )
        return role, policy

    @property
    def _work_group_arn(self) -> str:
        return Stack.of(self).format_arn(
            service="athena", resource="workgroup", resource_name=self._work_group.ref
        )

    def _table_resource(self, name: str) -> str:
        return f"table/{self.database_name}/{name}"

    def _catalog_arns(self, *resources: str) -> list[str]:
        """Return the ARNs of the catalog and of resources in it.

        Glue requires permissions for the ancestors of what is read.
        https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
        """
        return [
            Stack.of(self).format_arn(
                service="glue", resource=each, arn_format=ArnFormat.NO_RESOURCE_NAME
            )
            for each in ("catalog", *resources)
        ]

    def _add_alarms(self, alerts: Alerts) -> None:
        """Add the alarms on Firehose.

        https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html
        """
        alerts.add_alarm(
            self,
            "NotConverted",
            self._metric("FailedConversion.Records", "Sum"),
            description="Firehose could not convert outcomes to Parquet. They are below errors/ in "
            "the bucket of the outcome archive, and missing in its tables. Read the reason there, "
            "fix the cause, and publish the outcomes again.",
            section="OutcomeArchive",
        )
        alerts.add_alarm(
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
            dimensions_map={"DeliveryStreamName": self._stream.ref},
            statistic=statistic,
            period=Duration.minutes(5),
        )


def _grant(grantee: iam.IGrantable, actions: Sequence[str], *resource_arns: str) -> iam.Grant:
    return iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=list(resource_arns)
    )


def _a_scan_limit(limit: Size | None) -> Size:
    if limit is None:
        return Size.gibibytes(10)
    least = _LEAST_SCAN_LIMIT.to_bytes()
    if not isinstance(limit, Size) or limit.to_bytes() < least:
        given = f"{limit.to_bytes():,.0f} bytes" if isinstance(limit, Size) else repr(limit)
        raise ValueError(f"scan_limit of the outcome archive: expected 10 MiB or more, got {given}")
    return limit
