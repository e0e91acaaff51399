"""Prefixes of keys in S3: which are refused, and how they become folders."""

from __future__ import annotations

from aws_cdk import Token


def refuse_unusable_prefix(
    name: str, prefix: object, *, example: str, if_uri: str = "", if_empty_part: str = ""
) -> None:
    """Refuse a value that is not a key prefix, or that IAM would interpret as a pattern.

    Parameters
    ----------
    name
        The words for the prefix in the message.
    prefix
        The value.
    example
        A correct prefix, for the message.
    if_uri, if_empty_part
        What the message adds about a URI, and about an empty part. Default: nothing.

    Raises
    ------
    ValueError
        If the prefix is not text, is a URI or an ARN, has an empty part, or contains a wildcard of
        IAM.
    """
    if not isinstance(prefix, str):
        raise ValueError(f"{name}: expected text such as {example!r}, got {prefix!r}")
    if Token.is_unresolved(prefix):
        return
    if "://" in prefix or prefix.startswith("arn:"):
        raise ValueError(
            f"{name}: expected a key prefix such as {example!r}, got {prefix!r}{if_uri}"
        )
    if prefix.startswith("/") or "//" in prefix:
        raise ValueError(
            f"{name}: {prefix!r} has an empty part; expected one such as {example!r}{if_empty_part}"
        )
    if any(each in prefix for each in "*?$"):
        raise ValueError(
            f"{name}: {prefix!r} contains one of * ? $, which IAM interprets as a wildcard or "
            f"variable; expected a plain key prefix such as {example!r}"
        )


def folder_of(prefix: str) -> str:
    """Return a prefix with a slash at its end. Empty for the whole bucket.

    Examples
    --------
    >>> folder_of("reviews"), folder_of("reviews/"), folder_of("")
    ('reviews/', 'reviews/', '')
    """
    prefix = prefix.rstrip("/")
    return f"{prefix}/" if prefix else ""
