// The reading of a page again and again, and its words where that fails.

/**
 * Read what a page shows. Where that fails, the page says so, and what it shows stays.
 *
 * @param {() => Promise<boolean | void>} read shows the answer; false if nothing follows it.
 * @param {Pick<PageOptions, "signal" | "say">} page
 * @param {{show: (error: unknown) => void}} [notice] says why it failed.
 * @returns {Promise<boolean>} false if nothing follows.
 */
export async function refreshed(read, { signal, say }, notice) {
  try {
    const follows = await read();
    notice?.show(null);
    return follows !== false;
  } catch (error) {
    if (signal.aborted) return false;
    say("lost", "connection lost, trying again");
    notice?.show(error);
    return true;
  }
}
