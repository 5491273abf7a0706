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

/**
 * Ask for a secret: what is typed is not shown.
 *
 * @param {string} question
 * @param {string} label of the field.
 * @returns {Promise<string | null>} null if the dialog was dismissed.
 */
export function promptSecret(question, label) {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", autocomplete: "off", required: true, id: "asked" });
    /** @param {string | null} answer */
    const end = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      end(input.value);
    };
    const dialog = h(
      "dialog",
      { "aria-label": question, oncancel: () => end(null) },
      h(
        "form",
        { onsubmit: submit },
        h("p", {}, question),
        h("label", { for: "asked" }, label),
        input,
        h("div", { class: "row end" }, h("button", { class: "primary" }, "Use it")),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
