"""The clinic by `fit`: its cases trained by plain `keras.Model.fit` under a Watch, beside the service's own trainings.

Each case is written as a user would write it: a Keras model of plain layers, compiled with the case's optimiser, loss
and metrics; arrays as a user holds them; one `fit` for each of the case's seeds, with a Watch among its callbacks. The
Watch gets no spec. The first weights are those of the service's run of the same seed, so that the two trainings differ
in the order of the samples, and in who measures them.
"""
