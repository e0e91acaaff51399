"""Reading an output from S3."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from human_loop_reviews.document import UnreadableOutputError
from human_loop_reviews.event import ObjectLocation


def fetch(s3: Any, location: ObjectLocation, *, max_bytes: int, source: str) -> bytes | None:
    """Read an object whole.

    Parameters
    ----------
    s3
        A client.
    location
        Where the object is.
    max_bytes
        The size up to which it is read.
    source
        What to call the object in errors.

    Returns
    -------
    bytes or None
        None if there is no such object.

    Raises
    ------
    UnreadableOutputError
        If it is too large; nothing of it is read.
    botocore.exceptions.ClientError
        If S3 refuses.
    """
    try:
        response = s3.get_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchKey" or (code == "AccessDenied" and not _exists(s3, location)):
            return None
        raise
    size = response["ContentLength"]
    if size > max_bytes:
        response["Body"].close()
        raise UnreadableOutputError(
            f"{source}: the document: expected at most {max_bytes} bytes, got {size}"
        )
    content: bytes = response["Body"].read()
    return content


def _exists(s3: Any, location: ObjectLocation) -> bool:
    """Tell a missing object from a forbidden one.

    S3 answers "access denied" for both unless listing is allowed without a condition on the
    prefix. Listing the key itself is allowed wherever the handler may read.
    """
    listing = s3.list_objects_v2(Bucket=location.bucket, Prefix=location.key, MaxKeys=1)
    return any(each["Key"] == location.key for each in listing.get("Contents", ()))
