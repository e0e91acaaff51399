"""Resources that a user of the constructs brings."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct


def create_key(scope: Construct, key_id: str) -> kms.Key:
    return kms.Key(scope, key_id, enable_key_rotation=True)


def create_topic(scope: Construct, topic_id: str, key: kms.IKey) -> sns.Topic:
    topic = sns.Topic(scope, topic_id, master_key=key, enforce_ssl=True)
    topic.apply_removal_policy(RemovalPolicy.RETAIN)
    return topic


def create_queue(
    scope: Construct,
    queue_id: str,
    key: kms.IKey,
    *,
    retention_period: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        queue_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=retention_period,
        dead_letter_queue=dead_letter_queue,
        removal_policy=RemovalPolicy.RETAIN,
    )


def create_bucket(scope: Construct, bucket_id: str, key: kms.IKey) -> s3.Bucket:
    return s3.Bucket(
        scope,
        bucket_id,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
    )


def create_table(scope: Construct, table_id: str, key: kms.IKey) -> dynamodb.TableV2:
    return dynamodb.TableV2(
        scope,
        table_id,
        partition_key=dynamodb.Attribute(name="humanLoopArn", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="creationTime", type=dynamodb.AttributeType.STRING),
        encryption=dynamodb.TableEncryptionV2.customer_managed_key(key),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
    )


def create_function(
    scope: Construct,
    function_id: str,
    *,
    dead_letter_queue: sqs.IQueue | None = None,
    timeout: Duration | None = None,
) -> lambda_.Function:
    return lambda_.Function(
        scope,
        function_id,
        code=lambda_.Code.from_inline("def handle(event, context): print(event)"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
        dead_letter_queue=dead_letter_queue,
        timeout=timeout,
    )


def create_role(scope: Construct, role_id: str, service: str) -> iam.Role:
    return iam.Role(
        scope,
        role_id,
        assumed_by=iam.ServicePrincipal(
            service, conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
        ),
    )
