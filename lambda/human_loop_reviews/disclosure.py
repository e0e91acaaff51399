"""Disclosure: what outcomes contain of a document besides verdicts and figures."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Final, NamedTuple

#: The longest failure reason and the longest field name in an outcome, in characters.
MAX_REASON_LENGTH: Final = 1000
MAX_NAME_LENGTH: Final = 200

_HASH_LENGTH: Final = 12


class Disclosure(NamedTuple):
    """What outcomes and the ledger contain of a document."""

    include_values: bool = False
    """Whether fields carry the model's and the reviewers' values."""
    include_failure_reason: bool = True
    """Whether outcomes carry failure reasons, which can quote a document."""
    hash_field_names: bool = False
    """Whether field names, which can quote a document, are replaced by hashes."""
    allowed_field_names: Collection[str] | None = None
    """Names that are never replaced by hashes. All others are. None for no such list."""

    def failure_reason(self, reason: str | None) -> str | None:
        """Return a failure reason as outcomes have it."""
        if reason is None or not self.include_failure_reason:
            return None
        return _shortened(reason, MAX_REASON_LENGTH)

    def field_name(self, name: str, flow_definition: str) -> str:
        """Return the name of a flow definition's field as outcomes have it.

        A hash is the same for the same name and flow definition.

        Examples
        --------
        >>> Disclosure().field_name("Total", "invoices")
        'Total'
        >>> Disclosure(hash_field_names=True).field_name("Total", "invoices")
        'field-b0ddcf7c75c5'
        """
        listed = self.allowed_field_names
        if self.hash_field_names if listed is None else name not in listed:
            digest = sha256(f"{flow_definition}\n{name}".encode())
            return f"field-{digest.hexdigest()[:_HASH_LENGTH]}"
        return _shortened(name, MAX_NAME_LENGTH)


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
