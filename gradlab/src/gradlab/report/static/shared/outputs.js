// The outputs of a network, as the names of its metrics show them: `price_loss` is the loss of the output `price`.

const LOSS = "_loss";

/**
 * The names of a network's outputs, if it has several.
 *
 * @param {string[]} names of all metrics.
 * @returns {string[]} in their order; none for a network with one output.
 */
export function outputsOf(names) {
  /** @param {string} name */
  const isOfTraining = (name) => !name.startsWith("val_") || !names.includes(name.slice("val_".length));
  const losses = names.filter((name) => name.endsWith(LOSS) && isOfTraining(name) && name !== "val_loss");
  return losses.length > 1 ? losses.map((name) => name.slice(0, -LOSS.length)) : [];
}

/**
 * The metrics of one of several outputs, with those of the validation samples.
 *
 * @param {string[]} names of all metrics.
 * @param {string} output
 * @returns {Map<string, string>} the name of each without the output's -> its name among all.
 */
export function metricsOf(names, output) {
  // Of `left` and `left_eye`, `left_eye_loss` belongs to the longer one.
  const longer = outputsOf(names).filter((other) => other.length > output.length && other.startsWith(`${output}_`));
  /** @type {Map<string, string>} */
  const own = new Map();
  for (const part of ["", "val_"]) {
    for (const name of names) {
      const isOther = longer.some((other) => name.startsWith(`${part}${other}_`));
      const begins = name.startsWith(`${part}${output}_`) && !isOther;
      if (begins) own.set(part + name.slice(part.length + output.length + 1), name);
    }
  }
  return own;
}
