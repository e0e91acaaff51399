"""Why an output has no corrected document."""

from __future__ import annotations


class NoCorrectedDocumentError(Exception):
    """An output has no corrected document. Every retry raises the same error.

    The message says why and what to change. It has nothing of the document's content.
    """
