"""The bucket that is created if no output is supplied."""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.aws.bounds import WHOLE_DAYS
from human_loop_events.aws.private_bucket import (
    UPLOAD_EXPIRATION,
    create_private_bucket,
)


class OutputBucketSettings(TypedDict, total=False):
    """Retention periods of the new output bucket, in whole days.

    The bucket is private, encrypted and versioned, has access logs, and aborts incomplete uploads
    after seven days.

    Parameters
    ----------
    expiration
        The retention period of outputs. An outcome can link an output that is gone. Default: no
        expiration.
    noncurrent_version_expiration
        The retention period of noncurrent versions. Default: 90 days.
    access_log_expiration
        The retention period of access logs. Default: 365 days.
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
        If a setting is not in whole days.
    """
    days = _validate_settings(settings)
    return create_private_bucket(
        scope,
        "OutputBucket",
        key,
        logs_id="OutputAccessLogs",
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=days.get("expiration"),
                noncurrent_version_expiration=days.get(
                    "noncurrent_version_expiration", Duration.days(90)
                ),
                abort_incomplete_multipart_upload_after=UPLOAD_EXPIRATION,
                # Delete markers without versions. With an expiration, S3 deletes them by itself.
                expired_object_delete_marker=None if "expiration" in days else True,
            )
        ],
        access_log_expiration=days.get("access_log_expiration", Duration.days(365)),
        unreplicated_because="A copy in another Region is the owner's decision: it moves personal "
        "data there. Versioning protects against overwriting and deletion. Supply a replicated "
        "bucket as output where a policy requires one.",
    )


def _validate_settings(settings: OutputBucketSettings) -> OutputBucketSettings:
    for name, value in settings.items():
        WHOLE_DAYS.require(f"{name} of the output bucket", value)
    return settings
