"""Preparation of uploaded samples as NumPy code: what a person adds to a script that has the arrays as they are."""

import json
from collections.abc import Iterator, Sequence

from gradlab.vocabulary.datasets import DatasetSpec
from gradlab.vocabulary.datasets.uploaded import UploadedDataset
from gradlab.vocabulary.datasets.uploaded_parts import input_names, output_names, part_of_input, parts_by_output
from gradlab.vocabulary.preparations import (
    Clip,
    Impute,
    Log,
    MinMax,
    OneHot,
    Ordinal,
    Preparation,
    Scaling,
    Standardise,
)

FITTED = "  # of the training samples"
FLOATING = '{}.astype("float32")'
IMPUTED = {"mean": "np.nanmean", "median": "np.nanmedian"}


def preparation_code(dataset: DatasetSpec, beyond: DatasetSpec | None = None) -> list[str]:
    """Return a block of statements for each step of a dataset's preparation; [] for a dataset without one.

    They change ``x`` and ``x_val``, or ``y`` and ``y_val`` for targets, and need ``numpy`` as ``np``. Of several inputs
    or outputs those are dictionaries by their names. Steps that turn
    texts into numbers are comments: arrays hold numbers already, with the columns of a one-hot text side by side. So
    are steps on columns whose places among those are not known from the spec.

    Args:
        dataset: the dataset.
        beyond: a dataset whose steps are left out, as the arrays are prepared by them already.
    """
    if not isinstance(dataset, UploadedDataset):
        return []
    left_out = beyond.prepare if isinstance(beyond, UploadedDataset) else ()
    blocks = [block for step in dataset.prepare if step not in left_out for block in _blocks(step, dataset)]
    for name in _arrays(dataset):  # columns of whole numbers would cut off what is written into them
        written = [place for place, block in enumerate(blocks) if f"\n{name}[..., columns] =" in block]
        for place in written[:1]:
            blocks[place] = f"{_both(name, validation(name), FLOATING)}\n{blocks[place]}"
    return blocks


def _blocks(step: Preparation, dataset: UploadedDataset) -> Iterator[str]:
    """Yield the statements on features, and those on targets."""
    if isinstance(step, OneHot | Ordinal):
        named = ", ".join(step.columns or ("texts",))
        what = "a column of 0 and 1 for each value" if isinstance(step, OneHot) else "the place of its value"
        yield f"# {named}: {what}, in sorted order"
        return
    for name in input_names(dataset):
        part = part_of_input(dataset, name)
        if step.columns is None or {*step.columns} - {*dataset.targets} & {*(part.feature_columns or step.columns)}:
            yield from _of_features(step, part, array("x", name))
    for name, part in parts_by_output(dataset).items():
        every = [*part.targets]
        if targets := [column for column in step.columns or () if column in every]:
            places = [every.index(column) for column in targets]
            yield _block(step, array("y", name), [] if len(targets) == len(every) else places, targets, dataset)


def array(kind: str, name: str) -> str:
    """Return the variable of an input or of targets: ``x``, or ``x["left"]`` for one of several."""
    return f"{kind}[{json.dumps(name, ensure_ascii=False)}]" if name else kind


def validation(own: str) -> str:
    """Return the variable of the validation part: ``x_val``, ``x_val["left"]``."""
    return f"{own[0]}_val{own[1:]}"


def _arrays(dataset: UploadedDataset) -> list[str]:
    inputs = [array("x", name) for name in input_names(dataset)]
    return inputs + [array("y", name) for name in output_names(dataset)]


def _of_features(step: Preparation, dataset: UploadedDataset, own: str) -> Iterator[str]:
    encoded, is_named = _encoded(dataset), not _are_texts_unnamed(dataset)
    features = dataset.feature_columns
    if features is None:  # the array x, unless texts of a table are encoded or columns are named
        if step.columns in (None, ("x",)) and not encoded and is_named:
            yield _block(step, own, [], [], dataset)
        else:
            yield _unplaced(step, step.columns, dataset, own)
        return
    texts = [name for name in step.columns or () if name in encoded and name in features]
    if texts and isinstance(step, Impute):
        yield f"# {', '.join(texts)}: the commonest value for a missing one, before it becomes a number"
    skips = encoded if step.columns is None or isinstance(step, Impute) else {}
    chosen = [name for name in features if name in (step.columns or features) and name not in skips]
    places = _places(dataset)
    if not chosen:
        return
    if step.columns is None and not is_named:
        yield _unplaced(step, None, dataset, own)
    elif len(chosen) == len(features):
        yield _block(step, own, [], [], dataset)
    elif places is None:
        yield _unplaced(step, chosen, dataset, own)
    else:
        yield _block(step, own, [place for name in chosen for place in places[name]], chosen, dataset)


def _unplaced(step: Preparation, names: Sequence[str] | None, dataset: UploadedDataset, own: str) -> str:
    """Return the statements of a step as a comment, for columns whose places are to be filled in."""
    code = _block(step, own, [0], names or ["the columns of numbers"], dataset).replace(
        "columns = [0]", "columns = []", 1
    )
    return "\n".join(f"# {line}" for line in (f"with the places of these columns in {own}:", *code.splitlines()))


def _block(step: Preparation, own: str, places: Sequence[int], names: Sequence[str], dataset: UploadedDataset) -> str:
    """Return the statements of a step on an array, or on some of its columns; no `places` for all of them."""
    other = validation(own)
    if not places:
        return _statements(step, own, other, dataset)
    statements = _statements(step, f"{own}[..., columns]", f"{other}[..., columns]", dataset)
    return f"columns = {list(places)}  # {', '.join(names)}\n{statements}"


def _encoded(dataset: UploadedDataset) -> dict[str, bool]:
    """Return the columns of which the spec says that they are encoded, by name: True for one-hot ones."""
    steps = [step for step in dataset.prepare if isinstance(step, OneHot | Ordinal)]
    return {name: isinstance(step, OneHot) for step in steps for name in step.columns or ()}


def _are_texts_unnamed(dataset: UploadedDataset) -> bool:
    """True if a step without columns encodes all texts, whichever they are."""
    return any(isinstance(step, OneHot | Ordinal) and step.columns is None for step in dataset.prepare)


def _places(dataset: UploadedDataset) -> dict[str, list[int]] | None:
    """Return the places of each feature's numbers in a prepared row; None if they do not follow from the spec."""
    features, encoded = dataset.feature_columns or (), _encoded(dataset)
    one_hot = [name for name in features if encoded.get(name)]
    width = dataset.feature_shape[-1] if dataset.samples is not None else len(features)
    is_single = len(one_hot) == 1 and dataset.samples is not None
    if _are_texts_unnamed(dataset) or not (is_single or (not one_hot and width == len(features))):
        return None
    places, place = {}, 0
    for name in features:
        size = width - len(features) + 1 if name in one_hot else 1
        places[name] = list(range(place, place + size))
        place += size
    return places


def _statements(step: Preparation, own: str, other: str, dataset: UploadedDataset) -> str:
    """Return the statements of a step on `own`, the training part, and on `other`."""
    axis = _axis(step, own, dataset)
    match step:
        case Standardise():
            return (
                f"mean, std = {own}.mean(axis={axis}), {own}.std(axis={axis}){FITTED}\n"
                f"std = np.where(std == 0, 1, std)\n"
                f"{_both(own, other, '({} - mean) / std')}"
            )
        case MinMax():
            size = "" if (step.low, step.high) == (0, 1) else f" * {step.high - step.low!r}"
            low = "" if step.low == 0 else f"{step.low!r} + "
            return (
                f"low, high = {own}.min(axis={axis}), {own}.max(axis={axis}){FITTED}\n"
                f"width = np.where(high == low, 1, high - low)\n"
                f"{_both(own, other, low + '({} - low) / width' + size)}"
            )
        case Log():
            return _both(own, other, f"np.log({{}} + {step.offset!r})")
        case Clip():
            return _both(own, other, f"np.clip({{}}, {step.low!r}, {step.high!r})")
        case Impute():
            return _imputed(step, own, other, axis)
    raise LookupError(f"no code is written for {step.kind}")


def _imputed(step: Impute, own: str, other: str, axis: str) -> str:
    if step.strategy == "constant":
        return _both(own, other, f"np.nan_to_num({{}}, nan={step.fill_value!r})")
    if step.strategy == "most_frequent":
        # One number for each place of a sample; in windows, which are cut from rows, one for each column.
        rows = "{0}.reshape(-1, {0}.shape[-1])" if axis != "0" else "{0}.reshape(len({0}), -1)"
        return (
            "from sklearn.impute import SimpleImputer\n"
            f'imputer = SimpleImputer(strategy="most_frequent", keep_empty_features=True)\n'
            f"imputer.fit({rows.format(own)}){FITTED}\n"
            f"{_both(own, other, 'imputer.transform(' + rows + ').reshape({0}.shape)')}"
        )
    return (
        f"fill = {IMPUTED[step.strategy]}({own}, axis={axis}){FITTED}\n"
        f"{_both(own, other, 'np.where(np.isnan({0}), fill, {0})')}"
    )


def _axis(step: Preparation, own: str, dataset: UploadedDataset) -> str:
    """Return the axes over which a step is fitted: all but those whose places have a mean of their own."""
    each = step.each if isinstance(step, Scaling) else "number"
    if each == "all":
        return "None"
    if each == "channel" or (dataset.window is not None and own.startswith("x")):
        return f"tuple(range({own}.ndim - 1))"
    return "0"


def _both(own: str, other: str, expression: str) -> str:
    return f"{own} = {expression.format(own)}\n{other} = {expression.format(other)}"
