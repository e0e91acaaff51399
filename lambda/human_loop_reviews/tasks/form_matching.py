"""Which of a reviewer's pairs belongs to which of the model's pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from human_loop_reviews.review.consensus import find_consensus
from human_loop_reviews.review.field import Field
from human_loop_reviews.review.values import Kind
from human_loop_reviews.tasks.form_blocks import Form, Pair

# Each reviewer's pair of one field, None for no pair.
_Row = Sequence[Pair | None]

# Returns the same text for pairs that belong together, None for a pair that belongs to no other.
_Label = Callable[[Pair], str | None]


def compare_forms(
    shown: Form,
    answers: Sequence[Form],
    *,
    aliases: Mapping[str, str],
    read_response: Callable[[], Form],
) -> list[Field]:
    """Compare the pairs that the reviewers were shown with those that they gave.

    A reviewer's pair belongs to the shown pair with its id, else with its key, else with an alias
    of its key. The remaining pairs were added by the reviewers, or moved to another key.

    Parameters
    ----------
    shown
        The model's pairs that the reviewers were shown.
    answers
        Each reviewer's pairs.
    aliases
        For each key with aliases, and each alias, one key that represents them all.
    read_response
        Returns all pairs that the model read. Called only if reviewers added a pair.

    Returns
    -------
    list[Field]
        One field per pair.
    """
    matches = [_match(shown, answer, aliases) for answer in answers]
    fields = {
        pair.id: _shown_field(pair, [matched.get(pair.id) for matched, _ in matches], aliases)
        for pair in shown.pairs
    }
    rows = _added_rows([unmatched for _, unmatched in matches], aliases)
    if not rows:
        return list(fields.values())
    added = sorted((_added_field(row) for row in rows), key=_order)
    added = _relabel_shown(shown, fields, added, aliases)
    added = _relabel_unshown(shown, added, aliases, read_response)
    return [*fields.values(), *added]


def _match(
    shown: Form, answer: Form, aliases: Mapping[str, str]
) -> tuple[dict[str, Pair], list[Pair]]:
    """Return a reviewer's pairs by the id of the shown pair, and those that belong to none."""
    unmatched = {pair.id: pair for pair in answer.pairs}
    matched = {pair.id: unmatched.pop(pair.id) for pair in shown.pairs if pair.id in unmatched}
    labels: tuple[_Label, ...] = (lambda pair: pair.key, lambda pair: aliases.get(pair.key))
    for label in labels:
        if not unmatched:
            break
        wanting = [pair for pair in shown.pairs if pair.id not in matched]
        for shown_id, pair in _match_by_label(wanting, list(unmatched.values()), label):
            matched[shown_id] = unmatched.pop(pair.id)
    return matched, list(unmatched.values())


def _match_by_label(
    shown: Sequence[Pair], answered: Sequence[Pair], label: _Label
) -> Iterable[tuple[str, Pair]]:
    """Yield ids of shown pairs with pairs of the same label: first equal values, then the rest."""
    offers = _group(answered, label)
    for name, wanting in _group(shown, label).items():
        by_value: dict[object, list[Pair]] = {}
        for pair in offers.get(name, ()):
            by_value.setdefault(pair.value.comparison_key, []).append(pair)
        rest = []
        for pair in wanting:
            if by_value.get(pair.value.comparison_key):
                yield pair.id, by_value[pair.value.comparison_key].pop()
            else:
                rest.append(pair.id)
        yield from zip(rest, [pair for same in by_value.values() for pair in same], strict=False)


def _group(pairs: Iterable[Pair], label: _Label) -> dict[str, list[Pair]]:
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        name = label(pair)
        if name:
            groups.setdefault(name, []).append(pair)
    return groups


def _shown_field(pair: Pair, row: _Row, aliases: Mapping[str, str]) -> Field:
    name = _name(row) or pair.key
    return Field(
        name,
        [None if answer is None else answer.value for answer in row],
        pair.value,
        pair.confidence,
        name != pair.key and not _same_key(name, pair.key, aliases),
    )


def _name(row: _Row) -> str:
    """Return the key that most reviewers gave, the first in the alphabet if several tie."""
    keys = [pair.key for pair in row if pair is not None and pair.key]
    if len(keys) > 1 and keys.count(keys[0]) < len(keys):
        votes = Counter(keys)
        return min(votes, key=lambda key: (-votes[key], key))
    return keys[0] if keys else ""


def _same_key(one: str, other: str, aliases: Mapping[str, str]) -> bool:
    return one == other or (one in aliases and aliases[one] == aliases.get(other))


def _added_rows(unmatched: Sequence[Sequence[Pair]], aliases: Mapping[str, str]) -> list[_Row]:
    """Group the pairs that several reviewers added, by key or alias.

    Where a reviewer gave one key several times, only equal values belong together.
    """
    by_key: dict[str, dict[int, list[Pair]]] = {}
    for reviewer, pairs in enumerate(unmatched):
        for pair in pairs:
            if not pair.value.is_blank:
                key = aliases.get(pair.key, pair.key)
                by_key.setdefault(key, {}).setdefault(reviewer, []).append(pair)
    rows: list[dict[int, Pair]] = []
    for by_reviewer in by_key.values():
        if all(len(pairs) == 1 for pairs in by_reviewer.values()):
            rows.append({reviewer: pairs[0] for reviewer, pairs in by_reviewer.items()})
        else:
            rows += _rows_by_value(by_reviewer)
    return [[row.get(reviewer) for reviewer in range(len(unmatched))] for row in rows]


def _rows_by_value(by_reviewer: Mapping[int, Sequence[Pair]]) -> Iterable[dict[int, Pair]]:
    rows: dict[tuple[object, int], dict[int, Pair]] = {}
    for reviewer, pairs in by_reviewer.items():
        times: Counter[object] = Counter()
        for pair in pairs:
            value = pair.value.comparison_key
            times[value] += 1
            rows.setdefault((value, times[value]), {})[reviewer] = pair
    return rows.values()


def _added_field(row: _Row) -> Field:
    return Field(_name(row), [None if pair is None else pair.value for pair in row])


def _order(field: Field) -> tuple[str, str]:
    return field.name, repr(field.answers)


def _moved_text(field: Field) -> object:
    """Return the text of an added field by which its source can be found, None without one.

    Selection elements have no such text: every selected box has the same value.
    """
    value = find_consensus(field.answers).value
    return value.comparison_key if value is not None and value.kind is Kind.TEXT else None


def _relabel_shown(
    shown: Form, fields: dict[str, Field], added: Sequence[Field], aliases: Mapping[str, str]
) -> list[Field]:
    """Join added fields with removed ones of the same value; return the other added fields."""
    removed: dict[object, list[Pair]] = {}
    for pair in shown.pairs:
        consensus = find_consensus(fields[pair.id].votes)
        if consensus.reached and consensus.value is None:
            removed.setdefault(pair.value.comparison_key, []).append(pair)
    remaining = []
    for field in added:
        text = _moved_text(field)
        if text is None or not removed.get(text):
            remaining.append(field)
            continue
        pair = removed[text].pop()
        own = fields[pair.id]
        both = zip(field.answers, own.answers, strict=True)
        fields[pair.id] = own._replace(
            name=field.name,
            answers=[new or old for new, old in both],
            relabelled=not _same_key(field.name, pair.key, aliases),
        )
    return remaining


def _relabel_unshown(
    shown: Form,
    added: Sequence[Field],
    aliases: Mapping[str, str],
    read_response: Callable[[], Form],
) -> list[Field]:
    """Give added fields the prediction of a pair with the same value that was not shown."""
    wanted = {text for field in added if (text := _moved_text(field)) is not None}
    if not wanted:
        return list(added)
    shown_ids = {pair.id for pair in shown.pairs}
    sources: dict[object, list[Pair]] = {}
    for pair in read_response().pairs:
        if pair.value.comparison_key in wanted and pair.id not in shown_ids:
            sources.setdefault(pair.value.comparison_key, []).append(pair)
    return [_from_source(field, sources.get(_moved_text(field), []), aliases) for field in added]


def _from_source(field: Field, sources: Sequence[Pair], aliases: Mapping[str, str]) -> Field:
    if not sources:
        return field

    def rank(pair: Pair) -> tuple[bool, bool, float, str]:
        same_key = _same_key(pair.key, field.name, aliases)
        return pair.key != field.name, not same_key, -(pair.confidence or 0.0), pair.id

    source = min(sources, key=rank)
    return field._replace(
        predicted=source.value,
        confidence=source.confidence,
        relabelled=not _same_key(source.key, field.name, aliases),
    )
