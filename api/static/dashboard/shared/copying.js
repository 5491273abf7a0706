// Texts to copy, with their titles.

import { copyButton } from "./copy.js";
import { h } from "./element.js";

/**
 * A text with a button that copies it.
 *
 * @param {string} title of the text.
 * @param {HTMLElement} shown the text, as it is shown.
 * @param {string} text as it is copied.
 */
export const copyable = (title, shown, text) =>
  h(
    "div",
    { class: "copyable", role: "group", "aria-label": title },
    h(
      "div",
      { class: "row" },
      h("h3", {}, title),
      copyButton(() => text),
    ),
    shown,
  );
