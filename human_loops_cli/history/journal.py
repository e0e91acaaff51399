"""The files of a backfill that are complete, and what they were made from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

#: The name of the journal. Commands that read outcomes leave files with such names out.
JOURNAL: Final = "_backfill.jsonl"


class Journal:
    """Says which files are complete. A line that was not written whole counts as absent.

    Parameters
    ----------
    folder
        The folder of the files.
    maker
        What is another one if all of them have to be made again.
    """

    def __init__(self, folder: Path, maker: str) -> None:
        self._path = path = folder / JOURNAL
        self._maker = maker
        self._made: dict[str, tuple[str, dict[str, bool]]] = {}
        content = path.read_bytes() if path.exists() else b""
        for line in content.splitlines():
            try:
                entry = json.loads(line)
                self._note(entry["file"], entry["maker"], entry["madeFrom"], entry["exists"])
            except (ValueError, KeyError, TypeError):
                continue
        self._is_cut_off = bool(content) and not content.endswith(b"\n")

    def has(self, name: str, made_from: str) -> bool:
        """Return whether a file is complete, and was made from the same."""
        maker, made = self._made.get(name, ("", {}))
        if maker != self._maker or made_from not in made:
            return False
        # Without an outcome, there is no file.
        return not made[made_from] or self._path.with_name(name).exists()

    def add(self, name: str, made_from: str) -> None:
        """Note that a file is complete."""
        exists = self._path.with_name(name).exists()
        entry = {"file": name, "maker": self._maker, "madeFrom": made_from, "exists": exists}
        start = "\n" if self._is_cut_off else ""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{start}{json.dumps(entry)}\n")
            file.flush()
            os.fsync(file.fileno())
        self._is_cut_off = False
        self._note(name, self._maker, made_from, exists)

    def _note(self, name: str, maker: str, made_from: str, exists: bool) -> None:
        before, made = self._made.get(name, (maker, {}))
        # With another mapping, the file has to be made again of all outputs.
        self._made[name] = (maker, (made if before == maker else {}) | {made_from: exists})
