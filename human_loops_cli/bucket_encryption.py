"""The default encryption of an output bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

#: What S3 answers for a bucket without a configuration, in old Regions.
_NONE = "ServerSideEncryptionConfigurationNotFoundError"


@dataclass(frozen=True, kw_only=True)
class BucketEncryption:
    """The default encryption of a bucket, with which S3 encrypts outputs without a key."""

    is_known: bool
    """Whether the caller can read it."""
    key: str | None = None
    """The customer managed key, as S3 returns it. None if S3 encrypts with its own key."""


def read_bucket_encryption(s3: Any, bucket: str) -> BucketEncryption:
    """Read the default encryption of a bucket.

    Parameters
    ----------
    s3
        A client.
    bucket
        The name.
    """
    try:
        configuration = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        return BucketEncryption(is_known=error.response["Error"]["Code"] == _NONE)
    for rule in configuration.get("Rules", ()):
        key = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        # Everybody in the account who can read the bucket can use the key alias/aws/s3.
        if key and not key.endswith("alias/aws/s3"):
            return BucketEncryption(is_known=True, key=key)
    return BucketEncryption(is_known=True)
