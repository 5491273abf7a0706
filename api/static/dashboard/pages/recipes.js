// Specs to begin with. The tutorial's are those in examples/: a test holds them together.

export const RECIPES = [
  {
    "key": "tutorial-1-one-tanh",
    "title": "Tutorial 1",
    "about": "one hidden tanh layer",
    "spec": {
      "name": "one hidden tanh layer",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          {
            "kind": "dense",
            "units": 5,
            "activation": "tanh",
            "kernel_initializer": { "kind": "random_uniform", "minval": 0, "maxval": 1 }
          },
          {
            "kind": "dense",
            "units": 1,
            "activation": "sigmoid",
            "kernel_initializer": { "kind": "random_uniform", "minval": 0, "maxval": 1 }
          }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "tutorial-2-deep-tanh",
    "title": "Tutorial 2",
    "about": "five tanh layers: does not learn",
    "spec": {
      "name": "five hidden tanh layers",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          {
            "kind": "dense",
            "units": 5,
            "activation": "tanh",
            "kernel_initializer": { "kind": "random_uniform", "minval": 0, "maxval": 1 },
            "repeat": 5
          },
          {
            "kind": "dense",
            "units": 1,
            "activation": "sigmoid",
            "kernel_initializer": { "kind": "random_uniform", "minval": 0, "maxval": 1 }
          }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "tutorial-3-deep-relu",
    "title": "Tutorial 3",
    "about": "five relu layers: learns",
    "spec": {
      "name": "five hidden relu layers",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform", "repeat": 5 },
          { "kind": "dense", "units": 1, "activation": "sigmoid" }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "tutorial-4-relu-15",
    "title": "Tutorial 4",
    "about": "fifteen relu layers",
    "spec": {
      "name": "fifteen hidden relu layers",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform", "repeat": 15 },
          { "kind": "dense", "units": 1, "activation": "sigmoid" }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "tutorial-5-relu-20",
    "title": "Tutorial 5",
    "about": "twenty relu layers",
    "spec": {
      "name": "twenty hidden relu layers",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform", "repeat": 20 },
          { "kind": "dense", "units": 1, "activation": "sigmoid" }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "extension-glorot",
    "title": "Extension: weights",
    "about": "the tanh network with Glorot's weights",
    "spec": {
      "name": "five hidden tanh layers, Glorot's weights",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          { "kind": "dense", "units": 5, "activation": "tanh", "kernel_initializer": "glorot_uniform", "repeat": 5 },
          { "kind": "dense", "units": 1, "activation": "sigmoid", "kernel_initializer": "glorot_uniform" }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "extension-adam",
    "title": "Extension: optimiser",
    "about": "the tanh network with Adam",
    "spec": {
      "name": "five hidden tanh layers, Adam",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          {
            "kind": "dense",
            "units": 5,
            "activation": "tanh",
            "kernel_initializer": { "kind": "random_uniform", "minval": 0, "maxval": 1 },
            "repeat": 5
          },
          {
            "kind": "dense",
            "units": 1,
            "activation": "sigmoid",
            "kernel_initializer": { "kind": "random_uniform", "minval": 0, "maxval": 1 }
          }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "adam", "learning_rate": 0.01 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "extension-normalised",
    "title": "Extension: normalisation",
    "about": "fifteen relu layers, each normalised",
    "spec": {
      "name": "fifteen hidden relu layers, normalised",
      "dataset": { "kind": "circles", "samples": 1000, "noise": 0.1, "seed": 1, "scale": [-1, 1], "train_size": 500 },
      "model": {
        "layers": [
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 5, "activation": "relu", "kernel_initializer": "he_uniform" },
          { "kind": "batch_normalization" },
          { "kind": "dense", "units": 1, "activation": "sigmoid" }
        ]
      },
      "training": {
        "loss": "binary_crossentropy",
        "optimizer": { "kind": "sgd", "learning_rate": 0.01, "momentum": 0.9 },
        "epochs": 500,
        "batch_size": 32
      },
      "seeds": [0]
    }
  },
  {
    "key": "recurrent",
    "title": "Recurrent",
    "about": "add two numbers out of 50 steps: the signal fades through time",
    "spec": {
      "name": "adding over 50 steps, simple RNN",
      "dataset": { "kind": "adding", "samples": 1000, "seed": 1, "train_size": 800, "length": 50 },
      "model": {
        "layers": [
          { "kind": "simple_rnn", "units": 16 },
          { "kind": "dense", "units": 1 }
        ]
      },
      "training": {
        "loss": "mean_squared_error",
        "optimizer": { "kind": "adam", "learning_rate": 0.005 },
        "epochs": 100,
        "batch_size": 32
      },
      "seeds": [0, 1, 2]
    }
  }
];
