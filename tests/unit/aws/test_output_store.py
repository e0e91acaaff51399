from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from human_loop_reviews.a2i.event import ObjectLocation
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.aws.output_store import read_object

LOCATION = ObjectLocation("bucket", "reviews/output.json")


@pytest.fixture
def s3() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("s3")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def refuse(stubber: Stubber, listed: list[str]) -> None:
    """Answer as S3 does where listing is allowed below a prefix only."""
    stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
    stubber.add_response(
        "list_objects_v2",
        {"Contents": [{"Key": key} for key in listed]},
        {"Bucket": "bucket", "Prefix": "reviews/output.json", "MaxKeys": 1},
    )


def test_missing_object_that_looks_forbidden_is_missing(s3: tuple[Any, Stubber]) -> None:
    client, stubber = s3
    refuse(stubber, [])
    assert read_object(client, LOCATION, max_bytes=1, source="it") is None


def test_longer_key_is_another_object(s3: tuple[Any, Stubber]) -> None:
    client, stubber = s3
    refuse(stubber, ["reviews/output.json.bak"])
    assert read_object(client, LOCATION, max_bytes=1, source="it") is None


def test_forbidden_object_raises(s3: tuple[Any, Stubber]) -> None:
    client, stubber = s3
    refuse(stubber, ["reviews/output.json"])
    with pytest.raises(CallError, match="AccessDenied"):
        read_object(client, LOCATION, max_bytes=1, source="it")


def test_forbidden_listing_raises(s3: tuple[Any, Stubber]) -> None:
    client, stubber = s3
    stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
    stubber.add_client_error("list_objects_v2", "AccessDenied", http_status_code=403)
    with pytest.raises(CallError) as raised:
        read_object(client, LOCATION, max_bytes=1, source="it")
    assert str(raised.value) == (
        "s3://bucket/reviews/output.json: An error occurred (AccessDenied) when calling the "
        "GetObject operation: ; the keys of bucket bucket: An error occurred (AccessDenied) when "
        "calling the ListObjectsV2 operation: . Allow the call in the policy of the function's "
        "role, and in those of the resource and its key"
    )


def test_throttling_raises(s3: tuple[Any, Stubber]) -> None:
    client, stubber = s3
    stubber.add_client_error("get_object", "SlowDown", http_status_code=503)
    with pytest.raises(CallError, match="SlowDown"):
        read_object(client, LOCATION, max_bytes=1, source="it")
