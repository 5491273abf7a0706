// Code and specs in their own letters.

import { h } from "./element.js";

/**
 * A text in the letters of code. It scrolls where it is wider than the page, by keyboard too.
 *
 * @param {string} label for those who do not see it.
 * @param {Child} content
 * @param {string} [classes] further ones.
 */
export const codeBlock = (label, content, classes = "") =>
  h("pre", { class: `code scroll ${classes}`.trim(), tabindex: 0, role: "region", "aria-label": label }, content);
