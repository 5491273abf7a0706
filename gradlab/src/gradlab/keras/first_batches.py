"""FirstBatches: what the first batches of a training hold, as numbers in variables that the training step updates.

No sample is kept. A batch leaves sums of its inputs, which tell the same batch from another one, the share of its
commonest class, and what shows the form of its targets.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from gradlab.facts.wiring import MAX_FIRST_STEPS
from gradlab.keras.arrays import array
from gradlab.keras.backends import backend
from gradlab.keras.namespace import xp

# The columns of a batch: three sums of its inputs; of its targets the commonest class's share, the smallest and the
# largest entry, whether all are whole numbers, and whether each sample's sum is 1; then of its gradient, beside that of
# the batch before, the ratio of the norms and the cosine.
PRINTS, SHARE, SMALLEST, LARGEST, WHOLE, ONE, RATIO, COSINE = slice(0, 3), 3, 4, 5, 6, 7, 8, 9
OF_BATCH, COLUMNS = 8, 10
# Targets of a batch among which the commonest class is counted, each with each. Its share has a standard error of at
# most 2 %.
MAX_TARGETS = 512
# Numbers of a gradient that is kept until the next one: 200 MB.
MAX_KEPT = 50_000_000


class FirstBatches:
    """Measurements of the first `MAX_FIRST_STEPS` batches that a model is trained on.

    From `open` to `close` it sees each batch in `train_step`, and in `compute_loss` the shapes that the loss gets.
    Where the step is traced with its data, the numbers are computed in the optimiser's `apply`, which updates
    variables. On other backends NumPy computes them before the step, and later steps have nothing more to do.

    Args:
        model: the model that is trained.
        fit: identifies the training. What other ones have left behind, which have raised, is removed.
        compares: True to compare the gradient of each batch with that of the batch before.
        lose: gets the reason when nothing more of batches is measured.

    Attributes:
        variables: its variables; [] before `prepare`.
        output_shape, target_shape: shapes of a batch as the loss got them, None for an unknown size; None for several.
    """

    def __init__(self, model: Any, fit: object, *, compares: bool, lose: Callable[[str], None]) -> None:
        self._model, self._fit, self._compares, self._lose = model, fit, compares, lose
        self.variables: list[Any] = []
        self.output_shape: tuple[int | None, ...] | None = None
        self.target_shape: tuple[int | None, ...] | None = None
        self._replaced: dict[str, tuple[Any, Any]] = {}  # name -> ours, and the instance's own before it, or None
        self._batch: tuple[Any, Any] | None = None  # from its `train_step` to its `apply`
        self._given: list[np.ndarray] = []
        self._calls = 0
        self._is_open = False

    def open(self) -> None:
        """Begin to measure, with the next step that is traced."""
        self._is_open = True
        for name, replacement in (("train_step", self._seeing), ("compute_loss", self._noting)):
            self._close_stale(name)
            own = vars(self._model)  # past Keras's tracking of attributes
            ours = replacement(getattr(self._model, name))
            ours.first_batches = self
            self._replaced[name] = ours, own.get(name)
            own[name] = ours

    def close(self) -> None:
        """Put back what was there. Below a later wrapper of other code, ours stays and passes everything on."""
        self._is_open, self._batch = False, None
        own = vars(self._model)
        for name, (ours, before) in self._replaced.items():
            if own.get(name) is ours:
                del own[name]
                if before is not None:
                    own[name] = before
        self._replaced = {}

    def _close_stale(self, name: str) -> None:
        while isinstance(stale := getattr(vars(self._model).get(name), "first_batches", None), FirstBatches):
            if stale._fit is self._fit or not stale._replaced:
                return
            stale.close()

    def _seeing(self, train_step: Any) -> Any:
        def step(*arguments: Any, **named: Any) -> Any:
            self._attempt(lambda: self._see(named["data"] if "data" in named else arguments[-1]))
            return train_step(*arguments, **named)

        return step

    def _see(self, data: Any) -> None:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        self._batch = x, y
        if backend.BATCHES_IN == "call":
            self.give(x, y)

    def _noting(self, compute_loss: Any) -> Any:
        def loss(*arguments: Any, **named: Any) -> Any:
            if self._batch is not None and self.output_shape is None:
                self._attempt(lambda: self._note(dict(zip(("x", "y", "y_pred"), arguments, strict=False)) | named))
            return compute_loss(*arguments, **named)

        return loss

    def _note(self, parts: dict[str, Any]) -> None:
        self.target_shape, self.output_shape = (_shape(parts.get(name)) for name in ("y", "y_pred"))

    def see_next(self) -> None:
        """Measure what the step that the model has compiled gets, where the step itself does not show it."""
        see, is_over = lambda data: self._attempt(lambda: self._give_of(data)), lambda: self._is_over
        backend.see_batches(self._model, see, is_over)

    @property
    def _is_over(self) -> bool:
        """True if NumPy needs no more batches."""
        return not self._is_open or len(self._given) >= MAX_FIRST_STEPS

    def _give_of(self, data: Any) -> None:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.give(x, y)

    def _attempt(self, action: Callable[[], None]) -> None:
        """Run an action, unless one has failed before."""
        if not self._is_open:
            return
        try:
            action()
        except Exception as error:
            self._is_open = False
            self._lose(f"{type(error).__name__}: {error}")

    def prepare(self, entries: int) -> list[Any]:
        """Create the variables, and return them.

        Args:
            entries: number of entries of all gradients together.
        """
        self._compares = self._compares and entries <= MAX_KEPT
        if backend.BATCHES_IN != "step" and not self._compares:
            return []
        self._rows = self._variable("first_batches", (MAX_FIRST_STEPS, COLUMNS))
        self._count = self._variable("first_batches_count", ())
        if self._compares:
            self._earlier = self._variable("first_batches_gradient", (entries,))
        return self.variables

    def _variable(self, name: str, shape: tuple[int, ...]) -> Any:
        variable = keras.Variable(np.zeros(shape, "float32"), trainable=False, dtype="float32", name=name)
        self.variables.append(variable)
        return variable

    def add(self, rows: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> None:
        """Add the batch of the present step, inside the training step, with its gradients.

        Args:
            rows: the gradient of each tensor, (1, *shape) float32; None for a tensor without one.
            shapes: the tensors' shapes.
        """
        batch, self._batch = self._batch, None
        if not self.variables or (backend.BATCHES_IN == "call" and self._calls >= MAX_FIRST_STEPS):
            return
        self._calls += 1
        self._attempt(lambda: self._add(batch, rows, shapes))

    def _add(self, batch: tuple[Any, Any] | None, rows: Sequence[Any], shapes: Sequence[tuple[int, ...]]) -> None:
        is_first = ops.less(self._count.value, np.float32(MAX_FIRST_STEPS))
        unknown = np.full(COLUMNS, np.nan, np.float32)
        parts = [ops.convert_to_tensor(unknown[:OF_BATCH])]
        if batch is not None and backend.BATCHES_IN == "step":
            x, y = (tree.map_structure(lambda each: ops.cast(each, "float32"), part) for part in batch)
            parts = [ops.cond(is_first, lambda: of_batch(x, y, ops), lambda: ops.zeros((OF_BATCH,)))]
        if self._compares:
            flat = [
                ops.zeros((int(np.prod(shape, dtype=np.int64)),)) if row is None else ops.reshape(row, (-1,))
                for row, shape in zip(rows, shapes, strict=True)
            ]
            gradient, earlier = ops.concatenate(flat), self._earlier.value
            parts.append(ops.cond(is_first, lambda: _beside(gradient, earlier), lambda: ops.zeros((2,))))
            self._earlier.assign(gradient)
        else:
            parts.append(ops.convert_to_tensor(unknown[OF_BATCH:]))
        here = ops.equal(np.arange(MAX_FIRST_STEPS, dtype=np.float32), self._count.value)[:, None]
        self._rows.assign(ops.where(here, ops.concatenate(parts)[None, :], self._rows.value))
        self._count.assign_add(1.0)

    def give(self, x: Any, y: Any) -> None:
        """Measure a batch by NumPy."""
        if len(self._given) < MAX_FIRST_STEPS:
            x, y = (tree.map_structure(lambda each: np.asarray(array(each), np.float32), part) for part in (x, y))
            with np.errstate(all="ignore"):
                self._given.append(np.concatenate([of_batch(x, y, np), np.full(COLUMNS - OF_BATCH, np.nan)]))

    def read(self) -> np.ndarray:
        """Return what was measured: (batches, columns) float32, NaN for what is unknown."""
        rows = np.array(self._given, np.float32).reshape(-1, COLUMNS)
        if self.variables:
            rows = np.concatenate([rows, array(self._rows)[: int(array(self._count))]])
        return rows


def of_batch(x: Any, y: Any, names: Any) -> Any:
    """Return the columns of one batch, (OF_BATCH,); NaN for targets of several outputs.

    Args:
        x, y: its samples and targets, float32.
        names: the array namespace, NumPy or `keras.ops`.
    """
    prints = [_print(each, names) for each in tree.flatten(x) if each is not None]
    targets = [each for each in tree.flatten(y) if each is not None]
    form = _form(targets[0], names) if len(targets) == 1 else np.full(OF_BATCH - 3, np.nan, np.float32)
    return names.concatenate([sum(prints[1:], prints[0]), form])


def _print(x: Any, names: Any) -> Any:
    """Three sums that differ between batches: of the entries, of their squares, and weighted by feature."""
    features = int(np.prod([size or 0 for size in x.shape[1:]], dtype=np.int64))
    weighted = names.sum(x)
    if features > 1:
        weights = np.sin(np.arange(1, features + 1)).astype(np.float32)
        weighted = names.sum(names.sum(names.reshape(x, (-1, features)), axis=0) * weights)
    return names.stack([names.sum(x), names.sum(names.square(x)), weighted])


def _form(y: Any, names: Any) -> Any:
    """The commonest class's share, smallest and largest entry, whether all are whole, and whether samples sum to 1."""
    several = len(y.shape) > 1 and y.shape[-1] != 1
    classes = names.reshape(names.argmax(y, axis=-1) if several else y, (-1,))[:MAX_TARGETS]
    share = names.max(names.mean(_flag(names.equal(classes[:, None], classes[None, :]), names), axis=1))
    whole = names.min(_flag(names.equal(y, names.floor(y)), names))
    one = names.zeros_like(whole)
    if several:
        one = names.min(_flag(names.less(names.square(names.sum(y, axis=-1) - 1.0), 1e-8), names))
    return names.stack([share, names.min(y), names.max(y), whole, one])


def _flag(condition: Any, names: Any) -> Any:
    return names.where(condition, np.float32(1.0), np.float32(0.0))


def _beside(gradient: Any, earlier: Any) -> Any:
    """The ratio of two gradients' norms, and their cosine; NaN for no earlier one."""
    norms = [xp.sqrt(ops.sum(ops.square(each))) for each in (gradient, earlier)]
    return ops.stack([norms[0] / norms[1], ops.sum(gradient * earlier) / (norms[0] * norms[1])])


def _shape(part: Any) -> tuple[int | None, ...] | None:
    leaves = [each for each in tree.flatten(part) if each is not None]
    return tuple(leaves[0].shape) if len(leaves) == 1 else None
