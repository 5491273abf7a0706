"""Warnings about the inputs: what is not finite, what gives the answer away, what is not scaled, what repeats."""

import numpy as np

from gradlab.profile.features import is_pixels
from gradlab.profile.leaking import FORMS
from gradlab.profile.model import DataWarning
from gradlab.profile.proposing import NUMBERS_ROWS
from gradlab.profile.samples import Samples, warning

# Share of the validation rows from which on equal rows count: less moves an accuracy by less than twice its standard
# error over 400 validation samples of which half are right, 2.5 %.
REPEATED = 0.05
# Ratio of standard deviations from which on one feature hides another. The curvature of the loss grows with the square:
# a step that suits the larger one is 10⁶ times too short for the other (LeCun et al. 1998, section 4.3).
SCALES = 1e3
# Rows below which a share has a standard error above 7 %.
FEW_ROWS = 50


def infinite(samples: Samples) -> DataWarning | None:
    """Warn of infinite values."""
    columns = [each for each in samples.columns.values() if each.profile.infinite]
    if not columns:
        return None
    count = sum(each.profile.infinite for each in columns)
    text = "COLUMNS: infinite values. The first batch with one makes every weight NaN. Remove these rows or clip them."
    return warning("infinite_values", columns, text, values=count)


def missing(samples: Samples) -> DataWarning | None:
    """Warn of missing values."""
    columns = [each for each in samples.columns.values() if each.profile.missing]
    if not columns:
        return None
    count = sum(each.profile.missing for each in columns)
    text = "COLUMNS: missing values. A NaN makes every weight NaN. Fill them, by the step `impute`, or leave rows out"
    text += "; the target cannot be filled." if any(each in samples.target for each in columns) else "."
    return warning("missing_values", columns, text, values=count)


def leak(samples: Samples) -> DataWarning | None:
    """Warn of columns that determine the target."""
    columns = [samples.columns[name] for name in samples.leaks]
    if not columns:
        return None
    how = FORMS[samples.leaks[columns[0].name]]
    text = (
        f"{columns[0].name} {how}. What is learnt is then that column alone. If it is known only after the answer is, "
        "leave it out."
    )
    return warning("target_leak", columns, text)


def duplicated(samples: Samples) -> DataWarning | None:
    """Warn of rows on both sides of the division."""
    repetition = samples.repetition
    if repetition is None or repetition.discrete or repetition.across <= REPEATED:
        return None
    text = (
        f"{repetition.across:.1%} of the validation samples are training samples as well, so that validation shows "
        "what is remembered. Remove repeated rows before the division."
    )
    return warning("duplicated_rows", [], text, share_of_validation=repetition.across, repeated_rows=repetition.rows)


def pixels(samples: Samples) -> DataWarning | None:
    """Warn of raw pixels."""
    columns = [each for each in samples.features if is_pixels(each)]
    if not columns:
        return None
    text = "COLUMNS: raw pixels from 0 to 255. Networks are made for inputs of about 1: divide by 255, by `min_max`."
    return warning("raw_pixels", columns, text, largest=max(each.profile.maximum or 0 for each in columns))


def scales(samples: Samples) -> DataWarning | None:
    """Warn of features of very different size."""
    varying = [each for each in samples.features if each.is_number and (each.profile.std or 0) > 0]
    if len(varying) < 2:
        return None
    varying.sort(key=lambda each: each.profile.std or 0)
    ratio = (varying[-1].profile.std or 0) / (varying[0].profile.std or 1)
    if ratio <= SCALES:
        return None
    text = f"{varying[-1].name} has a standard deviation {ratio:.2g} times that of {varying[0].name}. Standardise both."
    return warning("feature_scales", [varying[-1], varying[0]], text, ratio=ratio)


def constant(samples: Samples) -> DataWarning | None:
    """Warn of columns with one value."""
    columns = [each for each in samples.columns.values() if each.distinct is not None and len(each.distinct) < 2]
    if not columns:
        return None
    if any(each in samples.target for each in columns):
        return warning("constant_columns", samples.target, "COLUMNS: one value in all rows: nothing is to be learnt.")
    return warning("constant_columns", columns, "COLUMNS: one value in all rows. Nothing can be learnt from it.")


def identifiers(samples: Samples) -> DataWarning | None:
    """Warn of columns that number the rows."""
    numbered = {each.column for each in samples.proposal.left_out if each.reason == NUMBERS_ROWS}
    columns = [samples.columns[name] for name in numbered]
    if not columns:
        return None
    text = "COLUMNS: numbers of the rows. As a feature they identify each sample, and a network remembers it by them."
    return warning("identifiers", columns, text)


def few_rows(samples: Samples) -> DataWarning | None:
    """Warn of fewer rows than numbers in a row, or few at all."""
    width = sum(int(np.prod(each.profile.shape)) for each in samples.features)
    if samples.rows >= max(FEW_ROWS, width if all(not each.is_array for each in samples.features) else 0):
        return None
    text = f"{samples.rows} rows of {width} numbers: a network can remember them, and a fifth of them shows little."
    return warning("few_rows", [], text, rows=samples.rows, features=width)
