// Keys by which the service knows a submission again whose answer was lost.

/**
 * The keys of one page: one for each text that is submitted from it. The same text, submitted again because the answer
 * did not come, is the experiment that there may be already; another text is another one.
 *
 * @returns {(text: string) => string} the key of a text.
 */
export function idempotencyKeys() {
  /** @type {Map<string, string>} */
  const keys = new Map();
  return (text) => {
    const key = keys.get(text) ?? newKey();
    keys.set(text, key);
    return key;
  };
}

/** @returns {string} a browser has no `randomUUID` where the page came without TLS from another machine. */
const newKey = () => crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`;
