"""Registry of the kinds of layers. There is one file for each family."""

from typing import TYPE_CHECKING

from gradlab.frozen import one_of
from gradlab.vocabulary.layers.activation import ELULayer, LeakyReLULayer, PReLU, ReLULayer, SoftmaxLayer
from gradlab.vocabulary.layers.attention import Embedding, GroupQueryAttention, MultiHeadAttention
from gradlab.vocabulary.layers.blocks import Residual
from gradlab.vocabulary.layers.convolution import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
)
from gradlab.vocabulary.layers.dense import ActivationLayer, Dense
from gradlab.vocabulary.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D
from gradlab.vocabulary.layers.einsum import EinsumDense
from gradlab.vocabulary.layers.layer import LayerSpec, Shape, ShapeMismatch
from gradlab.vocabulary.layers.merging import (
    Add,
    AdditiveAttention,
    Attention,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from gradlab.vocabulary.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from gradlab.vocabulary.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    Reshape,
)
from gradlab.vocabulary.layers.preprocessing import CategoryEncoding, Normalization, Rescaling
from gradlab.vocabulary.layers.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from gradlab.vocabulary.layers.regularization import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from gradlab.vocabulary.layers.reshaping import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    IdentityLayer,
    Permute,
    RepeatVector,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from gradlab.vocabulary.layers.wrapping import ConvLSTM1D, ConvLSTM2D, Masking, TimeDistributed

LAYERS: tuple[type[LayerSpec], ...] = (
    Dense, ActivationLayer, Dropout, GaussianNoise, BatchNormalization, LayerNormalization, Conv1D, Conv2D,
    MaxPooling1D, AveragePooling1D, MaxPooling2D, AveragePooling2D, GlobalMaxPooling1D, GlobalAveragePooling1D,
    GlobalMaxPooling2D, GlobalAveragePooling2D, Flatten, Reshape, SimpleRNN, GRU, LSTM, Bidirectional, Embedding,
    MultiHeadAttention, Residual, Add, Concatenate,
    ReLULayer, LeakyReLULayer, PReLU, ELULayer, SoftmaxLayer, AlphaDropout, GaussianDropout, SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D, GroupNormalization, RMSNormalization, UnitNormalization, IdentityLayer, Permute, RepeatVector,
    Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D, UpSampling1D, UpSampling2D,
    UpSampling3D, Rescaling, Normalization, CategoryEncoding,
    MaxPooling3D, AveragePooling3D, GlobalMaxPooling3D, GlobalAveragePooling3D,
    Conv3D, Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D,
    SeparableConv2D, Masking, TimeDistributed, ConvLSTM1D, ConvLSTM2D, Subtract, Multiply,
    Average, Maximum, Minimum, Dot, Attention, AdditiveAttention, GroupQueryAttention, EinsumDense,
)  # fmt: skip

if TYPE_CHECKING:
    Layer = LayerSpec
else:
    Layer = one_of(LAYERS)

for holder in (Residual, TimeDistributed):
    holder.model_rebuild(_types_namespace={"Layer": Layer})

__all__ = ["LAYERS", "Layer", "LayerSpec", "Shape", "ShapeMismatch"]
