"""The types of values in a deployment: times, sizes, ARNs and names."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from aws_cdk import Duration
from aws_cdk.region_info import RegionInfo
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from human_loop_events.aws.bounds import NumberBounds, ShareBounds, SizeBounds, TextForm, TimeBounds
from human_loop_events.events.human_loop_hub import ACCOUNT_ID, ORGANIZATION_ID
from stacks.faults import nearest

#: The Regions of Amazon A2I. AWS adds no Regions, because it is closed to new customers.
#: https://docs.aws.amazon.com/general/latest/gr/a2i.html
A2I_REGIONS: Final = (
    *("us-east-1", "us-east-2", "us-west-2", "ca-central-1"),
    *("eu-central-1", "eu-west-1", "eu-west-2"),
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
)

_UNITS: Final = ("second", "minute", "hour", "day")
_TIME: Final = rf"([1-9][0-9]{{0,8}}) ({'|'.join(_UNITS)})s?"
_SIZES: Final = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE: Final = rf"([1-9][0-9]{{0,8}}) ({'|'.join(_SIZES)})"


def parse_time(value: Any) -> timedelta:
    """Read a time such as ``"6 hours"``.

    Raises
    ------
    ValueError
        If it is neither such a text nor a ``timedelta`` of whole seconds.

    Examples
    --------
    >>> parse_time("90 minutes")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta) and not value.microseconds:
        return value
    match = re.fullmatch(_TIME, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and seconds, minutes, hours or days, as in '6 hours'")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def parse_size(value: Any) -> int:
    """Read a size such as ``"16 MiB"``, in bytes."""
    match = re.fullmatch(_SIZE, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and KiB, MiB or GiB, as in '16 MiB'")
    return int(match[1]) * _SIZES[match[2]]


def as_duration(time: timedelta) -> Duration:
    """Return a time as a CDK duration."""
    return Duration.seconds(int(time.total_seconds()))


def within(bounds: TimeBounds) -> AfterValidator:
    """Return a validator of times within the bounds of a parameter of a construct."""

    def check(time: timedelta) -> timedelta:
        if not bounds.admit(time):
            raise ValueError(bounds.because or "it is out of range")
        return time

    return AfterValidator(check)


def number(bounds: NumberBounds) -> Any:
    """Return the field of a number within the bounds of a parameter of a construct."""
    return Field(ge=bounds.least, le=bounds.most)


def share(bounds: ShareBounds) -> Any:
    """Return the field of a share within the bounds of a parameter of a construct."""
    return Field(gt=bounds.above, le=bounds.most)


def size(bounds: SizeBounds) -> Any:
    """Return the field of a size within the bounds of a parameter of a construct."""
    return Field(ge=bounds.least, le=bounds.most)


def form(of: TextForm) -> Any:
    """Return the field of a text in the form of a parameter of a construct."""
    return Field(pattern=f"^{of.pattern}$")


def _validate_region(region: str) -> str:
    if region not in A2I_REGIONS and RegionInfo.get(region).partition is None:
        known = [each.name for each in RegionInfo.regions]
        raise ValueError(f"AWS has no such Region{nearest(region, known)}")
    return region


def arn_pattern(service: str, resource: str) -> str:
    """Return the pattern of ARNs that have a Region and an account."""
    return rf"^arn:[^:]+:{service}:[^:]+:[0-9]{{12}}:{resource}$"


Text = Annotated[str, Field(min_length=1)]
Time = Annotated[
    timedelta,
    BeforeValidator(parse_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_TIME}$"}),
]
ByteSize = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": "string", "pattern": f"^{_SIZE}$"}),
]
Account = Annotated[str, form(ACCOUNT_ID)]
OrganizationId = Annotated[str, form(ORGANIZATION_ID)]
Region = Annotated[str, AfterValidator(_validate_region)]
Bucket = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
BusName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+$", max_length=256)]
BusArn = Annotated[str, Field(pattern=arn_pattern("events", r"event-bus/[A-Za-z0-9_./-]+"))]
KeyArn = Annotated[str, Field(pattern=arn_pattern("kms", r"key/[A-Za-z0-9-]+"))]
TopicArn = Annotated[str, Field(pattern=arn_pattern("sns", r"[A-Za-z0-9_.-]+"))]
QueueArn = Annotated[str, Field(pattern=arn_pattern("sqs", r"[A-Za-z0-9_.-]+"))]
TableArn = Annotated[str, Field(pattern=arn_pattern("dynamodb", r"table/[A-Za-z0-9_.-]+"))]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]
PolicyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@/-]+$", max_length=512)]
