// The lines by which a training elsewhere is watched by this service.

/**
 * @typedef {object} Framework
 * @property {string} name
 * @property {string} module of the library.
 * @property {string} extra what the library is installed with.
 * @property {string[]} takes what its Watch is given.
 * @property {string} then what else is to be done.
 */

/** @type {Framework[]} */
export const FRAMEWORKS = [
  {
    name: "Keras",
    module: "gradlab.keras",
    extra: "[keras]",
    takes: ["data=(x, y)"],
    then: "model.fit(x, y, …, callbacks=[watch])",
  },
  {
    name: "PyTorch",
    module: "gradlab.torch",
    extra: "",
    takes: ["model", "loss=loss_function", "optimizer=optimizer", "data=(x, y)"],
    then: "watch.epoch()  # after each epoch; watch.end() after the last",
  },
];

/**
 * The lines for a script.
 *
 * @param {Framework} framework
 * @param {string} origin of the service.
 * @param {boolean} hasKey true if the service has a key: the script takes it from its environment.
 * @returns {string}
 */
export function watchLines({ module, takes }, origin, hasKey) {
  const given = [...takes, `to="${origin}"`, ...(hasKey ? ['api_key=os.environ["GRADLAB_API_KEY"]'] : [])];
  return [...(hasKey ? ["import os"] : []), `from ${module} import Watch`, `watch = Watch(${given.join(", ")})`].join(
    "\n",
  );
}
