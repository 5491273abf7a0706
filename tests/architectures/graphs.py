"""Networks with branches, shared layers, several inputs or outputs, as people write them in plain Keras."""

import keras
from keras import layers

from tests.architectures.registry import architecture, of_tokens


def residual_block(x, filters, *, strides=1):
    y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.Activation("relu")(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    if strides > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x)
    return layers.Activation("relu")(layers.Add()([x, y]))


@architecture
def skip_connection_mlp():
    x = keras.Input((8,))
    h = layers.Dense(8, "relu")(x)
    return keras.Model(x, layers.Dense(1)(layers.Add()([x, h])))


@architecture
def resnet():
    x = keras.Input((16, 16, 3))
    y = layers.Conv2D(4, 3, padding="same")(x)
    for filters, strides in ((4, 1), (8, 2), (8, 1)):
        y = residual_block(y, filters, strides=strides)
    return keras.Model(x, layers.Dense(5, "softmax")(layers.GlobalAveragePooling2D()(y)))


@architecture
def toy_resnet():
    x = keras.Input((12, 12, 3), name="img")
    y = layers.Conv2D(8, 3, activation="relu")(x)
    first = layers.MaxPooling2D(2)(y)
    y = layers.Conv2D(8, 3, activation="relu", padding="same")(first)
    second = layers.add([layers.Conv2D(8, 3, activation="relu", padding="same")(y), first])
    y = layers.Dense(16, "relu")(layers.GlobalAveragePooling2D()(second))
    return keras.Model(x, layers.Dense(10)(layers.Dropout(0.5)(y)), name="toy_resnet")


@architecture
def inception_like():
    x = keras.Input((12, 12, 3))
    parts = [
        layers.Conv2D(4, 1, padding="same", activation="relu")(x),
        layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Conv2D(3, 1, activation="relu")(x)),
        layers.Conv2D(4, 5, padding="same", activation="relu")(layers.Conv2D(2, 1, activation="relu")(x)),
        layers.Conv2D(4, 1, activation="relu")(layers.MaxPooling2D(3, strides=1, padding="same")(x)),
    ]
    y = layers.GlobalAveragePooling2D()(layers.Concatenate()(parts))
    return keras.Model(x, layers.Dense(3, "softmax")(y))


@architecture
def densenet_like():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, padding="same")(x)
    for _ in range(3):
        new = layers.Activation("relu")(layers.BatchNormalization()(y))
        y = layers.Concatenate()([y, layers.Conv2D(3, 3, padding="same")(new)])
    return keras.Model(x, layers.Dense(2)(layers.GlobalMaxPooling2D()(y)))


@architecture
def unet_like():
    x = keras.Input((16, 16, 1))
    first = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    second = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(first))
    deep = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(second))
    up = layers.Concatenate()([layers.Conv2DTranspose(8, 2, strides=2)(deep), second])
    up = layers.Conv2D(4, 3, padding="same", activation="relu")(up)
    up = layers.Concatenate()([layers.UpSampling2D()(up), first])
    return keras.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(up))


@architecture
def squeeze_and_excite():
    x = keras.Input((8, 8, 4))
    weight = layers.Dense(4, "sigmoid")(layers.Dense(2, "relu")(layers.GlobalAveragePooling2D()(x)))
    y = layers.Multiply()([x, layers.Reshape((1, 1, 4))(weight)])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))


@architecture
def mobilenet_v2_block():
    x = keras.Input((8, 8, 4))
    y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(12, 1, use_bias=False)(x)))
    y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
    y = layers.BatchNormalization()(layers.Conv2D(4, 1, use_bias=False)(y))
    y = layers.GlobalAveragePooling2D()(layers.Add()([x, y]))
    return keras.Model(x, layers.Dense(2)(y))


@architecture
def highway():
    x = keras.Input((6,))
    gate = layers.Dense(6, "sigmoid", bias_initializer=keras.initializers.Constant(-1.0))(x)
    h = layers.Dense(6, "relu")(x)
    y = layers.Add()([layers.Multiply()([gate, h]), layers.Multiply()([1.0 - gate, x])])
    return keras.Model(x, layers.Dense(1)(y))


@architecture
def scaled_residual():
    x = keras.Input((6,))
    y = x
    for _ in range(3):
        y = y + 0.5 * layers.Dense(6, "relu")(y)
    return keras.Model(x, layers.Dense(1)(y))


@architecture
def wide_and_deep():
    x = keras.Input((6,))
    deep = layers.Dense(8, "relu")(layers.Dense(8, "relu")(x))
    return keras.Model(x, layers.Dense(1)(layers.Concatenate()([x, deep])))


@architecture
def ensemble_of_branches():
    x = keras.Input((5,))
    branches = [layers.Dense(1)(layers.Dense(4, "tanh")(x)) for _ in range(3)]
    return keras.Model(x, layers.Average()(branches))


@architecture
def maxout():
    x = keras.Input((5,))
    return keras.Model(x, layers.Dense(1)(layers.Maximum()([layers.Dense(4)(x), layers.Dense(4)(x)])))


@architecture
def shared_layer_twice():
    x = keras.Input((6,))
    dense = layers.Dense(6, "tanh")
    return keras.Model(x, layers.Dense(1)(dense(dense(x))))


@architecture
def one_pooling_for_two_sizes():
    x, pool, relu = keras.Input((8, 8, 2)), layers.MaxPooling2D(), layers.ReLU()
    y = pool(relu(layers.Conv2D(3, 3, padding="same")(x)))
    y = pool(relu(layers.Conv2D(3, 3, padding="same")(y)))
    return keras.Model(x, layers.Dense(2)(layers.Flatten()(y)))


@architecture
def nested_encoder():
    inside = keras.Input((6,))
    encoder = keras.Model(inside, layers.Dense(4, "relu")(layers.Dense(6, "relu")(inside)), name="encoder")
    x = keras.Input((6,))
    skip = layers.Dense(4)(x)
    return keras.Model(x, layers.Dense(2)(layers.Add()([encoder(x), skip])))


@architecture
def encoder_of_two_outputs():
    inside = keras.Input((6,))
    parts = [layers.Dense(4, name="mean")(inside), layers.Dense(4, "softplus", name="spread")(inside)]
    encoder = keras.Model(inside, parts, name="encoder")
    x = keras.Input((6,))
    mean, spread = encoder(x)
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([mean, spread])))


@architecture
def siamese_of_halves():
    """Two halves of one input through one network."""
    x = keras.Input((8, 3))
    embed = keras.Sequential([layers.Flatten(), layers.Dense(6, "relu"), layers.Dense(3)], name="embed")
    left, right = layers.Cropping1D((0, 4))(x), layers.Cropping1D((4, 0))(x)
    distance = layers.Subtract()([embed(left), embed(right)])
    return keras.Model(x, layers.Dense(1, "sigmoid")(distance))


@architecture
def siamese():
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    embed = keras.Sequential([keras.Input((6,)), layers.Dense(5, "relu"), layers.Dense(3)], name="embed")
    score = layers.Dot(axes=1, normalize=True)([embed(left), embed(right)])
    return keras.Model([left, right], layers.Dense(1, "sigmoid")(score))


@architecture
def two_inputs():
    image, numbers = keras.Input((8, 8, 1), name="image"), keras.Input((4,), name="numbers")
    seen = layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(image))
    joined = layers.Concatenate()([seen, layers.Dense(4, "relu")(numbers)])
    return keras.Model([image, numbers], layers.Dense(1)(joined))


@architecture
def two_outputs():
    x = keras.Input((6,))
    h = layers.Dense(8, "relu")(x)
    return keras.Model(x, [layers.Dense(3, "softmax", name="kind")(h), layers.Dense(1, name="size")(h)])


@of_tokens
def ticket_triage():
    title, tags = keras.Input((10,), name="title"), keras.Input((4,), name="tags")
    read = layers.LSTM(4)(layers.Embedding(50, 6)(title))
    joined = layers.Concatenate()([read, tags])
    outputs = [layers.Dense(1, name="priority")(joined), layers.Dense(3, "softmax", name="department")(joined)]
    return keras.Model([title, tags], outputs)


def encoder_block(x, *, heads=2, width=8, causal=False):
    attended = layers.MultiHeadAttention(heads, width // heads)(x, x, use_causal_mask=causal)
    x = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(attended)]))
    y = layers.Dense(width)(layers.Dense(2 * width, "relu")(x))
    return layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, layers.Dropout(0.1)(y)]))


@architecture
def series_transformer():
    x = keras.Input((10, 8))
    y = encoder_block(encoder_block(x))
    return keras.Model(x, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(y)))


@of_tokens
def text_transformer():
    x = keras.Input((10,))
    y = encoder_block(layers.Embedding(50, 8)(x))
    y = layers.Dense(6, "relu")(layers.Dropout(0.1)(layers.GlobalAveragePooling1D()(y)))
    return keras.Model(x, layers.Dense(2, "softmax")(y))


@of_tokens
def causal_language_model():
    x = keras.Input((10,))
    y = encoder_block(layers.Embedding(50, 8)(x), causal=True)
    return keras.Model(x, layers.Dense(50, "softmax")(y))


@architecture
def vision_transformer():
    x = keras.Input((8, 8, 3))
    y = layers.Reshape((16, 8))(layers.Conv2D(8, 2, strides=2)(x))
    z = layers.LayerNormalization(epsilon=1e-6)(y)
    y = layers.Add()([layers.MultiHeadAttention(2, 4, dropout=0.1)(z, z), y])
    z = layers.Dense(8)(layers.Dense(16, "gelu")(layers.LayerNormalization(epsilon=1e-6)(y)))
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(layers.Add()([z, y]))))


@architecture
def mlp_mixer():
    x = keras.Input((6, 4))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Permute((2, 1))(layers.Dense(6)(layers.Dense(8, "gelu")(y)))
    y = layers.Add()([x, y])
    return keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)))


@architecture
def attention_over_recurrence():
    x = keras.Input((8, 3))
    states = layers.GRU(6, return_sequences=True)(x)
    context = layers.Attention()([states, states])
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(context)))


@architecture
def additive_attention():
    x = keras.Input((8, 3))
    states = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(x)
    context = layers.AdditiveAttention()([states, states])
    return keras.Model(x, layers.Dense(1)(layers.Flatten()(layers.Concatenate()([states, context]))))


@architecture
def group_query_attention():
    x = keras.Input((6, 8))
    y = layers.GroupQueryAttention(4, 4, 2)(x, x)
    return keras.Model(x, layers.Dense(1)(layers.Flatten()(layers.Add()([x, y]))))


@architecture
def gated_convolution():
    x = keras.Input((12, 3))
    gate = layers.Conv1D(4, 3, padding="causal", activation="sigmoid")(x)
    y = layers.Multiply()([layers.Conv1D(4, 3, padding="causal", activation="tanh")(x), gate])
    return keras.Model(x, layers.Dense(1)(layers.GlobalMaxPooling1D()(y)))


@architecture
def recurrent_skip():
    x = keras.Input((8, 4))
    y = layers.Add()([x, layers.LSTM(4, return_sequences=True)(x)])
    return keras.Model(x, layers.Dense(1)(layers.LSTM(3)(y)))
