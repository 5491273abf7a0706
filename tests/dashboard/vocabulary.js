// A vocabulary in the form in which the service describes its own, with a few kinds of each sort.

import { vocabularyOf } from "../../api/static/dashboard/editor/vocabulary.js";

const ref = (name) => ({ $ref: `#/components/schemas/${name}` });

/** @param {Record<string, string>} kinds the name of the schema of each. */
function choice(kinds, more = {}) {
  const mapping = Object.fromEntries(Object.entries(kinds).map(([kind, name]) => [kind, ref(name).$ref]));
  return {
    ...more,
    discriminator: { propertyName: "kind", mapping },
    oneOf: Object.values(kinds).toReversed().map(ref),
  };
}

function ofKind(kind, properties = {}, required = []) {
  const described = { kind: { const: kind, default: kind, type: "string" }, ...properties };
  return { description: `The ${kind} one.`, type: "object", properties: described, required };
}

const ACTIVATION = choice({ relu: "Relu", leaky_relu: "LeakyRelu", tanh: "Tanh" });
const SCHEDULE = choice({ cosine_decay: "Decay", step_decay: "Decay" });
const count = { type: "integer", minimum: 1, maximum: 1000 };

const SCHEMAS = {
  ExperimentSpec: {
    properties: {
      name: { type: "string", default: "untitled", description: "A title." },
      dataset: choice({ circles: "Circles", moons: "Moons" }, { description: "The data." }),
      model: ref("ModelSpec"),
      training: ref("TrainingSpec"),
      record: ref("RecordSpec"),
      seeds: { type: "array", default: [0], minItems: 1, items: { type: "integer", minimum: 0 } },
    },
    required: ["dataset", "model", "training"],
  },
  ModelSpec: { properties: { layers: { type: "array", minItems: 1, items: layers() } }, required: ["layers"] },
  TrainingSpec: {
    properties: {
      optimizer: choice({ sgd: "Sgd" }),
      epochs: { type: "integer", minimum: 0 },
      shuffle: { type: "boolean", default: true },
      monitor: { enum: ["loss", "val_loss"], type: "string" },
      metrics: { anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }], default: null },
    },
    required: ["optimizer", "epochs"],
  },
  RecordSpec: { properties: { gradients: { type: "integer", minimum: 0, default: 1 } } },
  Circles: ofKind("circles", { noise: { type: "number", minimum: 0, default: 0.1 } }),
  Moons: ofKind("moons"),
  Dense: ofKind("dense", { units: count, activation: ACTIVATION, repeat: { ...count, default: 1 } }, ["units"]),
  Flatten: ofKind("flatten"),
  Residual: ofKind("residual", { layers: { type: "array", items: layers(), minItems: 1 } }, ["layers"]),
  Relu: ofKind("relu"),
  LeakyRelu: ofKind("leaky_relu", { slope: { type: "number", exclusiveMinimum: 0, default: 0.2 } }),
  Tanh: ofKind("tanh"),
  Decay: ofKind("decay"),
  Sgd: ofKind("sgd", {
    learning_rate: { anyOf: [{ type: "number", exclusiveMinimum: 0, maximum: 10 }, SCHEDULE], default: 0.01 },
    momentum: { type: "number", minimum: 0, exclusiveMaximum: 1, default: 0 },
  }),
};

function layers() {
  return choice({ residual: "Residual", flatten: "Flatten", dense: "Dense" });
}

const parameter = (name, value, required = false) => ({ name, required, default: value });

const CATALOGUE = {
  datasets: [
    { kind: "circles", parameters: [parameter("noise", 0.1)] },
    { kind: "moons", parameters: [] },
  ],
  layers: [
    {
      kind: "dense",
      parameters: [parameter("units", null, true), parameter("activation", { kind: "relu" }), parameter("repeat", 1)],
    },
    { kind: "flatten", parameters: [] },
  ],
  activations: [
    { kind: "relu", parameters: [] },
    { kind: "leaky_relu", parameters: [parameter("slope", 0.2)] },
    { kind: "tanh", parameters: [] },
  ],
  optimizers: [{ kind: "sgd", parameters: [parameter("learning_rate", 0.01), parameter("momentum", 0)] }],
  metrics: [{ kind: "accuracy", meaning: "Share of right answers." }],
  bundles: { lean: { gradients: 1 }, nothing: { gradients: 0 } },
};

export const VOCABULARY = vocabularyOf(SCHEMAS, CATALOGUE);
