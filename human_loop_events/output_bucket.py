"""The bucket for output that is created where none is supplied."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.retention import keep


def create_output_bucket(scope: Construct, key: kms.IKey) -> s3.Bucket:
    """Create a private, encrypted, versioned bucket with access logs, retained on deletion."""
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
                expiration=Duration.days(365), noncurrent_version_expiration=Duration.days(30)
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
