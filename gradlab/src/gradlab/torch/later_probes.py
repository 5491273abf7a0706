"""LaterProbes: probes of records that have ended, with the tensors that the model had at their ends.

One after another a probe takes half the time that it takes between two epochs, where it finds cold caches. They run on
a copy of the model, and so in any thread.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from gradlab.torch.evaluation import Evaluation
from gradlab.torch.flows import LayerFlow
from gradlab.torch.isolation import BATCH_NORMALIZATION
from gradlab.torch.measure import FlatLayout
from gradlab.torch.naming import NamedParameter
from gradlab.torch.probe import read_layers
from gradlab.torch.samples import Samples

# The parts of `torch.nn.modules` whose modules compute an output from their input, tensors and settings, and outside of
# training draw no random number. Recurrent layers and attention hold their tensors in further places.
PLAIN = {
    f"torch.nn.modules.{name}"
    for name in ("activation", "batchnorm", "container", "conv", "dropout", "flatten", "instancenorm", "linear")
} | {f"torch.nn.modules.{name}" for name in ("normalization", "padding", "pixelshuffle", "sparse", "upsampling")}
LOSSES = "torch.nn.modules.loss"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The tensors of a model at a record's end.

    Attributes:
        row: (size,) its trainable tensors.
        buffers: those of each module, copies.
        modes: path -> True if the module was in training mode in the last training batch.
        entries: the numbers that it holds, and that the probe is going to read.
    """

    row: torch.Tensor
    buffers: Sequence[Mapping[str, torch.Tensor | None]]
    modes: Mapping[str, bool]
    entries: int


class LaterProbes:
    """Probes of a model of PyTorch's own modules on the processor, all of whose tensors are trained.

    Args:
        model: the unwrapped model.
        loss: the training's loss.
        parameters: the trainable tensors.
        layout: their places in a row.
        owners: the names of the layers that own them.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: Any,
        parameters: Sequence[NamedParameter],
        layout: FlatLayout,
        owners: Sequence[str],
    ) -> None:
        self._model, self._loss, self._layout, self._owners = model, loss, layout, owners
        self._parameters, self._values = parameters, [each.value for each in parameters]
        self._copied: _Copied | None = None

    def take(self, row: torch.Tensor | None, modes: Mapping[str, bool], entries: int) -> Snapshot | None:
        """Return what a probe needs of the model as it is now; None if it has to run at once.

        Args:
            row: the present values of the trainable tensors; None if they could not be read.
            modes: path -> True if the module was in training mode in the last training batch.
            entries: the numbers that the probe is going to read.
        """
        modules = list(self._model.modules())
        if row is None or not row.is_cpu or not self._is_plain(modules, row.dtype):
            return None
        if self._copied is None:
            self._copied = _Copied(self._model, self._loss, self._parameters)
        buffers = [{name: b if b is None else b.clone() for name, b in each._buffers.items()} for each in modules]
        return Snapshot(row, buffers, modes, row.numel() + entries)

    def _is_plain(self, modules: Sequence[nn.Module], dtype: torch.dtype) -> bool:
        if type(self._loss).__module__ != LOSSES or not all(map(_is_plain, modules)):
            return False
        tensors = {id(each): each for module in modules for each in module._parameters.values() if each is not None}
        return tensors.keys() == {id(each) for each in self._values} and all(
            each.dtype == dtype for each in self._values
        )

    def flows(self, snapshot: Snapshot, samples: Samples) -> Sequence[LayerFlow]:
        """Run a probe, and return what it read."""
        assert self._copied is not None
        self._copied.put(self._model, snapshot, self._layout)
        run = self._copied.evaluation.probing(samples)
        with torch.enable_grad(), torch.autocast("cpu", enabled=False):
            return read_layers(self._copied.model, self._owners, run).flows


class _Copied:
    """A copy of a model and its loss."""

    def __init__(self, model: nn.Module, loss: Any, parameters: Sequence[NamedParameter]) -> None:
        self.model = copy.deepcopy(model).train(False)
        self.evaluation = Evaluation(self.model, copy.deepcopy(loss), parameters)
        self._modules = list(self.model.named_modules())
        self._shapes = [each.value.shape for each in parameters]
        places = {id(each.value): place for place, each in enumerate(parameters)}
        # Of each module, the names of its tensors with their places.
        self._places = [
            {name: None if each is None else places[id(each)] for name, each in module._parameters.items()}
            for module in model.modules()
        ]

    def put(self, model: nn.Module, snapshot: Snapshot, layout: FlatLayout) -> None:
        """Put the tensors of a snapshot into the copy, with the settings of the model."""
        flat = layout.tensors(snapshot.row)
        tensors = [each.view(shape).requires_grad_() for each, shape in zip(flat, self._shapes, strict=True)]
        live = model.modules()
        parts = zip(self._modules, live, self._places, snapshot.buffers, strict=True)
        for (path, module), original, places, buffers in parts:
            own = module.__dict__
            own.update({name: value for name, value in vars(original).items() if name[0] != "_"})
            own["_parameters"] = {name: None if place is None else tensors[place] for name, place in places.items()}
            own["_buffers"] = dict(buffers)
            own["training"] = isinstance(module, BATCH_NORMALIZATION) and snapshot.modes.get(path, True)


def _is_plain(module: nn.Module) -> bool:
    """True for a module of PyTorch's own that has no hook and is not compiled."""
    own = vars(module)
    return (
        type(module).__module__ in PLAIN
        and not isinstance(module, nn.MultiheadAttention)
        and not (own["_forward_hooks"] or own["_forward_pre_hooks"] or own.get("_compiled_call_impl"))
        and "forward" not in own
    )
