// Actions that wait until somebody has stopped typing.

export const TYPING_MILLISECONDS = 250; // without a key before what was typed is acted on

/**
 * Act once it has not been asked for during a pause.
 *
 * @param {() => void} act
 * @param {number} milliseconds of the pause.
 * @returns {() => void} asks for it.
 */
export function afterPause(act, milliseconds) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}
