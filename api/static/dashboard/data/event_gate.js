// A gate for the events of a stream: while something is read, they are held, and come behind what was read.

/** @typedef {(name: string, data: any) => void} EventHandler */

/**
 * A gate that is closed until its first `release`: no epoch falls between what is read and what the stream carries.
 * An error of the handler is reported, and the events behind it come all the same.
 *
 * @param {EventHandler} handle takes the events, in order.
 */
export function eventGate(handle) {
  /** @type {[string, any][]} */
  const held = [];
  let readings = 1; // under way
  let resolve = () => {};
  /** @type {Promise<boolean>} */
  const joined = new Promise((settle) => {
    resolve = () => settle(true);
  });

  function release() {
    readings -= 1;
    if (!readings) for (const [name, data] of held.splice(0)) handleSafely(name, data);
  }

  /** @type {EventHandler} */
  function handleSafely(name, data) {
    try {
      handle(name, data);
    } catch (error) {
      reportError(error);
    }
  }

  return {
    /** Resolves with the first event. */
    joined,
    release,
    /** @type {EventHandler} */
    pass(name, data) {
      resolve();
      if (readings) held.push([name, data]);
      else handleSafely(name, data);
    },
    /**
     * Hold the events while something is read.
     *
     * @param {() => Promise<void>} read
     */
    async hold(read) {
      readings += 1;
      try {
        return await read();
      } finally {
        release();
      }
    },
  };
}
