// The field of a spec as a plain textarea: what stands there until the editor is loaded, or where it cannot be.

import { h } from "../shared/element.js";

/**
 * @param {string} text
 * @param {() => void} onInput
 * @returns {import("./spec_field.js").TextView}
 */
export function plainField(text, onInput) {
  const attributes = { id: "spec", rows: 30, spellcheck: "false", "aria-describedby": "spec-keys checked" };
  const area = h("textarea", { ...attributes, oninput: onInput, value: text });
  return {
    element: area,
    text: () => area.value,
    selection: () => [area.selectionStart, area.selectionEnd],
    hasFocus: () => document.activeElement === area,
    focus: () => area.focus(),
    change(edits) {
      // From the last to the first: the places of those before stay what they are.
      for (const { from, to, insert } of [...edits].sort((a, b) => b.from - a.from)) {
        area.focus();
        area.setSelectionRange(from, to);
        // The only way of changing a textarea that its own undo knows.
        if (!document.execCommand("insertText", false, insert)) area.setRangeText(insert, from, to, "end");
      }
      onInput();
    },
    mark() {}, // the answer beside the field names the lines
    goTo({ from, to }) {
      area.focus();
      area.setSelectionRange(from, to);
    },
    destroy() {},
  };
}
