// Completion in the editor: when it offers itself, and what is put into the text.

import { completionsAt } from "./completion.js";

/** @typedef {typeof import("../../codemirror.js")} CodeMirror */
/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

/**
 * @param {CodeMirror} codeMirror
 * @param {() => Promise<Vocabulary>} vocabulary
 * @returns {import("../../codemirror.js").Extension}
 */
export function completion({ autocompletion, completionKeymap, keymap }, vocabulary) {
  /** @param {import("../../codemirror.js").CompletionContext} context */
  async function source({ state, pos, explicit }) {
    const text = state.doc.toString();
    if (!explicit && !isBegun(text, pos)) return null;
    const completions = completionsAt(text, pos, await vocabulary());
    if (!completions || (!explicit && !/["a-z]/i.test(text[completions.from] ?? ""))) return null;
    // What stands in the text in front of the cursor is compared with the labels, quotes and all.
    const options = completions.options.map((option) => offered(option, completions, completions.to - pos));
    // While a word is written on, the list stays and is narrowed: a click on it counts at any moment.
    return { from: completions.from, options, validFor: /^"?\w*$/ };
  }
  return [
    autocompletion({ override: [source], icons: false, compareCompletions: () => 0 }),
    keymap.of([...completionKeymap]),
  ];
}

/** @param {string} text @param {number} place @returns {boolean} true inside of a word, or behind an opening quote. */
function isBegun(text, place) {
  const line = text.slice(text.lastIndexOf("\n", place - 1) + 1, place);
  return /(\w|[[{,:\s]")$/.test(line);
}

/**
 * @param {import("./completion.js").Option} option
 * @param {import("./completion.js").Completions} completions
 * @param {number} behind the number of characters behind the cursor that it replaces too.
 * @returns {import("../../codemirror.js").Completion}
 */
function offered({ label, detail, info, insert }, { from, comma }, behind) {
  return {
    label,
    detail,
    info: info || undefined,
    apply(view, _completion, _from, cursor) {
      const commas = comma === null ? [] : [{ from: comma, insert: "," }];
      const anchor = from + commas.length + insert.length;
      view.dispatch({
        changes: [...commas, { from, to: cursor + behind, insert }],
        selection: { anchor },
        scrollIntoView: true,
        userEvent: "input.complete",
      });
    },
  };
}
