"""Registry of the kinds of layers. There is one file for each family."""

from typing import TYPE_CHECKING

from gradlab.frozen import one_of
from gradlab.vocabulary.layers.attention import Embedding, MultiHeadAttention
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.convolution import Conv1D, Conv2D
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch
from gradlab.vocabulary.layers.merging import Add, Concatenate
from gradlab.vocabulary.layers.normalization import BatchNormalization, LayerNormalization
from gradlab.vocabulary.layers.pooling import (
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
from gradlab.vocabulary.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from gradlab.vocabulary.layers.regularization import Dropout, GaussianNoise

LAYERS: tuple[type[LayerSpec], ...] = (
    Dense, ActivationLayer, Dropout, GaussianNoise, BatchNormalization, LayerNormalization, Conv1D, Conv2D,
    MaxPooling1D, AveragePooling1D, MaxPooling2D, AveragePooling2D, GlobalMaxPooling1D, GlobalAveragePooling1D,
    GlobalMaxPooling2D, GlobalAveragePooling2D, Flatten, Reshape, SimpleRNN, GRU, LSTM, Bidirectional, Embedding,
    MultiHeadAttention, Residual, Add, Concatenate,
)  # fmt: skip

if TYPE_CHECKING:
    Layer = LayerSpec
else:
    Layer = one_of(LAYERS)

Residual.model_rebuild(_types_namespace={"Layer": Layer})

__all__ = ["LAYERS", "Layer", "LayerSpec", "Shape", "ShapeMismatch"]
