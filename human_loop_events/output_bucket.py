"""The bucket with the reviews that A2I writes, and who may read and write them."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration, RemovalPolicy, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.acknowledgements import acknowledge
from human_loop_events.encryption import USE_ACTIONS
from human_loop_events.events import FlowDefinitions


@dataclass(frozen=True, slots=True)
class OutputLocation:
    """Where A2I writes the output of a set of flow definitions.

    A2I writes below the flow definition's ``S3OutputPath``:
    ``<prefix>/<flow definition's name>/YYYY/MM/DD/hh/mm/ss/<human loop's name>/output.json``.
    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html

    Parameters
    ----------
    bucket
        The bucket.
    prefix
        The key prefix of the ``S3OutputPath``, ``""`` for the whole bucket.
    flow_definitions
        Whose output; with known names, only their folders are meant.
    encryption_key
        The flow definitions' own key, if it is not the bucket's.

    Raises
    ------
    ValueError
        If the prefix holds a wildcard of IAM.
    """

    bucket: s3.IBucket
    prefix: str
    flow_definitions: FlowDefinitions
    encryption_key: kms.IKey | None = None

    def __post_init__(self) -> None:
        if not Token.is_unresolved(self.prefix) and any(c in self.prefix for c in "*?$"):
            raise ValueError(
                f"output_prefix: {self.prefix!r} holds one of * ? $, which IAM would read as a "
                "wildcard or variable; expected a plain key prefix such as 'reviews/'"
            )

    @property
    def object_patterns(self) -> list[str]:
        """Key patterns of the output objects, one for each known flow definition."""
        prefix = self.prefix.strip("/")
        root = f"{prefix}/" if prefix else ""
        return [f"{root}{name}/*" for name in self.flow_definitions.names] or [f"{root}*"]

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the output objects, and telling a missing one from a forbidden one.

        S3 may answer "access denied" for a missing object, because it asks for leave to list then
        without naming the prefix that listing is allowed for. Listing the object's key tells.
        """
        listing = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:ListBucket"],
            resource_arns=[self.bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": self.object_patterns}},
        )
        return self._grant(grantee, ["s3:GetObject"], ["kms:Decrypt"]).combine(listing)

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow what the execution role of a flow definition needs for its output.

        https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-permissions-security.html
        """
        return self._grant(grantee, ["s3:PutObject"], list(USE_ACTIONS))

    def _grant(
        self, grantee: iam.IGrantable, actions: list[str], key_actions: list[str]
    ) -> iam.Grant:
        grant = iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=actions,
            resource_arns=[self.bucket.arn_for_objects(each) for each in self.object_patterns],
            resource=self.bucket,
        )
        for key in (self.bucket.encryption_key, self.encryption_key):
            if key is not None:
                grant = grant.combine(key.grant(grantee, *key_actions))
        return grant


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
        removal_policy=RemovalPolicy.RETAIN,
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
        removal_policy=RemovalPolicy.RETAIN,
    )
    _deliver_access_logs(bucket, logs)
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
            "Versioning protects against overwriting and deletion; supply a replicated bucket as "
            "output_bucket where a policy asks for one.",
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
