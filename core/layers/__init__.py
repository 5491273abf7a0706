"""Shelf: each kind of layer, one file for each family."""

from typing import TYPE_CHECKING

from core.frozen import one_of
from core.layers.attention import Embedding, MultiHeadAttention
from core.layers.blocks import Residual
from core.layers.convolution import Conv1D, Conv2D
from core.layers.dense import ActivationLayer, Dense
from core.layers.layer import LayerSpec, Shape, ShapeMismatch
from core.layers.normalization import BatchNormalization, LayerNormalization
from core.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
    Reshape,
)
from core.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from core.layers.regularization import Dropout, GaussianNoise

LAYERS: tuple[type[LayerSpec], ...] = (
    Dense, ActivationLayer, Dropout, GaussianNoise, BatchNormalization, LayerNormalization, Conv1D, Conv2D,
    MaxPooling1D, AveragePooling1D, MaxPooling2D, AveragePooling2D, GlobalMaxPooling1D, GlobalAveragePooling1D,
    GlobalMaxPooling2D, GlobalAveragePooling2D, Flatten, Reshape, SimpleRNN, GRU, LSTM, Bidirectional, Embedding,
    MultiHeadAttention, Residual,
)  # fmt: skip

if TYPE_CHECKING:
    Layer = LayerSpec
else:
    Layer = one_of(LAYERS)

Residual.model_rebuild(_types_namespace={"Layer": Layer})

__all__ = ["LAYERS", "Layer", "LayerSpec", "Shape", "ShapeMismatch"]
