"""How to install an extra of this package, for messages about a missing package."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """Return the advice on an extra.

    The package is on no registry, where anybody could register its name. Therefore the command has
    a path, which pip does not look up.

    Parameters
    ----------
    extra
        The extra, such as ``"cli"``.
    """
    return (
        f"Install the extra '{extra}' from this project's folder or wheel, not from a registry: "
        f"pip install 'path/to/a2i-human-loop-events[{extra}]'"
    )
