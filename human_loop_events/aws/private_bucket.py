"""A private, encrypted, versioned bucket with access logs, kept when the stack is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.aws.acknowledgements import acknowledge
from human_loop_events.aws.retention import keep

#: The parts of an incomplete multipart upload are useless.
UPLOAD_EXPIRATION: Final = Duration.days(7)

_SECONDS_OF_A_DAY: Final = 86_400


def create_private_bucket(
    scope: Construct,
    bucket_id: str,
    key: kms.IKey,
    *,
    logs_id: str,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    access_log_expiration: Duration,
    unreplicated_because: str,
) -> s3.Bucket:
    """Create the bucket, and a second bucket for its access logs.

    Parameters
    ----------
    scope
        The parent of both buckets.
    bucket_id, logs_id
        The ids of the buckets.
    key
        The customer managed key of the bucket.
    lifecycle_rules
        The lifecycle rules of the bucket.
    access_log_expiration
        The retention period of access logs.
    unreplicated_because
        The reason why there is no copy in another Region, for an auditor.
    """
    logs = s3.Bucket(
        scope,
        logs_id,
        # Server access logs cannot be delivered to a bucket with a customer managed key.
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=access_log_expiration,
                noncurrent_version_expiration=Duration.days(30),
                abort_incomplete_multipart_upload_after=UPLOAD_EXPIRATION,
            )
        ],
    )
    bucket = s3.Bucket(
        scope,
        bucket_id,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=lifecycle_rules,
    )
    _deliver_access_logs(bucket, logs)
    keep(bucket)
    keep(logs)
    acknowledge(
        logs,
        "Server access logs cannot be delivered to a bucket whose default encryption is a customer "
        "managed key; the logs hold no content of documents and are encrypted by S3.",
        "HIPAA.Security-S3DefaultEncryptionKMS",
        "NIST.800.53.R5-S3DefaultEncryptionKMS",
        "PCI.DSS.321-S3DefaultEncryptionKMS",
    )
    for each in (bucket, logs):
        acknowledge(
            each,
            unreplicated_because,
            "HIPAA.Security-S3BucketReplicationEnabled",
            "NIST.800.53.R5-S3BucketReplicationEnabled",
            "PCI.DSS.321-S3BucketReplicationEnabled",
        )
    return bucket


def _deliver_access_logs(bucket: s3.Bucket, logs: s3.Bucket) -> None:
    """Deliver access logs with a bucket policy, whatever the feature flags of the app."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - the resource of a Bucket
    resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
        destination_bucket_name=logs.bucket_name
    )
    logs.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
            actions=["s3:PutObject"],
            resources=[logs.arn_for_objects("*")],
            conditions={
                "ArnLike": {"aws:SourceArn": bucket.bucket_arn},
                "StringEquals": {"aws:SourceAccount": Stack.of(bucket).account},
            },
        )
    )
