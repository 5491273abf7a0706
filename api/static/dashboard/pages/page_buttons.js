// The buttons that lead through the pages of a list, newest first.

import { h } from "../shared/element.js";

/**
 * @param {(path: string | null) => void} onPage called with the path of another page; null for the newest.
 * @param {[string, string]} words on the button of the newest page, and on that of the next older one.
 */
export function pageButtons(onPage, [toNewest, toOlder]) {
  /** @type {string | null} */
  let next = null;
  const newest = h("button", { type: "button", hidden: true, onclick: () => onPage(null) }, toNewest);
  const older = h("button", { type: "button", hidden: true, onclick: () => onPage(next) }, toOlder);
  return {
    element: h("div", { class: "row" }, newest, older),
    /** @param {string | null} path of the next page; null if this is the last. @param {boolean} isOlder */
    show(path, isOlder) {
      next = path;
      newest.hidden = !isOlder; // the buttons themselves stay, and with them the focus
      older.hidden = !path;
    },
  };
}
