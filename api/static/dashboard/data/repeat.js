// Actions that are repeated while a page is shown.

/**
 * Act again and again while the page is seen. What takes longer than the pause is waited for: nothing piles up while
 * the service is slow, or the reader is asked for its key.
 *
 * @param {() => Promise<unknown>} act false ends it: nothing follows.
 * @param {number} milliseconds of the pause.
 * @param {AbortSignal} signal ends it.
 */
export async function repeat(act, milliseconds, signal) {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    if (!signal.aborted && !document.hidden && (await act()) === false) return;
  }
}
