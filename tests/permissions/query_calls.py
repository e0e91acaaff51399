"""What a query in the workgroup of an outcome archive takes, and what must be out of reach.

https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
"""

from __future__ import annotations

from collections.abc import Iterator

from human_loop_tables.archive_views import VIEWS
from tests.permissions.account import Account
from tests.permissions.evaluator import Request
from tests.permissions.service_calls import by_role

_WORK_GROUP = (
    *("BatchGetNamedQuery", "GetNamedQuery", "ListNamedQueries"),
    *("GetQueryExecution", "GetQueryResults", "GetWorkGroup"),
    *("StartQueryExecution", "StopQueryExecution"),
)
_BUCKET = ("GetBucketLocation", "ListBucket", "ListBucketMultipartUploads")
_RESULTS = ("AbortMultipartUpload", "GetObject", "ListMultipartUploadParts", "PutObject")


def query_calls(account: Account, role: str) -> list[Request]:
    """Return the calls of a role that queries, those that must be allowed and those not."""
    return [*_allowed(account, role), *_denied(account, role)]


def _allowed(account: Account, role: str) -> Iterator[Request]:
    why, (bucket, database, work_group) = "a query", _archive(account)
    calls = [
        *((f"athena:{each}", work_group) for each in _WORK_GROUP),
        *(("glue:GetDatabase", each) for each in _catalog(account, "database/default")),
        *(("glue:GetDatabase", each) for each in _catalog(account, f"database/{database}")),
        *(
            ("glue:GetTable", each)
            for name in ("outcomes", *VIEWS)
            for each in _catalog(account, f"database/{database}", f"table/{database}/{name}")
        ),
        *((f"s3:{each}", bucket) for each in _BUCKET),
        ("s3:GetObject", f"{bucket}/outcomes/date=2026-03-14/file"),
        *((f"s3:{each}", f"{bucket}/results/file") for each in _RESULTS),
    ]
    for action, resource in calls:
        yield from by_role(account, why, role, role, action, resource)
    key = account.key_of(bucket)
    assert key is not None
    via = {"kms:ViaService": f"s3.{account.region}.amazonaws.com"}
    yield account.request(why, role, "kms:GenerateDataKey", key, via, role=role)


def _denied(account: Account, role: str) -> Iterator[Request]:
    bucket, database, work_group = _archive(account)
    (_, other_table) = _catalog(account, f"table/{database}/another")
    calls = [
        ("athena:StartQueryExecution", f"{work_group}-another"),
        ("athena:UpdateWorkGroup", work_group),
        ("glue:GetTable", other_table),
        ("glue:UpdateTable", other_table.replace("another", "outcomes")),
        ("s3:PutObject", f"{bucket}/outcomes/date=2026-03-14/file"),
        ("s3:DeleteObject", f"{bucket}/results/file"),
        ("s3:GetObject", f"{bucket}/errors/file"),
    ]
    for action, resource in calls:
        tls = {"s3:TlsVersion": "1.2"} if action.startswith("s3:") else {}
        yield account.request(
            "a query elsewhere", role, action, resource, tls, role=role, must_be_allowed=False
        )


def _archive(account: Account) -> tuple[str, str, str]:
    """Return the ARN of the bucket, the name of the database and the ARN of the workgroup."""
    (stream,) = account.of_type("AWS::KinesisFirehose::DeliveryStream")
    destination = stream.properties["ExtendedS3DestinationConfiguration"]
    schema = destination["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    (group,) = account.of_type("AWS::Athena::WorkGroup")
    work_group = f"arn:aws:athena:{account.region}:{account.id}:workgroup/{group.logical_id}"
    return destination["BucketARN"], schema["DatabaseName"], work_group


def _catalog(account: Account, *resources: str) -> list[str]:
    """Return the ARNs of the catalog and of what is in it."""
    return [
        f"arn:aws:glue:{account.region}:{account.id}:{each}" for each in ("catalog", *resources)
    ]
