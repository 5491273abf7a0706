// Keys by which the service knows a submission again whose answer was lost.

/**
 * The keys of one page: one for each value that is submitted from it. The same value, submitted again because the
 * answer did not come, is the experiment that there may be already, however its text is indented; another value is
 * another one.
 *
 * @returns {(value: unknown) => string} the key of a value that is sent as JSON.
 */
export function idempotencyKeys() {
  /** @type {Map<string, string>} */
  const keys = new Map();
  return (value) => {
    const body = JSON.stringify(value);
    const key = keys.get(body) ?? newKey();
    keys.set(body, key);
    return key;
  };
}

/** @returns {string} a browser has no `randomUUID` where the page came without TLS from another machine. */
const newKey = () => crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`;
