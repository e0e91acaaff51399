"""The mappings of a deployed handler: a file for each flow definition, read when it is needed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from human_loop_reviews.a2i.validation import InvalidDocumentError
from human_loop_reviews.contract import A2I_NAME, MAPPINGS_FOLDER, mapping_file
from human_loop_reviews.mapping import MappingError, TaskMapping

if TYPE_CHECKING:
    import zipfile  # not in Lambda, for the time of a cold start

# A name, in a hub also with account and Region. Names come from events, and become paths.
_FLOW_DEFINITION = re.compile(rf"(?:\d{{12}}/[a-z0-9-]+/)?{A2I_NAME}")


class UnusableMappingError(InvalidDocumentError):
    """The mapping of a flow definition cannot be read. A deployment can fix it, no retry can."""


class MappingFiles:
    """The mappings in a folder.

    Parameters
    ----------
    folder
        The folder, also one in an archive. None if there should be one and there is none: then no
        mapping can be found, and nobody knows which flow definitions have one.
    source
        What errors call the folder.
    """

    def __init__(self, folder: Path | zipfile.Path | None, *, source: str) -> None:
        self._folder = folder
        self._source = source
        self._read: dict[str, TaskMapping | None] = {}

    @classmethod
    def in_layer(cls, layer: str) -> MappingFiles:
        """Find the mappings in a layer of this function.

        Parameters
        ----------
        layer
            The ARN of the layer's version.
        """
        # Lambda extracts all layers into one folder, and lists its folder ``python`` here.
        folders = [Path(each, MAPPINGS_FOLDER) for each in sys.path]
        return cls(next((each for each in folders if each.is_dir()), None), source=layer)

    def find(self, *flow_definitions: str) -> TaskMapping | None:
        """Return the mapping of the first of some names that has one. None if none has.

        Parameters
        ----------
        flow_definitions
            The names of one flow definition: with account and Region, and without.

        Raises
        ------
        UnusableMappingError
            If the mapping is not valid, or there are no mappings where they should be.
        """
        for name in flow_definitions:
            if name not in self._read:
                self._read[name] = self._read_mapping(name)
            mapping = self._read[name]
            if mapping is not None:
                return mapping
        return None

    def _read_mapping(self, flow_definition: str) -> TaskMapping | None:
        # Imported only where there are mappings, for the time of a cold start.
        from human_loop_reviews.tasks.mapping_json import parse_task_mapping

        if self._folder is None:
            raise UnusableMappingError(
                f"the mappings of {flow_definition} are unknown: layer {self._source} has no "
                f"folder {MAPPINGS_FOLDER}, or is not attached; deploy the stack again"
            )
        if not _FLOW_DEFINITION.fullmatch(flow_definition):
            return None
        file = self._folder / mapping_file(flow_definition)
        if not file.is_file():
            return None
        try:
            return parse_task_mapping(file.read_bytes())
        except MappingError as error:
            raise UnusableMappingError(
                f"the mapping of {flow_definition} in layer {self._source} cannot be used: {error}"
            ) from error
