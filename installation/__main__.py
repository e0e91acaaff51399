"""Set up .venv: `python3 -m installation demo` or `python3 -m installation all`.

The Makefile calls it with the Python of the machine. It needs the standard library only.
"""

from __future__ import annotations

import sys

OLDEST_PYTHON = (3, 11)


def main() -> None:
    """Check the Python before a module with newer syntax is imported."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"error: Python 3.11 or newer is needed, {sys.executable} is {found}: "
            "install a newer one and call make PYTHON=python3.11"
        )
    from installation.virtual_environment import InstallationError, set_up

    if sys.argv[1:] not in (["demo"], ["all"]):
        sys.exit("error: expected `python3 -m installation demo` or `... all`")
    try:
        set_up(everything=sys.argv[1] == "all")
    except InstallationError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
