"""The location of the output of human loops, and the permissions on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aws_cdk import Annotations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.encryption import USE_ACTIONS, grant_through, require_key
from human_loop_events.aws.environments import OUTPUT_BUCKET, OUTPUT_KEY, check_environment
from human_loop_events.aws.key_prefixes import folder_of, refuse_unusable_prefix
from human_loop_events.aws.resource_policies import is_imported
from human_loop_events.events.flow_definitions import FlowDefinitions, flow_definitions_or_all

_S3_OUTPUT_PATH: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)

#: The maximum length of the key patterns of one `grant_read` in a managed policy. The rest of the
#: 6,144 characters is for the statements around them.
_MAX_PATTERN_CHARACTERS: Final = 5000
_MAX_OBJECT_ARN_LENGTH: Final = len("arn:aws-us-gov:s3:::") + 63 + len('/,""')


@checks_arguments
@dataclass(frozen=True, slots=True)
class OutputLocation:
    """Where A2I writes output: the ``S3OutputPath`` of flow definitions, and its key.

    The keys of outputs are:
    ``<prefix>/<flow definition's name>/YYYY/MM/DD/hh/mm/ss/<human loop's name>/output.json``.
    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html

    Parameters
    ----------
    bucket
        The bucket.
    prefix
        The key prefix, such as ``"reviews/"``. Default: the whole bucket.
    encryption_key
        The key with which output is encrypted: the ``KmsKeyId`` of the flow definitions, or the key
        of the bucket's default encryption. Without ``kms:Decrypt`` on it, no output can be read.
        ``human-loops configure`` prints the key. Default: the key of the bucket, if CDK knows it.
        It does not know the key of a bucket that is imported by name or ARN, and synthesis warns.
    flow_definitions
        The flow definitions that write there, where a construct has several locations. The handler
        may read their folders only. Default: all of the construct.

    Raises
    ------
    ValueError
        If the prefix is a URI, has an empty part, or contains a wildcard of IAM.

    Examples
    --------
    >>> OutputLocation(bucket, prefix="reviews/")  # doctest: +SKIP
    >>> OutputLocation.from_s3_output_path(self, "Output", "s3://b/reviews/")  # doctest: +SKIP
    >>> output = [  # doctest: +SKIP
    ...     OutputLocation(claims, flow_definitions=FlowDefinitions.from_names("claims")),
    ...     OutputLocation(
    ...         sales, encryption_key=key, flow_definitions=FlowDefinitions.from_names("invoices")
    ...     ),
    ... ]
    """

    bucket: s3.IBucket
    prefix: str = ""
    encryption_key: kms.IKey | None = None
    flow_definitions: FlowDefinitions | None = None

    def __post_init__(self) -> None:
        refuse_unusable_output_prefix(self.prefix)
        if self.encryption_key is not None:
            key = require_key("encryption_key of the output", self.encryption_key)
            object.__setattr__(self, "encryption_key", key)

    @classmethod
    def from_s3_output_path(
        cls,
        scope: Construct,
        construct_id: str,
        s3_output_path: str,
        *,
        encryption_key: kms.IKey | None = None,
        flow_definitions: FlowDefinitions | None = None,
    ) -> OutputLocation:
        """Create a location from the ``S3OutputPath`` that DescribeFlowDefinition returns.

        Parameters
        ----------
        scope
            The parent of the imported bucket.
        construct_id
            The id of the imported bucket.
        s3_output_path
            The URI, such as ``"s3://example-reviews/reviews/"``.
        encryption_key
            The ``KmsKeyId`` of the flow definition, or the key of the bucket's default encryption.
            Default: none.
        flow_definitions
            The flow definitions that write there. Default: all of the construct.

        Raises
        ------
        ValueError
            If the value is not an S3 URI.
        """
        match = _S3_OUTPUT_PATH.fullmatch(s3_output_path)
        if match is None:
            raise ValueError(
                f"s3_output_path: expected s3://<bucket>/<prefix>, got {s3_output_path!r}. If the "
                "bucket is known at deployment only, use OutputLocation(bucket, prefix=…)"
            )
        bucket = s3.Bucket.from_bucket_name(scope, construct_id, match[1])
        return cls(bucket, match[2] or "", encryption_key, flow_definitions)

    def _object_patterns(self, flow_definitions: FlowDefinitions) -> list[str]:
        """Return key patterns of output objects, one for each known flow definition name."""
        folder = folder_of(self.prefix)
        return [f"{folder}{name}/*" for name in flow_definitions.names] or [f"{folder}*"]

    def _pattern_groups(self, flow_definitions: FlowDefinitions) -> Iterator[list[str]]:
        """Split the key patterns into groups that each fit into a managed policy."""
        group: list[str] = []
        room = _MAX_PATTERN_CHARACTERS
        for pattern in self._object_patterns(flow_definitions):
            # The policy has each pattern twice: in an object's ARN and as the prefix of a listing.
            characters = 2 * len(json.dumps(pattern)) + _MAX_OBJECT_ARN_LENGTH
            if group and characters > room:
                yield group
                group, room = [], _MAX_PATTERN_CHARACTERS
            group.append(pattern)
            room -= characters
        yield group

    def grant_read(
        self,
        grantee: iam.IGrantable,
        flow_definitions: FlowDefinitions | None = None,
    ) -> iam.Grant:
        """Allow reading output objects, and distinguishing missing from forbidden objects.

        For a missing object, S3 can return "access denied" to a caller that can list objects only
        below a prefix. Listing the object's key shows whether the object exists.

        Parameters
        ----------
        grantee
            The principal that can read.
        flow_definitions
            The flow definitions of the output: their folders, if their names are known at
            synthesis. Default: all below the prefix.
        """
        return self._grant_read_patterns(
            grantee, self._object_patterns(flow_definitions_or_all(flow_definitions))
        )

    def _grant_read_patterns(self, grantee: iam.IGrantable, patterns: list[str]) -> iam.Grant:
        listing = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:ListBucket"],
            resource_arns=[self.bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": patterns}},
        )
        grant = self._grant(grantee, patterns, "s3:GetObject").combine(listing)
        for key in self._keys():
            grant = grant.combine(grant_through(key, grantee, "s3", ["kms:Decrypt"]))
        return grant

    def grant_write(
        self, grantee: iam.IGrantable, flow_definitions: FlowDefinitions | None = None
    ) -> iam.Grant:
        """Allow the execution role of a flow definition to write its output.

        https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-permissions-security.html

        Parameters
        ----------
        grantee
            The execution role.
        flow_definitions
            The flow definitions of the output: their folders, if their names are known at
            synthesis. Default: all below the prefix.
        """
        patterns = self._object_patterns(flow_definitions_or_all(flow_definitions))
        grant = self._grant(grantee, patterns, "s3:PutObject")
        for key in self._keys():
            # The documentation of A2I names no service through which it uses the key.
            grant = grant.combine(key.grant(grantee, *USE_ACTIONS))
        return grant

    def _check_environments(self, scope: Construct) -> None:
        """Warn, on a construct, about what owners must allow and what CDK does not know."""
        bucket, key = self.bucket, self.encryption_key
        check_environment("output", bucket, bucket.bucket_arn, scope, OUTPUT_BUCKET)
        if key is not None:
            check_environment("encryption_key of the output", key, key.key_arn, scope, OUTPUT_KEY)
        elif bucket.encryption_key is None and is_imported(bucket):
            Annotations.of(scope).add_warning_v2(
                "human-loop-events:output-bucket-key",
                f"output: the bucket {bucket.bucket_name} was imported, and CDK does not know its "
                "default encryption. If that is a customer managed key, set encryption_key of the "
                "OutputLocation to it: without kms:Decrypt, no output can be read. If the bucket "
                "has none, acknowledge this warning",
            )

    def _grant(self, grantee: iam.IGrantable, patterns: list[str], action: str) -> iam.Grant:
        return iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=[action],
            resource_arns=[self.bucket.arn_for_objects(each) for each in patterns],
            resource=self.bucket,
        )

    def _keys(self) -> list[kms.IKey]:
        """Return the keys that objects can be encrypted with."""
        keys = (self.bucket.encryption_key, self.encryption_key)
        return [key for key in keys if key is not None]


def refuse_unusable_output_prefix(prefix: object) -> None:
    """Refuse a value that cannot be the prefix of output.

    Raises
    ------
    ValueError
        If the prefix is not text, is a URI or an ARN, has an empty part, or contains a wildcard of
        IAM.
    """
    refuse_unusable_prefix(
        "prefix of the output",
        prefix,
        example="reviews/",
        if_uri="; OutputLocation.from_s3_output_path(self, 'Output', 's3://bucket/reviews/') takes "
        "the S3OutputPath of a flow definition",
        if_empty_part=", and flow definitions with that S3OutputPath: AWS does not document "
        "whether A2I keeps an empty part in the keys of outputs",
    )
