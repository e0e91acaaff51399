"""The delivery stream of an outcome archive: Firehose converts outcomes to Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.archive.outcome_tables import OutcomeTables
from human_loop_events.aws.encryption import SEND_ACTIONS, grant_through
from human_loop_events.aws.policy_size import refuse_oversized
from human_loop_events.aws.retention import KEEP
from human_loop_events.reviews.runtime_function import acknowledge_wildcards
from human_loop_tables.archive_schema import OUTCOMES, PARTITION

#: The prefixes of outcomes, and of outcomes that Firehose cannot convert.
OUTCOMES_PREFIX: Final = "outcomes/"
ERRORS_PREFIX: Final = "errors/"

#: The actions on the bucket itself that Firehose and queries need.
BUCKET_ACTIONS: Final = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")

#: Firehose delivers its buffer after this time, or at this size.
#: https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
_BUFFER_SECONDS: Final = 900
_BUFFER_MIB: Final = 128


def create_outcome_stream(
    scope: Construct,
    bucket: s3.Bucket,
    key: kms.IKey,
    log_group: logs.LogGroup,
    tables: OutcomeTables,
) -> firehose.CfnDeliveryStream:
    """Create the delivery stream, and its role.

    Parameters
    ----------
    scope
        The parent.
    bucket, key
        The bucket of the archive, and the key of bucket and stream.
    log_group
        The log group for errors.
    tables
        The tables with the columns of the files.
    """
    log_stream = logs.LogStream(scope, "LogStream", log_group=log_group, removal_policy=KEEP)
    role, policy = _create_role(scope, bucket, key, log_stream, log_group, tables)
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
            catalog_id=Stack.of(scope).account,
            region=Stack.of(scope).region,
            database_name=tables.database_name,
            table_name=tables.outcomes_name,
            version_id="LATEST",
        ),
    )
    created = firehose.CfnDeliveryStream(
        scope,
        "Stream",
        delivery_stream_type="DirectPut",
        delivery_stream_encryption_configuration_input=(
            stream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="CUSTOMER_MANAGED_CMK", key_arn=key.key_arn
            )
        ),
        extended_s3_destination_configuration=(
            stream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=bucket.bucket_arn,
                role_arn=role.role_arn,
                # https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
                prefix=f"{OUTCOMES_PREFIX}{PARTITION}=!{{timestamp:yyyy-MM-dd}}/",
                error_output_prefix=(
                    f"{ERRORS_PREFIX}!{{firehose:error-output-type}}/!{{timestamp:yyyy-MM-dd}}/"
                ),
                buffering_hints=stream.BufferingHintsProperty(
                    interval_in_seconds=_BUFFER_SECONDS, size_in_m_bs=_BUFFER_MIB
                ),
                cloud_watch_logging_options=stream.CloudWatchLoggingOptionsProperty(
                    enabled=True,
                    log_group_name=log_group.log_group_name,
                    log_stream_name=log_stream.log_stream_name,
                ),
                data_format_conversion_configuration=conversion,
            )
        ),
    )
    # At creation, Firehose checks its access to the schema and the bucket.
    created.node.add_dependency(policy)
    return created


def _create_role(
    scope: Construct,
    bucket: s3.Bucket,
    key: kms.IKey,
    log_stream: logs.LogStream,
    log_group: logs.LogGroup,
    tables: OutcomeTables,
) -> tuple[iam.Role, iam.ManagedPolicy]:
    """Create Firehose's role, and its permissions.

    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
    """
    stack = Stack.of(scope)
    role = iam.Role(
        scope,
        "Role",
        description="Firehose writes outcomes to the archive with this role",
        assumed_by=iam.ServicePrincipal(
            "firehose.amazonaws.com",
            # Firehose passes the account of the stream as external id, and no source.
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kinesisfirehose-deliverystream.html
            conditions={"StringEquals": {"sts:ExternalId": stack.account}},
        ),
    )
    policy = iam.ManagedPolicy(
        scope, "Policy", description="What Firehose may do for the archive", roles=[role]
    )
    refuse_oversized(policy)
    objects = [bucket.arn_for_objects(f"{each}*") for each in (OUTCOMES_PREFIX, ERRORS_PREFIX)]
    allow_on(policy, BUCKET_ACTIONS, bucket.bucket_arn)
    allow_on(policy, ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"), *objects)
    allow_on(
        policy,
        ("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"),
        *tables.table_arns(OUTCOMES),
    )
    grant_through(key, policy, "s3", SEND_ACTIONS)
    allow_on(policy, ("logs:PutLogEvents",), _log_stream_arn(log_group, log_stream))
    acknowledge_wildcards(
        policy,
        "The objects below the two prefixes that Firehose writes, in a bucket of the archive's "
        "own. Firehose makes up their names.",
        objects,
    )
    return role, policy


def _log_stream_arn(log_group: logs.LogGroup, log_stream: logs.LogStream) -> str:
    return Stack.of(log_group).format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{log_group.log_group_name}:log-stream:{log_stream.log_stream_name}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def allow_on(grantee: iam.IGrantable, actions: Sequence[str], *resource_arns: str) -> iam.Grant:
    """Allow actions on resources."""
    return iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=list(resource_arns)
    )
