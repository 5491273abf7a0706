"""The bounds of chance: the mean over random networks beside the number that theory gives."""

import numpy as np

# Standard errors: of a hundred comparisons with normal numbers one in a thousand tries leaves this.
ERRORS = 4.5


def assert_mean(values: np.ndarray, expected: np.ndarray | float, *, sharp: float, slack: float = 0.0) -> None:
    """That the mean over the first axis is what was expected, within sampling error.

    Args:
        values: (networks, ...).
        expected: what theory says of the mean, (...).
        sharp: the standard error must be at most this: noise alone must not pass.
        slack: by how much theory itself may be wrong.
    """
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    assert np.max(error) <= sharp, f"standard errors of at most {sharp}, not {error}"
    off = np.abs(values.mean(axis=0) - expected)
    assert (off <= ERRORS * error + slack).all(), f"{expected}, not {values.mean(axis=0)} ± {error}"


def assert_share(happened: np.ndarray, expected: float) -> None:
    """That as many networks are so as a probability wants, within binomial error."""
    error = np.sqrt(expected * (1 - expected) / len(happened))
    assert abs(happened.mean() - expected) <= ERRORS * error, f"{expected} ± {error}, not {happened.mean()}"
