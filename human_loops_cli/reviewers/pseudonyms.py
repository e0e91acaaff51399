"""Pseudonyms: names for reviewers that do not identify them without a key."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import read_whole

_KEY_BYTES: Final = 32
_MAX_KEY_BYTES: Final = 4096
_DIGITS: Final = 6


def random_key() -> bytes:
    """Return a key that is used once."""
    return secrets.token_bytes(_KEY_BYTES)


def read_key(path: Path) -> bytes:
    """Return the key in a file.

    Raises
    ------
    CommandError
        If the file cannot be read, or has fewer than 32 bytes.
    """
    try:
        key = read_whole(path, _MAX_KEY_BYTES)
    except FileNotFoundError:
        raise CommandError(
            f"{path}: no such file",
            advice=f"Create a key once: (umask 077; openssl rand {_KEY_BYTES} > {path})",
            status=ExitStatus.USAGE,
        ) from None
    except OSError as error:
        raise CommandError(
            f"{path}: {error.strerror or os.strerror(error.errno or 0)}", status=ExitStatus.USAGE
        ) from None
    if len(key) < _KEY_BYTES:
        raise CommandError(
            f"{path} has {len(key)} bytes, expected at least {_KEY_BYTES}: with a short key, "
            "pseudonyms can be resolved by trying all keys",
            status=ExitStatus.USAGE,
        )
    return key


def pseudonyms(workers: Iterable[str], key: bytes) -> Mapping[str, str]:
    """Return a name for each worker id, the same for the same id and key.

    Parameters
    ----------
    workers
        The worker ids.
    key
        The key. Who has it can compute which name a known id has.

    Examples
    --------
    >>> pseudonyms(["worker-1", "worker-2"], b"0" * 32)
    {'worker-1': 'R-2a2c78', 'worker-2': 'R-bf3f73'}
    """
    digests = {each: hmac.new(key, each.encode(), sha256).hexdigest() for each in workers}
    digits = _DIGITS
    while len({each[:digits] for each in digests.values()}) < len(digests):
        digits += 1
    return {worker: f"R-{digest[:digits]}" for worker, digest in digests.items()}
