"""The bucket for output that is created where none is supplied."""

from __future__ import annotations

from typing import Final, TypedDict

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.retention import keep

_SECONDS_OF_A_DAY: Final = 86_400

#: A2I writes an output in one piece. What is left of an upload in parts is of no use.
_UPLOAD_DAYS: Final = 7


class OutputBucketSettings(TypedDict, total=False):
    """How long the new output bucket keeps what is in it, in whole days.

    Parameters
    ----------
    expiration
        How long outputs are kept. Default: S3 deletes none.
    noncurrent_version_expiration
        How long a version is kept that was overwritten or deleted. Default: 90 days.
    access_log_expiration
        How long access logs are kept. Default: 365 days.
    """

    expiration: Duration
    noncurrent_version_expiration: Duration
    access_log_expiration: Duration


def create_output_bucket(
    scope: Construct, key: kms.IKey, settings: OutputBucketSettings
) -> s3.Bucket:
    """Create a private, encrypted, versioned bucket with access logs, retained on deletion.

    Raises
    ------
    ValueError
        If a setting is unknown or not of whole days.
    """
    days = _checked(settings)
    noncurrent = days.get("noncurrent_version_expiration", Duration.days(90))
    logs = s3.Bucket(
        scope,
        "OutputAccessLogs",
        # Server access logs cannot be delivered to a bucket with a customer managed key.
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=days.get("access_log_expiration", Duration.days(365)),
                noncurrent_version_expiration=Duration.days(30),
                abort_incomplete_multipart_upload_after=Duration.days(_UPLOAD_DAYS),
            )
        ],
    )
    bucket = s3.Bucket(
        scope,
        "OutputBucket",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=days.get("expiration"),
                noncurrent_version_expiration=noncurrent,
                abort_incomplete_multipart_upload_after=Duration.days(_UPLOAD_DAYS),
                # The marker of a deleted output without versions. With an expiration S3 deletes it.
                expired_object_delete_marker=None if "expiration" in days else True,
            )
        ],
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
            "A copy in another Region is the owner's decision: it moves personal data there. "
            "Versioning protects against overwriting and deletion. Supply a replicated bucket as "
            "output where a policy requires one.",
            "HIPAA.Security-S3BucketReplicationEnabled",
            "NIST.800.53.R5-S3BucketReplicationEnabled",
            "PCI.DSS.321-S3BucketReplicationEnabled",
        )
    return bucket


def _checked(settings: OutputBucketSettings) -> OutputBucketSettings:
    known = OutputBucketSettings.__annotations__
    for name, value in settings.items():
        if name not in known:
            raise ValueError(f"output: expected settings {', '.join(known)}, got {name!r}")
        if not isinstance(value, Duration):
            raise ValueError(f"{name} of the output bucket: expected a Duration, got {value!r}")
        seconds = value.to_seconds()
        if seconds < _SECONDS_OF_A_DAY or seconds % _SECONDS_OF_A_DAY:
            raise ValueError(
                f"{name} of the output bucket: expected whole days, got {value.to_human_string()}"
            )
    return settings


def _deliver_access_logs(bucket: s3.Bucket, logs: s3.Bucket) -> None:
    """Deliver access logs with a bucket policy, whatever the feature flags of the app."""
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - what every Bucket is made of
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
