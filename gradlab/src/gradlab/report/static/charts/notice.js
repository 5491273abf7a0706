// Notices of what went wrong, above what is shown, or beside the button that was clicked.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { messageOf } from "../data/source.js";

/** A notice that is hidden while nothing is wrong. It is read out when it changes: the same words are told once. */
export function noticeView() {
  const element = h("div", { role: "status", hidden: true });
  const isNew = isChanged();

  /** @param {unknown} error null where nothing is wrong. */
  function show(error) {
    const words = error ? messageOf(error) : null;
    if (isNew(words)) fill(element, error ? h("p", { class: "notice bad" }, words) : null).hidden = !error;
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

/**
 * A button that acts once: it can be pressed again where that failed, and then says why beside it.
 *
 * @param {Properties} attributes
 * @param {string} words on it.
 * @param {() => Promise<unknown>} act
 * @returns {[HTMLButtonElement, HTMLElement]} the button, and what went wrong.
 */
export function buttonOnce(attributes, words, act) {
  const problem = h("span", { class: "small", role: "status" });
  const button = h("button", { type: "button", ...attributes, onclick }, words);
  async function onclick() {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      button.disabled = false;
      fill(problem, messageOf(error));
    }
  }
  return [button, problem];
}
