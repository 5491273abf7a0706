// The field in which a spec is written: a textarea at once, and an editor in its place as soon as that is loaded.

import { fill, h } from "../shared/element.js";
import { plainField } from "./plain_field.js";
import { KEYS, richField } from "./rich_field.js";
import { readVocabulary } from "./vocabulary.js";

/** @typedef {{from: number, to: number, insert: string}} Edit of a text, by places in the text before all edits. */

/**
 * @typedef {object} TextView
 * @property {HTMLElement} element
 * @property {() => string} text
 * @property {() => [number, number]} selection
 * @property {() => boolean} hasFocus
 * @property {() => void} focus
 * @property {(edits: Edit[]) => void} change makes edits as one step, which can be undone.
 * @property {(marks: import("./faults.js").Mark[]) => void} mark shows marks of the present text in place of others.
 * @property {(span: import("./json_text.js").Span) => void} goTo selects a part of the text.
 * @property {() => void} [undo]
 * @property {() => void} [redo]
 * @property {() => void} destroy
 */

const PLAIN = "Plain text: the editor could not be loaded.";

/** @typedef {ReturnType<typeof specField>} SpecField */

/**
 * @param {string} text
 * @param {(text: string) => void} onInput is called after every change.
 * @param {AbortSignal} signal ends it.
 */
export function specField(text, onInput, signal) {
  const changed = () => onInput(view.text());
  /** @type {TextView} */
  let view = plainField(text, changed);
  /** @type {import("./faults.js").Mark[]} */
  let marks = [];
  const keys = h("p", { id: "spec-keys", class: "muted small" });
  const { head, history } = headOf(() => view);
  const place = h("div", {}, view.element);
  signal.addEventListener("abort", () => view.destroy());

  async function load() {
    try {
      const codeMirror = await import("../../codemirror.js");
      if (signal.aborted) return;
      const hadFocus = view.hasFocus();
      view = richField(codeMirror, view, changed, readVocabulary);
      fill(place, view.element);
      view.mark(marks);
      fill(keys, KEYS);
      history.hidden = false;
      if (hadFocus) view.focus();
    } catch {
      fill(keys, PLAIN);
    }
  }

  load();
  readVocabulary().catch(() => null); // at hand when it is needed; whoever needs it says what went wrong
  return {
    element: h("div", { class: "stack" }, head, place, keys),
    text: () => view.text(),
    focus: () => view.focus(),
    /** @param {(text: string) => Edit[]} edits of the present text; one step, which can be undone. */
    change: (edits) => view.change(edits(view.text())),
    /** @param {import("./json_text.js").Span} span */
    goTo: (span) => view.goTo(span),
    /** @param {import("./faults.js").Mark[]} next the marks of the present text; those of another are left out. */
    mark(next) {
      marks = next.filter((mark) => mark.text === view.text());
      view.mark(marks);
    },
    /** @param {string} from the text that the edits belong to: another stays as it is. @param {Edit[]} edits */
    changeFrom(from, edits) {
      if (view.text() === from) view.change(edits);
    },
    /** @param {string} next the whole text; what it replaces comes back by undo. */
    replace: (next) => view.change([{ from: 0, to: view.text().length, insert: next }]),
  };
}

/** @param {() => TextView} view */
function headOf(view) {
  const label = h("label", { for: "spec", onclick: () => view().focus() }, "Spec, JSON");
  const buttons = [
    h("button", { type: "button", class: "quiet", onclick: () => view().undo?.() }, "Undo"),
    h("button", { type: "button", class: "quiet", onclick: () => view().redo?.() }, "Redo"),
  ];
  const history = h("span", { class: "row", hidden: true }, buttons);
  return { head: h("div", { class: "head" }, label, history), history };
}
