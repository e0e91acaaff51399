"""The zip with CloudFormation templates and local code, for `aws cloudformation package`.

`python -m release.template_zip dist` writes it to a folder. The templates are those of
`stacks.template_stack`. Only the places of the code are changed, from assets to local folders.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from release.distributions import ROOT
from stacks.template_stack import RUNBOOK, STACK, template_app

#: The templates in the zip, and whether each has an archive of outcomes.
TEMPLATES: Final = {
    "human-loop-events.template.json": False,
    "human-loop-events-with-archive.template.json": True,
}

#: Other files in the zip, and their paths in the repository.
_ADDED: Final = {
    "README.md": "docs/cloudformation.md",
    RUNBOOK: "docs/operations.md",
    "LICENSE": "LICENSE",
}

#: The earliest time that a zip can have.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16

#: A link to another page or a file of the repository, which the zip does not have.
_RELATIVE_LINK: Final = re.compile(r"\[([^\]]+)\]\((?![a-z]+://|#)[^)]+\)")


class _LocalCode(NamedTuple):
    """The property with the code of a resource, and the folder in the zip that takes its place."""

    code: str
    folder: str


#: https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
_LOCAL_CODE: Final = {
    "AWS::Lambda::Function": _LocalCode("Code", "function"),
    "AWS::Lambda::LayerVersion": _LocalCode("Content", "mappings"),
}


class TemplateZipError(Exception):
    """The zip cannot be made from the synthesized templates."""


class LocalTemplate(NamedTuple):
    """A template with local code, and the files of the code."""

    template: dict[str, Any]
    files: dict[str, bytes]


def local_template(*, outcome_archive: bool) -> LocalTemplate:
    """Synthesize a template, and put local folders in the place of its assets.

    Parameters
    ----------
    outcome_archive
        Whether there is an archive of outcomes.

    Raises
    ------
    TemplateZipError
        If an asset is left, or two resources with the same folder have different code.
    """
    with tempfile.TemporaryDirectory() as folder:
        assembly = template_app(folder, outcome_archive=outcome_archive).synth()
        template: dict[str, Any] = assembly.get_stack_by_name(STACK).template
        manifest = json.loads(Path(folder, f"{STACK}.assets.json").read_bytes())["files"]
        return LocalTemplate(template, _localize(template, manifest, Path(folder)))


def zip_contents() -> dict[str, bytes]:
    """Return the files in the zip with their content."""
    contents = {name: _read(source) for name, source in _ADDED.items()}
    for name, outcome_archive in TEMPLATES.items():
        template, files = local_template(outcome_archive=outcome_archive)
        contents |= {name: f"{json.dumps(template, indent=1)}\n".encode(), **files}
    return contents


def zipped(contents: Mapping[str, bytes], folder: str) -> bytes:
    """Return a zip of files in a folder. The same files make the same bytes.

    Parameters
    ----------
    contents
        The files.
    folder
        The folder in the zip.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _MODE
            entry.create_system = 3  # Unix, on every system
            archive.writestr(entry, content)
    return buffer.getvalue()


def write_zip(folder: Path) -> Path:
    """Write the zip of this version to a folder, and return its path."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = f"human-loop-events-{project['version']}"
    path = folder / f"{name}.zip"
    path.write_bytes(zipped(zip_contents(), name))
    return path


def _localize(
    template: dict[str, Any], manifest: Mapping[str, Any], assembly: Path
) -> dict[str, bytes]:
    """Replace each asset in a template by a folder, and return the files in the folders."""
    assets: dict[str, str] = {}
    for logical_id, resource in template["Resources"].items():
        local = _LOCAL_CODE.get(resource["Type"])
        if local is None:
            continue
        asset = resource["Properties"][local.code]["S3Key"].removesuffix(".zip")
        if assets.setdefault(local.folder, asset) != asset:
            raise TemplateZipError(
                f"{logical_id} has other code than the resources before it; expected a folder for "
                "each asset"
            )
        resource["Properties"][local.code] = f"./{local.folder}"
    left = [asset for asset in manifest if asset in json.dumps(template)]
    if left:
        raise TemplateZipError(f"the template refers to assets without a folder: {left}")
    return {
        f"{folder}/{path.relative_to(source).as_posix()}": path.read_bytes()
        for folder, asset in assets.items()
        for source in [assembly / manifest[asset]["source"]["path"]]
        for path in source.rglob("*")
        if path.is_file()
    }


def _read(source: str) -> bytes:
    """Return a file of the repository. A link to another one becomes its text."""
    return _RELATIVE_LINK.sub(r"\1", (ROOT / source).read_text(encoding="utf-8")).encode()


if __name__ == "__main__":
    built = write_zip(Path(sys.argv[1]))
    sys.stdout.write(f"{built} {built.stat().st_size / 1000:.0f} KB\n")
