"""The entry point: ``human-loops``, or ``python -m human_loops_cli``."""

from __future__ import annotations

import sys

_NEEDED = ("boto3", "rich", "typer")


def main() -> None:
    """Run the command line, and exit with its status."""
    try:
        from human_loops_cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        sys.exit(
            f"error: the package {error.name} is missing\n"
            "Install what the command line needs: pip install 'a2i-human-loop-events[cli]'"
        )
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    app(prog_name="human-loops")


if __name__ == "__main__":
    main()
