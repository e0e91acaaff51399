"""Fields of which an answer lacks the input: what makes the figures unreliable, and what to do."""

from __future__ import annotations

from typing import Final

#: What is said after the number of such fields.
FIELDS_ABSENT: Final = (
    "fields lack an answer's input, and the figures are unreliable: state in the mapping what an "
    "absent input means, with absent: blank if reviewers clear wrong predictions, or upheld if "
    "they leave the input empty to change nothing"
)
