"""Networks without branches, as people write them in plain Keras, small enough to run in a test."""

import keras
from keras import layers

from tests.architectures.registry import architecture


def sequential(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


@architecture
def perceptron():
    return sequential((4,), layers.Dense(1, "sigmoid"))


@architecture
def mlp():
    return sequential((8,), layers.Dense(16, "relu"), layers.Dense(16, "relu"), layers.Dense(3, "softmax"))


@architecture
def deep_tanh():
    uniform = keras.initializers.RandomUniform(0, 1)
    hidden = [layers.Dense(5, "tanh", kernel_initializer=uniform) for _ in range(5)]
    return sequential((2,), *hidden, layers.Dense(1, "sigmoid", kernel_initializer=uniform))


@architecture
def self_normalizing():
    hidden = [layers.Dense(6, "selu", kernel_initializer="lecun_normal") for _ in range(4)]
    return sequential((5,), *hidden, layers.AlphaDropout(0.1), layers.Dense(1))


@architecture
def penalised():
    penalty, limit = keras.regularizers.L1L2(1e-4, 1e-3), keras.constraints.MaxNorm(1.5)
    return sequential(
        (6,),
        layers.Dense(8, "relu", kernel_regularizer=penalty, kernel_constraint=limit, bias_regularizer="l2"),
        layers.Dense(2, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(0.01)),
    )


@architecture
def batch_normalised():
    return sequential(
        (6,),
        layers.Dense(8, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.Activation("relu"),
        layers.Dropout(0.5),
        layers.Dense(4, "softmax"),
    )


@architecture
def layer_normalised():
    return sequential((6,), layers.Dense(8, "gelu"), layers.LayerNormalization(epsilon=1e-5), layers.Dense(1))


@architecture
def activation_layers():
    parts = [layers.LeakyReLU(0.1), layers.Dense(5), layers.ELU(), layers.Dense(5), layers.ReLU(6.0), layers.Dense(5)]
    return sequential((4,), layers.Dense(5), *parts, layers.PReLU(), layers.Dense(3), layers.Softmax())


@architecture
def activations_of_all_kinds():
    names = ("swish", "mish", "softplus", "softsign", "hard_sigmoid", "exponential", "relu6", "log_softmax")
    return sequential((4,), *(layers.Dense(4, name) for name in names))


@architecture
def rescaled_pixels():
    return sequential(
        (8, 8), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(16, "relu"), layers.Dense(10, "softmax")
    )


@architecture
def lenet():
    return sequential(
        (16, 16, 1),
        layers.Conv2D(6, 5, activation="tanh", padding="same"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(20, "tanh"),
        layers.Dense(10, "softmax"),
    )


@architecture
def mnist_convnet():
    return sequential(
        (14, 14, 1),
        layers.Conv2D(8, (3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(16, (3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    )


@architecture
def vgg_like():
    def block(filters):
        return [
            layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"),
            layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"),
            layers.MaxPooling2D(2, strides=2),
        ]

    return sequential((16, 16, 3), *block(4), *block(8), layers.Flatten(), layers.Dense(16, "relu"), layers.Dense(5))


@architecture
def mobilenet_like():
    def block(filters, strides):
        return [
            layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.Conv2D(filters, 1, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
        ]

    ends = layers.GlobalAveragePooling2D(), layers.Dense(4, "softmax")
    return sequential((16, 16, 3), layers.Conv2D(4, 3, strides=2, padding="same"), *block(8, 1), *block(16, 2), *ends)


@architecture
def separable_convnet():
    return sequential(
        (12, 12, 3),
        layers.SeparableConv2D(8, 3, activation="relu"),
        layers.SpatialDropout2D(0.2),
        layers.SeparableConv2D(8, 3, depth_multiplier=2, padding="same"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(3),
    )


@architecture
def dilated_and_grouped():
    return sequential(
        (12, 12, 4),
        layers.Conv2D(8, 3, dilation_rate=2, padding="same", activation="relu"),
        layers.Conv2D(8, 3, groups=2, padding="same"),
        layers.GroupNormalization(4),
        layers.Activation("silu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2),
    )


@architecture
def convolutional_autoencoder():
    return sequential(
        (12, 12, 1),
        layers.Conv2D(8, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2, padding="same"),
        layers.Conv2D(4, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2, padding="same"),
        layers.Conv2DTranspose(4, 3, strides=2, activation="relu", padding="same"),
        layers.Conv2DTranspose(8, 3, strides=2, activation="relu", padding="same"),
        layers.Conv2D(1, 3, activation="sigmoid", padding="same"),
    )


@architecture
def upsampling_decoder():
    return sequential(
        (8,),
        layers.Dense(3 * 3 * 4, "relu"),
        layers.Reshape((3, 3, 4)),
        layers.UpSampling2D(2),
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.ZeroPadding2D(1),
        layers.Cropping2D(1),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    )


@architecture
def video_convnet():
    return sequential(
        (6, 6, 6, 2),
        layers.Conv3D(4, 3, activation="relu"),
        layers.MaxPooling3D(2),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling3D(),
        layers.Dense(2, "softmax"),
    )


@architecture
def dense_autoencoder():
    encoder = keras.Sequential([keras.Input((12,)), layers.Dense(6, "relu"), layers.Dense(3, "relu")], name="encoder")
    decoder = keras.Sequential([keras.Input((3,)), layers.Dense(6, "relu"), layers.Dense(12)], name="decoder")
    return sequential((12,), encoder, decoder)


@architecture
def denoising_autoencoder():
    return sequential((10,), layers.GaussianNoise(0.1), layers.Dense(4, "relu"), layers.Dense(10, "sigmoid"))


@architecture
def gaussian_dropout_mlp():
    return sequential((5,), layers.Dense(6, "relu"), layers.GaussianDropout(0.2), layers.Dense(1))


@architecture
def unit_normalised_embedding():
    return sequential((6,), layers.Dense(8, "relu"), layers.Dense(4), layers.UnitNormalization())


@architecture
def rms_normalised():
    return sequential((6,), layers.Dense(8, "silu"), layers.RMSNormalization(), layers.Dense(1))
