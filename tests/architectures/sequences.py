"""Networks for sequences and texts, as people write them in plain Keras."""

import keras
from keras import layers

from tests.architectures.chains import sequential
from tests.architectures.registry import architecture, of_tokens


@architecture
def elman():
    return sequential((10, 3), layers.SimpleRNN(6), layers.Dense(1))


@architecture
def irnn():
    cell = layers.SimpleRNN(6, activation="relu", recurrent_initializer=keras.initializers.Identity(0.9))
    return sequential((10, 2), cell, layers.Dense(1))


@architecture
def lstm_forecast():
    return sequential((12, 2), layers.LSTM(8), layers.Dense(4, "relu"), layers.Dense(1))


@architecture
def stacked_lstm():
    return sequential((12, 2), layers.LSTM(6, return_sequences=True), layers.LSTM(6), layers.Dense(1))


@architecture
def gru_tagger():
    return sequential((9, 4), layers.GRU(6, return_sequences=True), layers.Dense(3, "softmax"))


@architecture
def gru_before():
    return sequential((9, 4), layers.GRU(6, reset_after=False, recurrent_activation="hard_sigmoid"), layers.Dense(3))


@architecture
def bidirectional_lstm():
    both = layers.Bidirectional(layers.LSTM(5, return_sequences=True), merge_mode="sum")
    return sequential((8, 3), both, layers.Bidirectional(layers.GRU(4)), layers.Dense(1, "sigmoid"))


@of_tokens
def imdb_bidirectional_lstm():
    return sequential(
        (12,),
        layers.Embedding(50, 8),
        layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
        layers.Bidirectional(layers.LSTM(6)),
        layers.Dense(1, activation="sigmoid"),
    )


@of_tokens
def text_averages():
    parts = layers.Embedding(50, 8), layers.GlobalAveragePooling1D(), layers.Dense(6, "relu"), layers.Dense(4)
    return sequential((12,), *parts)


@of_tokens
def text_convnet():
    return sequential(
        (16,),
        layers.Embedding(50, 8),
        layers.Dropout(0.5),
        layers.Conv1D(8, 7, padding="valid", activation="relu", strides=3),
        layers.GlobalMaxPooling1D(),
        layers.Dense(8, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )


@of_tokens
def masked_text_lstm():
    return sequential((12,), layers.Embedding(50, 8, mask_zero=True), layers.LSTM(6), layers.Dense(1))


@architecture
def masked_series():
    return sequential((10, 2), layers.Masking(0.0), layers.GRU(5), layers.Dense(1))


@architecture
def wavenet_like():
    rates = (1, 2, 4)
    causal = [layers.Conv1D(6, 2, padding="causal", dilation_rate=rate, activation="relu") for rate in rates]
    return sequential((16, 1), *causal, layers.Conv1D(1, 1))


@architecture
def temporal_convnet():
    return sequential(
        (20, 2),
        layers.Conv1D(8, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling1D(2),
        layers.SeparableConv1D(8, 3),
        layers.AveragePooling1D(2),
        layers.Flatten(),
        layers.Dense(2, "softmax"),
    )


@architecture
def time_distributed_mlp():
    inner = layers.TimeDistributed(layers.Dense(4, "relu"))
    return sequential((7, 3), inner, layers.LSTM(5), layers.Dense(1))


@architecture
def tagger_at_each_step():
    inner = layers.TimeDistributed(layers.LayerNormalization(axis=-1))
    outer = layers.TimeDistributed(layers.Dense(4, "softmax"))
    return sequential((7, 3), layers.LSTM(5, return_sequences=True), inner, outer)


@architecture
def sequence_autoencoder():
    return sequential(
        (6, 2),
        layers.LSTM(5),
        layers.RepeatVector(6),
        layers.LSTM(5, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
    )


@architecture
def addition_rnn():
    return sequential(
        (7, 6),
        layers.LSTM(8),
        layers.RepeatVector(4),
        layers.LSTM(8, return_sequences=True),
        layers.Dense(6, "softmax"),
    )


@architecture
def permuted_series():
    return sequential((6, 4), layers.Permute((2, 1)), layers.GRU(3), layers.Dense(1))


@architecture
def recurrent_dropout_lstm():
    return sequential((8, 2), layers.LSTM(4, dropout=0.2, recurrent_dropout=0.2), layers.Dense(1))


@architecture
def conv_lstm():
    return sequential((4, 6, 6, 1), layers.ConvLSTM2D(3, 3, padding="same"), layers.Flatten(), layers.Dense(1))


@architecture
def einsum_mixer():
    along = layers.EinsumDense("abc,cd->abd", output_shape=(5, 3), activation="gelu", bias_axes="d")
    across = layers.EinsumDense("abc,bd->adc", output_shape=(6, 3), bias_axes="d")
    heads = layers.EinsumDense("...c,chk->...hk", output_shape=(2, 4), bias_axes="hk")
    return sequential((5, 4), along, across, heads, layers.Flatten(), layers.Dense(1))


@architecture
def backwards_lstm():
    return sequential((8, 2), layers.LSTM(4, go_backwards=True), layers.Dense(1))
