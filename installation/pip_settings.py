"""The settings of pip that uv does not read, as uv's own environment variables and options.

uv ignores pip's configuration files and its variables ``PIP_…``. A machine that reaches its
package index through them only could not install with uv.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: A line of ``pip config list``: ``global.index-url='https://…'`` or ``:env:.cert='…'``.
_LINE: Final = re.compile(r"^(?P<section>global|install|:env:)\.(?P<name>[\w-]+)=(?P<value>.*)$")

#: The sections in the order in which pip reads them. A later one replaces an earlier one.
_SECTIONS: Final = ("global", "install", ":env:")

_TRUE: Final = ("y", "yes", "t", "true", "on", "1")


@dataclass(frozen=True)
class UvSettings:
    """What uv needs to reach what pip reaches.

    Index addresses are in the environment: they can contain passwords, and any user of the
    machine can read the arguments of a process.
    """

    environment: Mapping[str, str]
    arguments: Sequence[str]


def read_pip_settings(listed: str) -> dict[str, str]:
    r"""Return the settings that apply to ``pip install``, from what ``pip config list`` prints.

    Examples
    --------
    >>> read_pip_settings("global.timeout='60'\n:env:.timeout='180'")
    {'timeout': '180'}
    """
    sections: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listed.splitlines():
        if found := _LINE.match(line):
            # pip prints values as Python literals.
            sections[found["section"]][found["name"]] = str(ast.literal_eval(found["value"]))
    settings: dict[str, str] = {}
    for section in _SECTIONS:
        settings |= sections[section]
    return settings


def translate_for_uv(settings: Mapping[str, str]) -> UvSettings:
    """Return pip's settings in the terms of uv.

    Examples
    --------
    >>> translate_for_uv({"index-url": "https://pypi.example.com/simple"}).environment
    {'UV_DEFAULT_INDEX': 'https://pypi.example.com/simple'}
    >>> translate_for_uv({"find-links": "/wheels /more"}).arguments[-2:]
    ['--find-links=/wheels', '--find-links=/more']
    """
    environment: dict[str, str] = {}
    for name, variable in (
        ("index-url", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "UV_INDEX"),
        ("trusted-host", "UV_INSECURE_HOST"),
        ("cert", "SSL_CERT_FILE"),
        ("client-cert", "SSL_CLIENT_CERT"),
        ("proxy", "ALL_PROXY"),
    ):
        if value := " ".join(settings.get(name, "").split()):
            environment[variable] = value
    # pip's own name for its option --timeout is default-timeout.
    if timeout := settings.get("timeout") or settings.get("default-timeout"):
        environment["UV_HTTP_TIMEOUT"] = str(round(float(timeout)))
    arguments = [
        # pip trusts the certificates of the machine, uv its own unless it is asked to.
        "--system-certs",
        # pip takes the best version of all indexes, uv of the first one that has the package.
        # The hashes decide what is installed in either case.
        "--index-strategy=unsafe-best-match",
    ]
    if settings.get("no-index", "").lower() in _TRUE:
        arguments.append("--no-index")
    arguments += [f"--find-links={each}" for each in settings.get("find-links", "").split()]
    return UvSettings(environment, arguments)
