// What went wrong, above what is shown.

import { fill, h } from "./element.js";

/** A notice that is hidden while nothing is wrong. */
export function noticeView() {
  const element = h("div", { role: "status", hidden: true });
  return {
    element,
    /** @param {unknown} error null where nothing is wrong. */
    show(error) {
      const words = error instanceof Error ? error.message : String(error);
      fill(element, error ? h("p", { class: "notice bad" }, words) : null).hidden = !error;
    },
  };
}
