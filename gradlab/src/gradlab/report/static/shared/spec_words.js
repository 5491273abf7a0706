// A spec and an experiment in a few words.

/**
 * The status of an experiment; "silent" if a training elsewhere has sent nothing for too long.
 *
 * @param {Pick<Experiment, "status" | "expected_by" | "cancel_requested">} experiment
 * @param {number} now in milliseconds.
 */
export function statusOf({ status, expected_by: expected, cancel_requested: isCancelled }, now = Date.now()) {
  if (expected && new Date(expected).getTime() < now) return "silent";
  return isCancelled && status === "running" ? "stopping" : status;
}

/** @param {{status: string}} experiment @returns {boolean} true if it waits or trains. */
export const isGoing = ({ status }) => status === "queued" || status === "running";

/** @param {{name: string}} experiment */
export const nameOf = ({ name }) => name || "unnamed";

/** @type {Record<string, string>} */
const FRAMEWORKS = { keras: "Keras", torch: "PyTorch" };

/** @param {Spec} spec @returns {string} the dataset, or where an external training runs. */
export function dataOf(spec) {
  if (spec.source !== "external") return spec.dataset.kind;
  const framework = FRAMEWORKS[spec.framework ?? ""];
  return framework ? `trained elsewhere, ${framework}` : "trained elsewhere";
}

/** @param {Spec} spec @returns {string} the network: "5 × tanh, sigmoid". */
export function layersOf(spec) {
  const parts = spec.source === "external" ? externalLayers(spec) : layersIn(spec.model).map(layerWords);
  return parts.length > 4 ? `${parts.length} layers` : parts.join(", ");
}

/** @param {SpecNetwork} network @returns {SpecLayer[]} its layers; in a graph those of all nodes, nested ones too. */
export function layersIn({ layers, nodes = [] }) {
  if (layers) return layers;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  return nodes.flatMap((node) => {
    const { layer, graph } = byName.get(node.shares ?? "") ?? node;
    return layer ? [layer] : graph ? layersIn(graph) : [];
  });
}

/** @param {Spec} spec @returns {string} the optimiser, and its learning rate where it was set. */
export function optimizerOf(spec) {
  const optimizer = spec.source === "external" ? (spec.optimizer ?? spec.optimizer_class) : spec.training.optimizer;
  if (!optimizer) return "not sent";
  if (typeof optimizer === "string") return optimizer;
  return `${optimizer.kind} ${JSON.stringify(optimizer.learning_rate ?? "")}`;
}

/** @param {ExternalSpec} spec */
const externalLayers = ({ layers }) =>
  layers.filter((layer) => layer.parameters.length).map((layer) => layer.class_name);

/** @param {SpecLayer} layer */
function layerWords({ kind, activation, repeat = 1 }) {
  const plain = typeof activation === "string" && kind === "dense" ? activation : null;
  const name = plain ?? (typeof activation === "object" ? activation?.kind : null) ?? kind;
  return repeat > 1 ? `${repeat} × ${name}` : name;
}
