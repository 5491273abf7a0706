// The marks of a text: where it is not JSON, and where each problem that the service names stands.

import { chainOf, entryOf, pathOf } from "./json_places.js";
import { COMMA, NO_COMMA, parsed } from "./json_text.js";

/** @typedef {import("./json_text.js").Span} Span */
/** @typedef {import("./spec_field.js").Edit} Edit */
/** @typedef {{title: string, edits: Edit[]}} Fix a change of the text that may help. */
/** @typedef {Span & {text: string, line: number, expected: string, received: string, fixes: Fix[]}} Mark in a text. */

// What the service expects of a field that it does not know.
const UNKNOWN = "no such field";

/** @param {string} text @returns {Mark | null} of the place where it is not JSON; null if it is. */
export function syntaxMark(text) {
  const { fault } = parsed(text);
  if (!fault) return null;
  const { from, to, message: expected } = fault;
  return { from, to, text, line: lineOf(text, from), expected, received: "", fixes: commaFixes(fault) };
}

/** @param {import("./json_text.js").Fault} fault @returns {Fix[]} */
function commaFixes({ from, to, message }) {
  if (message === COMMA) return [{ title: "Add it", edits: [{ from, to: from, insert: "," }] }];
  return message === NO_COMMA ? [{ title: "Remove it", edits: [{ from, to, insert: "" }] }] : [];
}

/**
 * The mark of a problem.
 *
 * @param {string} text that is JSON.
 * @param {FieldProblem} problem
 * @returns {Mark} at the value, at the name of an unknown field, or at the object in which a field is missing.
 */
export function problemMark(text, problem) {
  const { from, to } = spanOf(text, problem);
  const { expected, received } = problem;
  return { from, to, text, line: lineOf(text, from), expected, received, fixes: [] };
}

/** @param {string} text @param {number} place @returns {number} from 1 on. */
const lineOf = (text, place) => text.slice(0, place).split("\n").length;

/** @param {string} text @param {FieldProblem} problem @returns {Span} */
function spanOf(text, { field, expected, received }) {
  const { root } = parsed(text);
  if (!root) return { from: 0, to: text.length };
  const path = pathOf(field);
  const chain = chainOf(root, path);
  const node = chain[chain.length - 1];
  const isThere = chain.length === path.length + 1;
  const kind = entryOf(node, "kind")?.node;
  if (kind && isThere && received === `'${kind.value}'`) return kind;
  if (isThere && node.sort === "scalar" && expected !== UNKNOWN) return node;
  // An object or a list is named by its field: a mark over all its lines would say nothing.
  const name = path[chain.length - 2];
  const entry = typeof name === "string" ? entryOf(chain[chain.length - 2], name) : undefined;
  return entry?.key ?? { from: node.from, to: Math.min(node.to, node.from + 1) };
}
