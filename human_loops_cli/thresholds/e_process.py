"""The e-process of a share of correct samples: a test that is valid at any number of looks.

A bet on each sample multiplies a capital of 1. With the assumed share ``t`` and the alternative
``p = t + (1 - t) c``, a correct sample multiplies it by ``p / t``, a wrong one by ``(1 - p) /
(1 - t)``, which is ``1 - c``: the ratio of the likelihoods of ``p`` and ``t``. The capital is
divided equally between three alternatives.

Proof that it is an e-process. If the next sample is correct with a probability ``q <= t``, whatever
was seen before, the expected factor is ``q p / t + (1 - q) (1 - p) / (1 - t)``. It is 1 at ``q =
t``, and grows with ``q``, because ``p / t > 1 > (1 - p) / (1 - t)``: so it is at most 1. A product
of such factors is a nonnegative supermartingale, and so is a mean of them. By Ville's inequality,
the capital reaches ``1 / a`` at any time with a probability of at most ``a``.

All alternatives are above the assumed share. A mixture over all shares from 0 to 1 also grows if
the share is far *below* the assumed one: it would pass a model that is right half of the time.
https://arxiv.org/abs/2210.01948
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import Final

#: The alternatives: how much of the way from the assumed share to 1.
_ALTERNATIVES: Final = (0.3, 0.5, 0.75)

#: The alternatives below the assumed share: how many times higher the odds of a wrong sample are.
_ODDS_OF_WRONG: Final = (1.5, 2, 4)


def log_e_value(samples: int, correct: int, share: float) -> float:
    """Return the natural logarithm of the capital after some samples. Their order changes nothing.

    Parameters
    ----------
    samples, correct
        How many samples there are, and how many of them are correct.
    share
        The share of correct samples that is assumed, between 0 and 1.

    Examples
    --------
    >>> round(exp(log_e_value(100, 100, 0.95)), 2)
    22.08
    >>> log_e_value(0, 0, 0.95)
    0.0
    """
    return _log_mean(
        [
            correct * log1p(each * (1 - share) / share) + (samples - correct) * log1p(-each)
            for each in _ALTERNATIVES
        ]
    )


def log_e_value_below(samples: int, correct: int, share: float) -> float:
    """Return the logarithm of the capital of bets that the share is lower than the assumed one.

    The same proof, with the inequalities turned round: it is valid for every share at or above the
    assumed one.

    Examples
    --------
    >>> round(log_e_value_below(100, 80, 0.95), 1)
    12.7
    """
    wrong = samples - correct
    logarithms = []
    for times in _ODDS_OF_WRONG:
        # With odds of wrong that are so many times higher, a correct sample has this probability.
        scale = 1 / (share + times * (1 - share))
        logarithms.append(correct * log(scale) + wrong * (log(times) + log(scale)))
    return _log_mean(logarithms)


def _log_mean(logarithms: list[float]) -> float:
    """Return the logarithm of the mean of numbers, from their logarithms."""
    largest = max(logarithms)
    scaled = sum(exp(each - largest) for each in logarithms)
    return largest + log(scaled / len(logarithms))
