"""What AWS services do for the resources of a template, each with the same from a stranger.

The condition keys are those that AWS documents, see the page at each function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from human_loop_events.aws.encryption import ARCHIVE_ACTIONS, SEND_ACTIONS, USE_ACTIONS
from tests.permissions.account import ADMINISTRATOR, Account, Resource
from tests.permissions.evaluator import Request

STRANGER = "999999999999"

#: A service that no policy admits.
_ANOTHER_SERVICE = "config.amazonaws.com"


def service_calls(account: Account) -> list[Request]:
    """Return all calls of AWS services, those that must be allowed and those that must not."""
    calls: list[Request] = []
    for rule in account.of_type("AWS::Events::Rule"):
        for target in rule.properties.get("Targets", []):
            calls += _deliver(account, rule, target)
            calls += _send_dead_letter(account, rule, target)
    for alarm in account.of_type("AWS::CloudWatch::Alarm"):
        calls += _notify(account, alarm)
    for function in account.of_type("AWS::Lambda::Function"):
        calls += _run(account, function)
    for mapping in account.of_type("AWS::Lambda::EventSourceMapping"):
        calls += _poll(account, mapping)
    for log_group in account.of_type("AWS::Logs::LogGroup"):
        calls += _encrypt_logs(account, log_group)
    for archive in account.of_type("AWS::Events::Archive"):
        calls += _archive(account, archive)
    for stream in account.of_type("AWS::KinesisFirehose::DeliveryStream"):
        calls += _write_outcomes(account, stream)
    for bucket in account.of_type("AWS::S3::Bucket"):
        calls += _write_access_logs(account, bucket)
    for key in account.of_type("AWS::KMS::Key"):
        calls += _administer(account, key)
    for resource in account.of_type("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"):
        calls += _call_without_tls(account, resource)
    return calls


def _deliver(account: Account, rule: Resource, target: dict[str, Any]) -> Iterator[Request]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html."""
    arn: str = target["Arn"]
    role: str | None = target.get("RoleArn")
    why = f"rule {rule.logical_id} delivers"
    source = _source(account, rule.arn)
    match arn.split(":")[2]:
        case "sqs":
            yield from _by_service(account, why, "events", "sqs:SendMessage", arn, source)
            yield from _with_key_for(account, why, "events", arn, source)
            other = _source(account, rule.arn + "-another")
            if _same_stack(account, arn):
                yield _denied(account, "another rule", "events", "sqs:SendMessage", arn, other)
        case "lambda":
            action = "lambda:InvokeFunction"
            yield from _by_service(account, why, "events", action, arn, source)
            other = _source(account, rule.arn + "-another")
            yield _denied(account, "another rule", "events", action, arn, other)
        case "sns" if role is None:
            # EventBridge names neither account nor rule to a topic or its key.
            yield from _by_service(account, why, "events", "sns:Publish", arn, {})
            yield from _with_key_for(account, why, "events", arn, {})
        case "sns":
            assert role is not None
            yield from _by_service(account, why, "events", "sts:AssumeRole", role, source)
            yield from by_role(account, why, role, role, "sns:Publish", arn)
        case "firehose":
            assert role is not None
            yield from _by_service(account, why, "events", "sts:AssumeRole", role, source)
            for action in ("firehose:PutRecord", "firehose:PutRecordBatch"):
                yield from by_role(account, why, role, role, action, arn)
                yield account.request(
                    f"{why}, but elsewhere", role, action, f"{arn}-another", {}, role=role,
                    must_be_allowed=False,
                )  # fmt: skip
        case service:
            raise AssertionError(f"{why} to {service}: say here what that takes")


def _send_dead_letter(
    account: Account, rule: Resource, target: dict[str, Any]
) -> Iterator[Request]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html."""
    queue = target["DeadLetterConfig"]["Arn"]
    why, source = f"rule {rule.logical_id} sends a dead letter", _source(account, rule.arn)
    yield from _by_service(account, why, "events", "sqs:SendMessage", queue, source)
    yield from _with_key_for(account, why, "events", queue, source)


def _notify(account: Account, alarm: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html."""
    why, source = f"alarm {alarm.logical_id} notifies", _source(account, alarm.arn)
    for topic in [
        *alarm.properties.get("AlarmActions", []),
        *alarm.properties.get("OKActions", []),
    ]:
        yield from _by_service(account, why, "cloudwatch", "sns:Publish", topic, source)
        yield from _with_key_for(account, why, "cloudwatch", topic, source)


def _run(account: Account, function: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html."""
    role, why = function.properties["Role"], f"Lambda runs {function.logical_id}"
    yield from _by_service(account, why, "lambda", "sts:AssumeRole", role, {})
    session = session_of(function)
    if dead_letters := function.properties.get("DeadLetterConfig"):
        queue = dead_letters["TargetArn"]
        yield from by_role(account, why, role, session, "sqs:SendMessage", queue)
    if "LoggingConfig" in function.properties:
        (logs,) = (
            each
            for each in account.of_type("AWS::Logs::LogGroup")
            if each.arn.endswith(f":{function.properties['LoggingConfig']['LogGroup']}:*")
        )
        stream = logs.arn.removesuffix("*") + "log-stream:2026/03/14/stream"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            yield from by_role(account, why, role, session, action, stream)
    if function.properties.get("TracingConfig", {}).get("Mode") == "Active":
        for action in ("xray:PutTelemetryRecords", "xray:PutTraceSegments"):
            yield from by_role(account, why, role, session, action, "*")


def _poll(account: Account, mapping: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
    name = mapping.properties["FunctionName"]
    (function,) = (
        each
        for each in account.of_type("AWS::Lambda::Function")
        if name in (each.arn, each.arn.rpartition(":")[2])
    )
    role, queue = function.properties["Role"], mapping.properties["EventSourceArn"]
    for action in ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"):
        yield from by_role(account, "Lambda polls", role, session_of(function), action, queue)


def _encrypt_logs(account: Account, log_group: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html."""
    key = account.key_of(log_group.arn)
    if key is None:
        return
    arn = log_group.arn.removesuffix(":*")
    for action in USE_ACTIONS:
        yield from _by_service(
            account,
            f"CloudWatch Logs encrypts {log_group.logical_id}",
            f"logs.{account.region}",
            action,
            key,
            {"kms:EncryptionContext:aws:logs:arn": arn},
        )


def _archive(account: Account, archive: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/encryption-archives.html."""
    key, bus = archive.properties["KmsKeyIdentifier"], archive.properties["SourceArn"]
    why = f"EventBridge encrypts {archive.logical_id}"
    context = {"kms:EncryptionContext:aws:events:event-bus:arn": bus}
    for action in ARCHIVE_ACTIONS:
        yield from _by_service(account, why, "events", action, key, context)
    yield from _by_service(account, why, "events", "kms:DescribeKey", key, {})


def _write_outcomes(account: Account, stream: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html."""
    destination = stream.properties["ExtendedS3DestinationConfiguration"]
    role, bucket = destination["RoleARN"], destination["BucketARN"]
    why = f"Firehose writes for {stream.logical_id}"
    external = {"sts:ExternalId": account.id}
    yield from _by_service(account, why, "firehose", "sts:AssumeRole", role, external)

    def allowed(action: str, resource: str) -> Iterator[Request]:
        yield from by_role(account, why, role, role, action, resource)

    def denied(action: str, resource: str) -> Request:
        tls = {"s3:TlsVersion": "1.2"} if action.startswith("s3:") else {}
        return account.request(
            f"{why}, but elsewhere", role, action, resource, tls, role=role, must_be_allowed=False
        )

    for action in ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"):
        yield from allowed(action, bucket)
    for action in ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"):
        for prefix in ("Prefix", "ErrorOutputPrefix"):
            folder = destination[prefix].partition("/")[0]
            yield from allowed(action, f"{bucket}/{folder}/2026-03-14/file")
        yield denied(action, f"{bucket}/results/file")
    key = account.key_of(bucket)
    assert key is not None
    via = {"kms:ViaService": f"s3.{account.region}.amazonaws.com"}
    yield account.request(why, role, "kms:GenerateDataKey", key, via, role=role)
    schema = destination["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    assert schema["RoleARN"] == role
    catalog = f"arn:aws:glue:{account.region}:{account.id}"
    for action in ("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"):
        for resource in (
            *("catalog", f"database/{schema['DatabaseName']}"),
            f"table/{schema['DatabaseName']}/outcomes",
        ):
            yield from allowed(action, f"{catalog}:{resource}")
        other = f"{catalog}:table/{schema['DatabaseName']}/loops"
        yield denied(action, other)
    logging = destination["CloudWatchLoggingOptions"]
    group = f"arn:aws:logs:{account.region}:{account.id}:log-group:{logging['LogGroupName']}"
    yield from allowed("logs:PutLogEvents", f"{group}:log-stream:{logging['LogStreamName']}")
    yield denied("logs:PutLogEvents", f"{group}:log-stream:another")


def _write_access_logs(account: Account, bucket: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html."""
    logs = bucket.properties.get("LoggingConfiguration", {}).get("DestinationBucketName")
    if logs is not None:
        yield from _by_service(
            account,
            f"S3 logs access to {bucket.logical_id}",
            "logging.s3",
            "s3:PutObject",
            f"arn:aws:s3:::{logs}/2026-03-14",
            {**_source(account, bucket.arn), "s3:TlsVersion": "1.2"},
        )


def _administer(account: Account, key: Resource) -> Iterator[Request]:
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html."""
    why, role = "an administrator changes the key", ADMINISTRATOR
    yield account.request(why, role, "kms:PutKeyPolicy", key.arn, {}, role=role)


def _call_without_tls(account: Account, resource: Resource) -> Iterator[Request]:
    """Even an administrator."""
    action, arn = {
        "AWS::S3::Bucket": ("s3:GetObject", f"{resource.arn}/key"),
        "AWS::SNS::Topic": ("sns:Publish", resource.arn),
        "AWS::SQS::Queue": ("sqs:SendMessage", resource.arn),
    }[resource.type]
    modern = {"s3:TlsVersion": "1.2"} if action.startswith("s3:") else {}
    refused = [{**modern, "aws:SecureTransport": "false"}]
    if modern and resource.logical_id in account.own:
        refused.append({"s3:TlsVersion": "1.1"})
    role = ADMINISTRATOR
    yield account.request("an administrator", role, action, arn, modern, role=role)
    for context in refused:
        yield account.request(
            "an administrator without TLS 1.2", role, action, arn, context, role=role,
            must_be_allowed=False,
        )  # fmt: skip


#: What a service does with the key of a resource for the caller of an action.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
#: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
_READ_TABLE = ("kms:Decrypt", "kms:DescribeKey")
_KEY_ACTIONS = {
    "dynamodb:BatchGetItem": _READ_TABLE,
    "dynamodb:GetItem": _READ_TABLE,
    "dynamodb:PutItem": USE_ACTIONS,
    "dynamodb:Query": _READ_TABLE,
    "dynamodb:Scan": _READ_TABLE,
    "dynamodb:UpdateItem": USE_ACTIONS,
    "dynamodb:DeleteItem": USE_ACTIONS,
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey",),
    "sns:Publish": SEND_ACTIONS,
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "sqs:SendMessage": SEND_ACTIONS,
}


def by_role(
    account: Account, why: str, role: str, principal: str, action: str, resource: str, **keys: Any
) -> Iterator[Request]:
    """Yield a call by a role, what the service then does with the resource's key, and strangers'.

    Parameters
    ----------
    account, why, action, resource
        As in `Account.request`.
    role, principal
        The role, and its session.
    keys
        Condition keys.
    """
    service = resource.split(":")[2] if resource != "*" else ""
    context = {**keys, "s3:TlsVersion": "1.2"} if service == "s3" else keys
    yield account.request(why, principal, action, resource, context, role=role)
    key = account.key_of(resource)
    for key_action in _KEY_ACTIONS.get(action, ()) if key else ():
        assert key is not None
        via = {"kms:ViaService": f"{service}.{account.region}.amazonaws.com"}
        encrypted = {**via, **account.encryption_context(resource)}
        yield account.request(why, principal, key_action, key, encrypted, role=role)
        for stranger in ({}, {"kms:ViaService": f"ssm.{account.region}.amazonaws.com"}):
            yield account.request(
                f"{why}, but with the key itself", principal, key_action, key, stranger, role=role,
                must_be_allowed=False,
            )  # fmt: skip


def session_of(function: Resource) -> str:
    """Return the ARN of the session in which a function runs."""
    role = function.properties["Role"].replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    return f"{role}/{function.arn.rpartition(':')[2]}"


def _by_service(
    account: Account, why: str, service: str, action: str, resource: str, keys: dict[str, str]
) -> Iterator[Request]:
    """Yield a call by a service, and the same by another service and for another account."""
    principal = f"{service}.amazonaws.com"
    yield account.request(why, principal, action, resource, keys)
    yield account.request(
        f"another service: {why}", _ANOTHER_SERVICE, action, resource, keys, must_be_allowed=False
    )
    elsewhere = {key: value.replace(account.id, STRANGER) for key, value in keys.items()}
    if elsewhere != keys:
        yield _denied(account, f"another account: {why}", service, action, resource, elsewhere)


def _with_key_for(
    account: Account, why: str, service: str, resource: str, keys: dict[str, str]
) -> Iterator[Request]:
    """Yield what a service does with the key of a queue or topic to which it sends."""
    key = account.key_of(resource)
    if key is None:
        return
    context = {**keys, **account.encryption_context(resource)}
    for action in SEND_ACTIONS:
        yield from _by_service(account, f"{why} with the key", service, action, key, context)


def _denied(
    account: Account, why: str, service: str, action: str, resource: str, keys: dict[str, str]
) -> Request:
    principal = f"{service}.amazonaws.com"
    return account.request(why, principal, action, resource, keys, must_be_allowed=False)


def _source(account: Account, arn: str) -> dict[str, str]:
    return {"aws:SourceAccount": account.id, "aws:SourceArn": arn}


def _same_stack(account: Account, arn: str) -> bool:
    return account.find(arn) is not None
