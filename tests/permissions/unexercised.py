"""Permissions that no call of the end-to-end tests needs, and why they are there."""

from __future__ import annotations

#: By pattern of what `mutations_of` calls them, with logical ids in the place of names.
UNEXERCISED: dict[str, str] = {}
