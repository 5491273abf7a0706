// A button that copies a text.

import { h } from "./element.js";

const SAID_MILLISECONDS = 2000; // that the button says what it did

/**
 * @param {() => string} textOf what is copied when the button is pressed.
 * @returns {HTMLButtonElement}
 */
export function copyButton(textOf) {
  const button = h("button", { type: "button", "aria-live": "polite", onclick: copy }, "Copy");

  async function copy() {
    button.textContent = (await copied(textOf())) ? "Copied" : "Not copied: select it";
    setTimeout(() => (button.textContent = "Copy"), SAID_MILLISECONDS);
  }

  return button;
}

/** @param {string} text @returns {Promise<boolean>} true if it is in the clipboard. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text); // a page without TLS that is not this machine's has no clipboard
  }
}

/** @param {string} text */
function copiedBySelection(text) {
  const field = h("textarea", { value: text, class: "unseen", "aria-hidden": "true" });
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
