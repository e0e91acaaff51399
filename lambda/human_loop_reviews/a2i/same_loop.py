"""Whether an output is of the human loop that its event names."""

from __future__ import annotations

import re
from typing import Final

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.validation import Place

# Both are compiled on first use: only names that differ need them.
# Documented examples have account ids of 13 digits: their names only are compared.
_ARN: Final = r"(?i)arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:flow-definition/[^/]+"
_NAME: Final = r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}"


def require_same_loop(output: Output, loop: HumanLoopEvent, place: Place) -> None:
    """Check that an output names the human loop and the flow definition of its event.

    A name that the output does not have, as in older layouts, is not compared. Case does not count.
    Flow definitions are compared by name, and by ARN where both ARNs are well formed.

    Parameters
    ----------
    output
        The output.
    loop
        The loop of the event that has the output's URI.
    place
        What errors call the output.

    Raises
    ------
    UnreadableOutputError
        If the output is of another loop. The message has the name that was found, if it has the
        form of a name.
    """
    _require_same(output.human_loop_name, loop.human_loop_name, place.at("humanLoopName"))
    place = place.at("flowDefinitionArn")
    _require_same(output.flow_definition_name, loop.flow_definition, place)
    found, expected = output.flow_definition_arn or "", loop.flow_definition_arn
    if found.casefold() == expected.casefold():
        return
    if all(re.fullmatch(_ARN, each) for each in (found, expected)):
        raise place.expected(f"{expected}, got {found}")


def _require_same(found: str | None, expected: str, place: Place) -> None:
    if not found or found.casefold() == expected.casefold():
        return
    # Anything else could be content.
    got = found if re.fullmatch(_NAME, found) else "another name"
    raise place.expected(f"that of the event, {expected}, got {got}")
