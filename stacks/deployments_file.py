"""Reads deployments from the context in cdk.json, from a file, or from Python."""

from __future__ import annotations

import errno
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode

from stacks.deployment import Deployment
from stacks.faults import ConfigurationError, nearest, shown
from stacks.hub_and_spokes import faults_between

_KEY: Final = "deployments"
_COMMAND_LINE: Final = f"--context {_KEY}"
_DEFAULT_FILE: Final = Path(f"{_KEY}.json")
_NOTHING_CONFIGURED: Final = (
    f"no deployment is configured: run `human-loops configure > {_DEFAULT_FILE}` with credentials "
    "of the account, read the file, and deploy again; or name another file with "
    f"`-c {_KEY}=FILE`. Without flow definitions yet, deploy a new bucket for their output: "
    f"""`-c '{_KEY}={{"dev": {{"output_bucket": {{}}}}}}'`"""
)
#: The largest file, and how many values it has with its aliases. 200 deployments have 10,000.
_MAX_BYTES: Final = 1024 * 1024
_MAX_NODES: Final = 100_000

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
_EXAMPLE: Final = '{"prod": {"output": {"bucket": "reviews"}}}'


def read_deployments(context: Any, *, source: str = "") -> list[Deployment]:
    """Read all deployments.

    Parameters
    ----------
    context
        An object by deployment name, the same as JSON, or the path of a YAML, JSON or TOML file
        that has this object under the key ``deployments``. A path is relative to the current
        folder. None for the file ``deployments.json`` in the current folder.
    source
        The file that an object is from, for messages. If it exists, keys that are there twice are
        refused.

    Raises
    ------
    ConfigurationError
        If anything is wrong. The message has a line for every fault, with the file, the deployment,
        the key, what was expected and the value.

    Examples
    --------
    >>> [each.stack_name for each in read_deployments({"dev": {}, "prod": {}})]
    ['HumanLoops-dev', 'HumanLoops-prod']
    """
    if context is None:
        if not _DEFAULT_FILE.is_file():
            raise ConfigurationError(_NOTHING_CONFIGURED)
        context = str(_DEFAULT_FILE)
    if isinstance(context, str):
        if context.lstrip().startswith(("{", "[")):
            return _deployments(_parsed(_COMMAND_LINE, context, _json), _COMMAND_LINE)
        return _deployments(_of_file(Path(context)), context)
    if source and Path(source).is_file():
        # The CDK CLI silently keeps the last of two equal keys.
        _parsed(source, _text(Path(source)), _json)
    return _deployments(context, source)


def _of_file(path: Path) -> Any:
    """Return the value of the key ``deployments`` in a file."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise ConfigurationError(
            f"{_COMMAND_LINE}: expected the path of a file that ends in {', '.join(_READERS)}, or "
            f"JSON such as {_EXAMPLE}, got {shown(str(path))}"
        )
    content = _parsed(str(path), _text(path), read)
    if not isinstance(content, Mapping) or _KEY not in content:
        raise ConfigurationError(
            f"{path}: expected the key {_KEY} with an object for each deployment, got "
            f"{shown(content)}"
        )
    # Editors read the location of the schema from $schema.
    others = [str(each) for each in content if each not in (_KEY, "$schema")]
    if others:
        raise ConfigurationError(
            *(
                f"{path}: {each}: unknown key{nearest(each, [_KEY])}; expected {_KEY} only"
                for each in others
            )
        )
    return content[_KEY]


def _text(path: Path) -> str:
    try:
        _check_file(path)
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(
            f"{path}: cannot be read: {what} (the current folder is {Path.cwd()})"
        ) from error


def _check_file(path: Path) -> None:
    # A pipe would be waited for, and a device has no end.
    if not (path.is_file() or path.is_dir()) and path.exists():
        raise OSError(errno.EINVAL, "not a regular file")
    if path.stat().st_size > _MAX_BYTES:
        raise OSError(errno.EFBIG, f"larger than {_MAX_BYTES:,} bytes")


def _parsed(source: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except (ValueError, YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{source}: {_in_one_line(error)}") from error


def _in_one_line(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem} (line {mark.line + 1}, column {mark.column + 1})"
    return " ".join(str(error).split())


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_without_repetition)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, times in Counter(key for key, _ in pairs).items():
        if times > 1:
            raise ValueError(f"the key {key!r} is there twice in one object")
    return dict(pairs)


def _yaml(text: str) -> Any:
    # YAML 1.2: `no` is a text, and 0123 is not octal. Repeated keys are errors.
    node = YAML(typ="safe", pure=True).compose(text)
    _check_expansion(node)
    return YAML(typ="safe", pure=True).load(text)


def _check_expansion(root: Any) -> None:
    """Refuse a document of which aliases make a very large one, before it is expanded.

    Raises
    ------
    ValueError
        If it has too many nodes, or contains itself.
    """
    sizes: dict[int, int] = {}
    inside: set[int] = set()

    def size(node: Any) -> int:
        if id(node) in inside:
            raise ValueError("an alias refers to what contains it")
        if id(node) not in sizes:
            inside.add(id(node))
            value = node.value if isinstance(node, CollectionNode) else []
            children = chain.from_iterable(value) if isinstance(node, MappingNode) else value
            sizes[id(node)] = 1 + sum(map(size, children))
            inside.remove(id(node))
        if sizes[id(node)] > _MAX_NODES:
            raise ValueError(f"with its aliases it has more than {_MAX_NODES:,} values")
        return sizes[id(node)]

    if root is not None:
        size(root)


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
    ".toml": tomllib.loads,
}


def _deployments(entries: Any, source: str) -> list[Deployment]:
    place = source if source == _COMMAND_LINE else f"{source}: {_KEY}" if source else _KEY
    if not isinstance(entries, Mapping) or not entries:
        raise ConfigurationError(
            f"{place}: expected an object with an entry for each deployment, such as {_EXAMPLE}, "
            f"got {shown(entries)}"
        )
    deployments: list[Deployment] = []
    faults = [f"{place}: {each}" for each in _wrong_names(list(entries))]
    for name, entry in entries.items():
        if not isinstance(entry, Mapping):
            faults.append(f"{place}.{name}: expected an object, got {shown(entry)}")
        elif "name" in entry:
            faults.append(
                f"{place}.{name}.name: unknown key; the name of the deployment is the key of its "
                "entry"
            )
        else:
            try:
                deployments.append(_deployment(name, entry))
            except ConfigurationError as error:
                faults += [
                    f"{place}.{name}.{each}"
                    for each in error.faults
                    if not each.startswith("name:")
                ]
    faults += [
        f"{place}.{name}.{fault}" for name, fault in faults_between(deployments, list(entries))
    ]
    if faults:
        raise ConfigurationError(*faults)
    return deployments


def _deployment(name: Any, entry: Mapping[Any, Any]) -> Deployment:
    # `_wrong_names` reports invalid names.
    known = name if isinstance(name, str) and _NAME.fullmatch(name) else ""
    return Deployment(**{str(key): value for key, value in entry.items()}, name=known)


def _wrong_names(names: list[Any]) -> list[str]:
    wrong = [
        f"expected a name of letters, digits and hyphens, got {name!r}"
        for name in names
        if not isinstance(name, str) or not _NAME.fullmatch(name)
    ]
    lower = [str(name).lower() for name in names]
    # On a case-insensitive file system, their templates would have the same file name.
    return wrong + [
        f"expected names that differ in more than case, got {name!r} repeatedly"
        for name in dict.fromkeys(lower)
        if lower.count(name) > 1
    ]
