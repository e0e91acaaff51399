"""The store of outputs: S3."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.a2i.event import ObjectLocation
from human_loop_reviews.a2i.validation import Place
from human_loop_reviews.aws.calls import CallError, naming, refusal_code


def read_object(s3: Any, location: ObjectLocation, *, max_bytes: int, source: str) -> bytes | None:
    """Read an object.

    Parameters
    ----------
    s3
        A client.
    location
        The object's bucket and key.
    max_bytes
        The largest size that is read.
    source
        What errors call the object.

    Returns
    -------
    bytes or None
        The object's content, None if there is no such object.

    Raises
    ------
    UnreadableOutputError
        If the object is larger than that. Nothing of it is read.
    CallError
        If S3 refuses.
    """
    try:
        with naming(str(location)):
            response = s3.get_object(Bucket=location.bucket, Key=location.key)
    except CallError as error:
        code = refusal_code(error.cause)
        if code == "NoSuchKey" or (code == "AccessDenied" and not _exists(s3, location, error)):
            return None
        raise
    size = response["ContentLength"]
    if size > max_bytes:
        response["Body"].close()
        raise Place(source).expected(f"at most {max_bytes} bytes, got {size}")
    with naming(str(location)):
        content: bytes = response["Body"].read()
    return content


def _exists(s3: Any, location: ObjectLocation, refused: CallError) -> bool:
    """Return whether an object that S3 refuses to read exists.

    S3 refuses to read a missing object too, unless listing is allowed without a condition on the
    prefix. Listing the key itself is allowed wherever the handler may read.

    Raises
    ------
    CallError
        If S3 refuses the listing too. The message names the object and both errors.
    """
    with naming(f"{refused.resource}: {refused.cause}; the keys of bucket {location.bucket}"):
        listing = s3.list_objects_v2(Bucket=location.bucket, Prefix=location.key, MaxKeys=1)
    return any(each["Key"] == location.key for each in listing.get("Contents", ()))
