// Questions to the reader, in a dialog above the page.

import { h } from "./element.js";

/**
 * Ask a yes-or-no question.
 *
 * @param {string} question
 * @param {string} yes the words on the button that agrees.
 * @returns {Promise<boolean>} true if the reader agreed.
 */
export function askToConfirm(question, yes) {
  return new Promise((resolve) => {
    /** @param {boolean} answer */
    const close = (answer) => () => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
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
    document.body.append(dialog);
    dialog.showModal();
  });
}
