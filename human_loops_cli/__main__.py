"""The entry point: ``human-loops``, or ``python -m human_loops_cli``."""

from __future__ import annotations

import sys

from human_loops_cli.installation import how_to_install

_NEEDED = ("boto3", "rich", "typer")


def main() -> None:
    """Run the command line, and exit with its status."""
    try:
        from human_loops_cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
        sys.exit(f"error: the package {error.name} is missing\n{how_to_install('cli')}")
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    app(prog_name="human-loops")


if __name__ == "__main__":
    main()
