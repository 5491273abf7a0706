"""Names, roles and shapes of a PyTorch model's trainable tensors.

Layers and tensors keep the names of `named_modules` and `named_parameters`. Shapes alone are turned to Keras's order of
axes: of a `Linear` (in, out), of a convolution (*kernel, in, out), of a recurrent layer (in, gates). Statistics do not
depend on the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

Role = Literal["kernel", "recurrent_kernel", "bias", "scale", "offset", "embedding"]

# Characters of the longest name that an `ExternalSpec` accepts.
MAX_NAME_LENGTH = 200
NORMALIZATIONS = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    *((nn.RMSNorm,) if hasattr(nn, "RMSNorm") else ()),
)
RECURRENT = (nn.RNNBase, nn.RNNCellBase)
TRANSPOSED = nn.modules.conv._ConvTransposeNd
CONVOLUTIONS = nn.modules.conv._ConvNd


@dataclass(frozen=True, eq=False)
class NamedParameter:
    """One trainable tensor of a model.

    Attributes:
        layer: the path of the module that owns it: ``encoder.layers.3.linear1``.
        name: its name in that module: ``weight``.
        value: the tensor itself.
        shape: its shape in Keras's order of axes.
        role: what the module does with it; None if the module is of no class that is known here.
        aliases: the paths of other modules that share it.
    """

    layer: str
    name: str
    value: nn.Parameter
    shape: tuple[int, ...]
    role: Role | None
    aliases: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Layer and name, as measurements of single tensors are named: ``encoder.layers.3.linear1/weight``."""
        return f"{self.layer}/{self.name}"


def unwrapped(model: Any) -> nn.Module:
    """Return the module inside `torch.compile`'s, `DataParallel`'s and `DistributedDataParallel`'s wrappers."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while True:
        if isinstance(model, wrappers):
            model = model.module
        elif isinstance(getattr(model, "_orig_mod", None), nn.Module):
            model = model._orig_mod
        else:
            return model


def layer_name(model: nn.Module, path: str) -> str:
    """Return a module's path; for the model itself, the name of its class. The end of a path that is too long."""
    name = path or type(model).__name__
    return name if len(name) <= MAX_NAME_LENGTH else f"…{name[1 - MAX_NAME_LENGTH :]}"


def named_parameters(model: nn.Module) -> list[NamedParameter]:
    """Return the trainable tensors of an unwrapped model, each once, in the order of its modules."""
    paths: dict[int, list[str]] = {}
    for path, value in model.named_parameters(remove_duplicate=False):
        paths.setdefault(id(value), []).append(path)
    named = []
    for path, module in model.named_modules():
        for name, value in module.named_parameters(recurse=False):
            first, *others = paths[id(value)]
            if value.requires_grad and first == (f"{path}.{name}" if path else name):
                shape, role = _in_keras_order(module, name, tuple(value.shape)), _role(module, name)
                named.append(NamedParameter(layer_name(model, path), name, value, shape, role, tuple(others)))
    return named


def frozen_paths(model: nn.Module) -> list[str]:
    """Return ``layer/parameter`` of the tensors that do not require a gradient."""
    frozen = []
    for path, value in model.named_parameters():
        if not value.requires_grad:
            layer, _, name = path.rpartition(".")
            frozen.append(f"{layer_name(model, layer)}/{name}")
    return frozen


def is_channels_first(module: nn.Module | None) -> bool:
    """True if a module's outputs have their channels at axis 1, before the positions."""
    channels = (CONVOLUTIONS, nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.PReLU)
    return isinstance(module, channels)


def _in_keras_order(module: nn.Module, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(module, TRANSPOSED) and name == "weight":
        inputs, outputs, *kernel = shape
        return (*kernel, outputs, inputs)  # as Keras's Conv2DTranspose
    if isinstance(module, CONVOLUTIONS) and name == "weight":
        outputs, inputs, *kernel = shape
        return (*kernel, inputs, outputs)
    is_matrix = len(shape) == 2 and "weight" in name
    if is_matrix and isinstance(module, (nn.Linear, nn.MultiheadAttention, *RECURRENT)):
        return shape[::-1]
    return shape


def _role(module: nn.Module, name: str) -> Role | None:
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return "embedding"
    if isinstance(module, NORMALIZATIONS):
        return "scale" if name == "weight" else "offset"
    if "bias" in name:
        return "bias"
    if isinstance(module, RECURRENT):
        return "recurrent_kernel" if "weight_hh" in name else "kernel"
    if isinstance(module, (nn.Linear, nn.Bilinear, nn.MultiheadAttention, CONVOLUTIONS)) and "weight" in name:
        return "kernel"
    return None


def describe_shared(parameters: Sequence[NamedParameter]) -> list[str]:
    """Return one sentence for each tensor that several modules share."""
    return [
        f"{each.path} is one tensor with {', '.join(each.aliases)}: it is measured once"
        for each in parameters
        if each.aliases
    ]


def device_of(parameters: Sequence[NamedParameter]) -> torch.device:
    """Return the device of the first trainable tensor."""
    return parameters[0].value.device
