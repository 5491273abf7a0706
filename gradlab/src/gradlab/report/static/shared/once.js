// Values that are read once for as long as the page is open.

/**
 * Read a value once, however often it is asked for. Where that fails, it is read again the next time.
 *
 * @template Value
 * @param {() => Promise<Value>} read
 * @returns {() => Promise<Value>}
 */
export function once(read) {
  /** @type {Promise<Value> | null} */
  let reading = null;
  return () => {
    reading ??= read().catch((error) => {
      reading = null;
      throw error;
    });
    return reading;
  };
}
