"""The store of corrected documents: a bucket and prefix of the owner in S3."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from human_loop_reviews.a2i.event import HumanLoopEvent, ObjectLocation
from human_loop_reviews.aws.calls import naming

_CONTENT_TYPE: Final = "application/json"
_BETWEEN_PARTS_OF_TIME: Final = re.compile("[-T:]")


class DocumentStore:
    """Writes corrected documents.

    The key of a document is made from what identifies its human loop: a retry writes the same key.
    A2I can use the name of a deleted loop again, so the key has the time of creation too.

    Parameters
    ----------
    s3
        A client.
    bucket, prefix
        Where the documents are. The prefix is empty, or has a slash at the end.
    encryption_key
        ARN of the key that documents are encrypted with. None for the encryption of the bucket.
    qualified
        Whether keys begin with account and Region, as in a hub.
    """

    def __init__(
        self,
        s3: Any,
        bucket: str,
        prefix: str,
        *,
        encryption_key: str | None = None,
        qualified: bool = False,
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix
        self._qualified = qualified
        self._encryption: dict[str, str] = {}
        if encryption_key is not None:
            self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption_key}

    def write(self, loop: HumanLoopEvent, document: dict[str, Any]) -> ObjectLocation:
        """Write the corrected document of a human loop.

        Parameters
        ----------
        loop
            The loop.
        document
            The document, ready for JSON.

        Returns
        -------
        ObjectLocation
            Where the document is.

        Raises
        ------
        CallError
            If S3 refuses.
        """
        location = self._location(loop)
        with naming(f"corrected document of human loop {loop.human_loop_arn}, {location}"):
            self._s3.put_object(
                Bucket=location.bucket,
                Key=location.key,
                Body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
                ContentType=_CONTENT_TYPE,
                **self._encryption,
            )
        return location

    def _location(self, loop: HumanLoopEvent) -> ObjectLocation:
        flow = loop.qualified_flow_definition if self._qualified else loop.flow_definition
        created = _BETWEEN_PARTS_OF_TIME.sub("/", loop.creation_time_text.removesuffix("Z"))
        # The ARN identifies the loop. The name of the event is a text beside it.
        name = loop.human_loop_arn.rpartition("/")[2]
        return ObjectLocation(self._bucket, f"{self._prefix}{flow}/{created}/{name}.json")
