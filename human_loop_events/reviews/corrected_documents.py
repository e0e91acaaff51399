"""Where the review handler writes corrected documents, and the permissions on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aws_cdk import Annotations, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.encryption import grant_through, require_key
from human_loop_events.aws.environments import DOCUMENT_BUCKET, DOCUMENT_KEY, check_environment
from human_loop_events.aws.key_prefixes import folder_of, refuse_unusable_prefix
from human_loop_events.aws.resource_policies import is_imported
from human_loop_events.reviews.output_location import OutputLocation
from human_loop_events.reviews.runtime_function import acknowledge_wildcards
from human_loop_reviews.contract import Setting

#: A key in S3 has at most 1,024 bytes. The longest that follows the prefix has 190: account,
#: Region, flow definition, time of creation and human loop.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_PREFIX_BYTES: Final = 1024 - 190


def refuse_unusable_document_prefix(prefix: object) -> None:
    """Refuse a prefix below which no corrected document can be written, or not there only.

    Raises
    ------
    ValueError
        If the prefix is not text, is a URI or an ARN, has an empty part, contains a wildcard of
        IAM, or is too long.
    """
    name = "prefix of the corrected documents"
    refuse_unusable_prefix(name, prefix, example="corrected/")
    size = len(str(prefix).encode())
    if size > MAX_PREFIX_BYTES and not Token.is_unresolved(prefix):
        raise ValueError(
            f"{name}: expected at most {MAX_PREFIX_BYTES} bytes, because a key in S3 has at most "
            f"1,024, got {size}"
        )


@checks_arguments
@dataclass(frozen=True, slots=True)
class CorrectedDocuments:
    """Where the review handler writes predictions with the reviewers' corrections.

    A corrected document contains the values of the document. Everyone who can read the prefix can
    read them, and the handler deletes none: access and retention are up to the owner of the bucket.

    The keys are
    ``<prefix>/<flow definition's name>/YYYY/MM/DD/hh/mm/ss.fff/<human loop's name>.json``
    with the time of the human loop's creation in UTC. In a hub, account and Region come before the
    name of the flow definition. ``correctedDocumentS3Uri`` of the outcome is the URI. See
    ``docs/corrected-documents.md#written-by-the-handler``.

    Parameters
    ----------
    bucket
        The bucket. In a hub, the hub's account writes to it.
    prefix
        The key prefix, such as ``"corrected/"``. Default: the whole bucket.
    encryption_key
        The customer managed key with which the documents are encrypted. Default: the default
        encryption of the bucket. CDK does not know the key of a bucket that is imported by name or
        ARN, and synthesis warns.

    Raises
    ------
    ValueError
        If the prefix is a URI, has an empty part, contains a wildcard of IAM, or is too long, or if
        the key is not of the bucket's Region.

    Examples
    --------
    >>> CorrectedDocuments(bucket, prefix="corrected/")  # doctest: +SKIP
    """

    bucket: s3.IBucket
    prefix: str = ""
    encryption_key: kms.IKey | None = None

    def __post_init__(self) -> None:
        refuse_unusable_document_prefix(self.prefix)
        if self.encryption_key is not None:
            key = require_key("encryption_key of the corrected documents", self.encryption_key)
            object.__setattr__(self, "encryption_key", key)
            _refuse_key_of_another_region(key, self.bucket)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow reading the documents, with their key.

        Parameters
        ----------
        grantee
            The principal that can read.
        """
        grant = iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=["s3:GetObject"],
            resource_arns=[self._objects],
            resource=self.bucket,
        )
        return self._grant_key(grant, grantee, "kms:Decrypt")

    def _grant_write(self, policy: iam.ManagedPolicy) -> None:
        """Allow the review handler to write documents, and nothing else."""
        # A policy is no principal for the bucket policy of another account, which is warned of.
        grant = iam.Grant.add_to_principal(
            grantee=policy, actions=["s3:PutObject"], resource_arns=[self._objects]
        )
        self._grant_key(grant, policy, "kms:GenerateDataKey")
        acknowledge_wildcards(
            policy,
            "Writing corrected documents below the configured prefix. Their keys are made from the "
            "human loop's name and time of creation, so they cannot be listed beforehand.",
            [self._objects],
        )

    def _environment(self) -> dict[str, str]:
        """Return the environment variables of the review handler."""
        uri = f"s3://{self.bucket.bucket_name}/{folder_of(self.prefix)}"
        environment = {Setting.CORRECTED_DOCUMENTS.value: uri}
        if self.encryption_key is not None:
            environment[Setting.CORRECTED_DOCUMENTS_KEY.value] = self.encryption_key.key_arn
        return environment

    def _check_environments(self, scope: Construct) -> None:
        """Warn, on a construct, about what owners must allow and what CDK does not know."""
        name, bucket, key = "corrected_documents", self.bucket, self.encryption_key
        check_environment(name, bucket, bucket.bucket_arn, scope, DOCUMENT_BUCKET)
        if key is not None:
            check_environment(f"encryption_key of {name}", key, key.key_arn, scope, DOCUMENT_KEY)
        elif bucket.encryption_key is None and is_imported(bucket):
            Annotations.of(scope).add_warning_v2(
                "human-loop-events:document-bucket-key",
                f"{name}: the bucket {bucket.bucket_name} was imported, and CDK does not know its "
                "default encryption. If that is a customer managed key, set encryption_key of the "
                "CorrectedDocuments to it: without kms:GenerateDataKey, no document can be "
                "written, and no reviewed loop is settled. If the bucket has none, acknowledge "
                "this warning",
            )

    def _refuse_overlap(self, outputs: Iterable[OutputLocation]) -> None:
        """Refuse a place within an output location, or around one.

        Raises
        ------
        ValueError
            If a command that reads the output there would read corrected documents as outputs.
        """
        for output in outputs:
            bucket = self.bucket.bucket_name
            if bucket != output.bucket.bucket_name:
                continue
            if Token.is_unresolved(self.prefix) or Token.is_unresolved(output.prefix):
                continue
            own, other = folder_of(self.prefix), folder_of(output.prefix)
            if own.startswith(other) or other.startswith(own):
                named = self.bucket.node.path if Token.is_unresolved(bucket) else bucket
                raise ValueError(
                    f"corrected_documents: prefix {own!r} and prefix {other!r} of the output are "
                    f"in the same bucket, {named}, and one is within the other: corrected "
                    "documents would be read as outputs; expected another bucket, or prefixes "
                    "such as 'corrected/' and 'reviews/'"
                )

    @property
    def _objects(self) -> str:
        return self.bucket.arn_for_objects(f"{folder_of(self.prefix)}*")

    def _grant_key(self, grant: iam.Grant, grantee: iam.IGrantable, action: str) -> iam.Grant:
        key = self.encryption_key or self.bucket.encryption_key
        return grant if key is None else grant.combine(grant_through(key, grantee, "s3", [action]))


def _refuse_key_of_another_region(key: kms.IKey, bucket: s3.IBucket) -> None:
    # CDK gives an imported bucket the Region of its stack.
    regions = (key.env.region, bucket.env.region)
    if is_imported(bucket) or any(map(Token.is_unresolved, regions)) or len({*regions}) == 1:
        return
    raise ValueError(
        f"encryption_key of the corrected documents: {key.node.path} is in Region {regions[0]}, "
        f"but the bucket {bucket.node.path} is in {regions[1]}: S3 encrypts with keys of the "
        "bucket's Region only; expected a key of that Region"
    )
