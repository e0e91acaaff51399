"""What `aws cloudformation package` does: local folders in a template become objects in S3.

It is here so that tests need not install the AWS CLI. `make compatibility` runs the real command.
https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

#: The properties with a folder, by type of resource. The command knows more, and no other place.
PROPERTIES = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}


def package(
    template: Mapping[str, Any], folder: Path, bucket: str, put: Callable[[str, bytes], object]
) -> dict[str, Any]:
    """Return the template with objects in a bucket, and put each object there."""
    packaged = deepcopy(dict(template))
    for resource in packaged["Resources"].values():
        name = PROPERTIES.get(resource["Type"])
        if name is not None and isinstance(resource["Properties"].get(name), str):
            content = _zipped(folder / resource["Properties"][name])
            key = hashlib.md5(content, usedforsecurity=False).hexdigest()
            put(key, content)
            resource["Properties"][name] = {"S3Bucket": bucket, "S3Key": key}
    return packaged


def _zipped(folder: Path) -> bytes:
    assert folder.is_dir(), folder
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
