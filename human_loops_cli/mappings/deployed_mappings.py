"""The mappings of a deployed handler, from its layer."""

from __future__ import annotations

import io
import urllib.request
import zipfile
from typing import Any, Final
from urllib.error import URLError

from human_loop_reviews.contract import MAPPINGS_FOLDER
from human_loop_reviews.mapping_files import MappingFiles
from human_loops_cli.errors import CommandError

_SECONDS: Final = 60


def download_mappings(lambda_client: Any, layer: str) -> MappingFiles:
    """Download the mappings that a handler has.

    Parameters
    ----------
    lambda_client
        A client.
    layer
        The ARN of the layer's version.

    Raises
    ------
    CommandError
        If the layer cannot be downloaded, or has no mappings.
    """
    location = lambda_client.get_layer_version_by_arn(Arn=layer)["Content"]["Location"]
    try:
        with urllib.request.urlopen(location, timeout=_SECONDS) as response:  # noqa: S310 - from AWS
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
    except (OSError, URLError, zipfile.BadZipFile) as error:
        # The location is signed, so a message does not contain it.
        raise CommandError(
            f"the mappings in layer {layer} cannot be downloaded: {type(error).__name__}",
            advice="Check the network and the proxy, and run the command again.",
        ) from error
    folder = zipfile.Path(archive, f"python/{MAPPINGS_FOLDER}/")
    if not folder.exists():
        raise CommandError(
            f"layer {layer} has no mappings", advice="Deploy this version of the stack."
        )
    return MappingFiles(folder, source=layer)
