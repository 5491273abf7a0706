// Questions to the reader, in a dialog above the page.

import { h } from "./element.js";

/**
 * Ask a yes-or-no question.
 *
 * @param {string} question
 * @param {string} yes the words on the button that agrees.
 * @param {AbortSignal} signal of the page that asks: the question goes with it, without being agreed to.
 * @returns {Promise<boolean>} true if the reader agreed.
 */
export function askToConfirm(question, yes, signal) {
  return new Promise((resolve) => {
    /** @param {boolean} answer */
    const close = (answer) => () => {
      signal.removeEventListener("abort", leave);
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const leave = close(false);
    const dialog = h(
      "dialog",
      { "aria-label": question, oncancel: close(false) },
      h("p", {}, question),
      h(
        "div",
        { class: "row end" },
        h("button", { type: "button", onclick: close(false) }, "Keep it"),
        h("button", { type: "button", class: "danger", onclick: close(true) }, yes),
      ),
    );
    if (signal.aborted) return resolve(false);
    signal.addEventListener("abort", leave);
    document.body.append(dialog);
    return dialog.showModal();
  });
}
