// The change of a spec as lines: what goes, and what comes in its place.

import { codeBlock } from "../shared/code.js";
import { h } from "../shared/element.js";

/** @typedef {{sign: "@" | "-" | "+", text: string}} ChangeLine */

/**
 * The lines of a change, as of two files: where, then what was, then what is.
 *
 * @param {SpecChange[]} changes
 * @returns {ChangeLine[]}
 */
export function changeLines(changes) {
  return changes.flatMap(({ path, before, after }) => {
    /** @type {ChangeLine[]} */
    const lines = [{ sign: "@", text: path }];
    if (before !== null) lines.push({ sign: "-", text: valueText(before) });
    if (after !== null) lines.push({ sign: "+", text: valueText(after) });
    return lines;
  });
}

/**
 * A value of a spec's field on one line: a kind with its parameters is a call, `sgd(learning_rate=0.01)`.
 *
 * @param {any} value
 * @returns {string}
 */
export function valueText(value) {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (value === null || typeof value !== "object") return String(value);
  const { kind, ...fields } = value;
  const set = Object.entries(fields).filter(([, each]) => each !== null);
  const words = set.map(([name, each]) => `${name}=${valueText(each)}`).join(", ");
  if (kind === undefined) return `{${words}}`;
  return words ? `${kind}(${words})` : kind;
}

/** @param {ChangeLine[]} lines @returns {string} the text to copy. */
export const changeText = (lines) => lines.map(({ sign, text }) => `${sign === "@" ? "@@" : sign} ${text}\n`).join("");

/**
 * The lines of a change, in colour; their signs tell them apart without it.
 *
 * @param {SpecChange[]} changes
 * @param {string} label for those who do not see it.
 */
export function changesView(changes, label) {
  const lines = changeLines(changes).map((line) =>
    h("span", { class: "line", "data-sign": line.sign }, changeText([line])),
  );
  return codeBlock(label, lines, "difference");
}
