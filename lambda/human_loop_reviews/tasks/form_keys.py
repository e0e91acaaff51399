"""Which keys of a form mean the same: aliases of the flow definition, and other spellings."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from human_loop_reviews.review.values import fold


def trim_key(text: str) -> str:
    """Return a key with white space folded and without trailing colons."""
    return fold(text).rstrip(":\uff1a ")


class FormKeys:
    """Which keys mean the same.

    Keys are the same that a condition of the flow definition names together, or that differ only in
    case. On a page with two spellings of a key, as ``TOTAL`` and ``Total``, these are two keys.

    Parameters
    ----------
    groups
        The keys that are aliases of each other, as the flow definition has them. ``*``, any key, is
        none of them.
    page
        The keys of the page.

    Examples
    --------
    >>> keys = FormKeys([["Total:", "Amount due"]], ["TOTAL", "Date", "DATE"])
    >>> keys.same("TOTAL", "amount due"), keys.same("Date", "DATE")
    (True, False)
    """

    __slots__ = ("_aliases", "_named", "_page", "_spelled")

    def __init__(self, groups: Iterable[Sequence[str]] = (), page: Iterable[str] = ()) -> None:
        named = [[trim_key(name) for name in group if name != "*"] for group in groups]
        self._named = frozenset(name for group in named for name in group)
        self._aliases = _join_groups([[name.casefold() for name in group] for group in named])
        self._page = page
        self._spelled: frozenset[str] | None = None

    def same(self, one: str, other: str) -> bool:
        """Return whether two keys mean the same."""
        if one == other or self.meaning(one) == self.meaning(other):
            return True
        if one in self._significant and other in self._significant:
            return False
        return one.casefold() == other.casefold()

    def meaning(self, key: str) -> Hashable:
        """Return what is equal for keys that mean the same, other spellings of the page apart."""
        if key in self._significant and key not in self._named:
            return key, key
        folded = key.casefold()
        return self._aliases.get(folded, folded)

    @property
    def _significant(self) -> frozenset[str]:
        """The keys of which the page has several spellings. They are found when first needed."""
        if self._spelled is None:
            spellings: dict[str, set[str]] = {}
            for key in self._page:
                spellings.setdefault(key.casefold(), set()).add(key)
            self._spelled = frozenset(
                key for keys in spellings.values() if len(keys) > 1 for key in keys
            )
        return self._spelled


def _join_groups(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Join groups that share a name; return one name of its group for each name."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents[name] != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    for group in groups:
        for name in group:
            parents.setdefault(name, name)
            parents[root(name)] = root(group[0])
    return {name: root(name) for name in parents}
