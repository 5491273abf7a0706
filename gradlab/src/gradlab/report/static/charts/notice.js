// What went wrong, above what is shown.

import { fill, h } from "../shared/element.js";
import { messageOf } from "../data/source.js";

/** A notice that is hidden while nothing is wrong. */
export function noticeView() {
  const element = h("div", { role: "status", hidden: true });

  /** @param {unknown} error null where nothing is wrong. */
  function show(error) {
    fill(element, error ? h("p", { class: "notice bad" }, messageOf(error)) : null).hidden = !error;
  }

  return {
    element,
    show,
    /**
     * Act on a click of the reader, and show why it failed. What an earlier one showed is taken away.
     *
     * @param {() => Promise<unknown>} act
     * @param {AbortSignal} signal of the page: once it is left, a failure concerns nobody.
     */
    async attempt(act, signal) {
      show(null);
      try {
        await act();
      } catch (error) {
        if (!signal.aborted) show(error);
      }
    },
  };
}
