// Edits of a JSON text that leave the rest of it as it was written.

import { entryOf } from "./json_places.js";
import { parsed } from "./json_text.js";
import { printed } from "./print.js";
import { isEqual, tidied } from "./tidy.js";

/** @typedef {import("./json_text.js").JsonNode} JsonNode */
/** @typedef {import("./spec_field.js").Edit} Edit */
/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

/**
 * The edits that turn a spec into another.
 *
 * @param {string} text of the spec, as somebody wrote it: with names for kinds, without defaults.
 * @param {unknown} before the spec with all its fields, as the service answers it.
 * @param {unknown} after the other one, in the same form.
 * @param {Vocabulary} vocabulary
 * @returns {Edit[]}
 */
export function editsTowards(text, before, after, vocabulary) {
  const { root } = parsed(text);
  return root ? change({ text, vocabulary }, root, before, after) : [];
}

/** @typedef {{text: string, vocabulary: Vocabulary}} Context */

/** @param {Context} context @param {JsonNode} node @param {any} before @param {any} after @returns {Edit[]} */
function change(context, node, before, after) {
  if (isEqual(before, after)) return [];
  if (node.sort === "object" && isSameKind(before, after)) {
    const names = Object.keys(after).filter((name) => !isEqual(before[name], after[name]));
    const edits = names.flatMap((name) => {
      const inner = entryOf(node, name)?.node;
      return inner ? change(context, inner, before[name], after[name]) : [];
    });
    const absent = names.filter((name) => !entryOf(node, name)?.node);
    const fields = absent.map((name) => /** @type {[string, unknown]} */ ([name, tidy(context, after[name])]));
    return [...edits, ...insertions(context.text, node, fields)];
  }
  if (node.sort === "list" && Array.isArray(before) && Array.isArray(after) && node.items.length === before.length) {
    return before.length === after.length
      ? node.items.flatMap((item, i) => change(context, item, before[i], after[i]))
      : items(context, node, before, after);
  }
  return [replacement(context.text, node, tidy(context, after))];
}

/**
 * The edits of a list whose length changes: what begins and ends alike stays.
 *
 * @param {Context} context
 * @param {JsonNode} node
 * @param {any[]} before
 * @param {any[]} after
 */
function items(context, node, before, after) {
  const max = Math.min(before.length, after.length);
  let first = 0;
  while (first < max && isEqual(before[first], after[first])) first += 1;
  let last = 0;
  while (last < max - first && isEqual(before.at(-1 - last), after.at(-1 - last))) last += 1;
  const old = node.items.slice(first, node.items.length - last);
  // At least one item is replaced: its place is where the new ones go.
  if (!old.length && first) old.unshift(node.items[(first -= 1)]);
  else if (!old.length && last) old.push(node.items[node.items.length - last--]);
  const kept = after.slice(first, after.length - last).map((item) => tidy(context, item, false));
  if (!old.length || !kept.length) return [replacement(context.text, node, tidy(context, after))];
  const indent = indentAt(context.text, old[0].from);
  const insert = kept.map((item) => printed(item, indent)).join(`,\n${indent}`);
  return [{ from: old[0].from, to: old[old.length - 1].to, insert }];
}

/** @param {string} text @param {JsonNode} node @param {unknown} value @returns {Edit} */
export function replacement(text, { from, to }, value) {
  const column = from - lineStart(text, from);
  return { from, to, insert: printed(value, indentAt(text, from), column) };
}

/**
 * The edits that add fields behind the last one of an object.
 *
 * @param {string} text
 * @param {JsonNode} node
 * @param {[string, unknown][]} fields names and values.
 * @returns {Edit[]} one or none.
 */
export function insertions(text, node, fields) {
  if (!fields.length) return [];
  const last = node.entries.at(-1);
  const isOnOneLine = !text.slice(node.from, node.to).includes("\n");
  const outer = indentAt(text, node.from);
  const indent = last && !isOnOneLine ? indentAt(text, last.key.from) : `${outer}  `;
  const gap = isOnOneLine ? " " : `\n${indent}`;
  const written = fields.map(
    ([name, value]) => `${JSON.stringify(name)}: ${printed(value, isOnOneLine ? outer : indent)}`,
  );
  const end = last?.node?.to ?? last?.key.to ?? node.from + 1;
  const tail = !last && isOnOneLine ? " " : "";
  return [{ from: end, to: end, insert: (last ? "," : "") + gap + written.join(`,${gap}`) + tail }];
}

/**
 * The edit that removes a field with its comma.
 *
 * @param {JsonNode} node
 * @param {string} name
 * @returns {Edit[]} one, or none where there is no such field.
 */
export function removal(node, name) {
  const i = node.entries.findIndex((entry) => entry.name === name);
  if (i < 0) return [];
  const [before, { key, node: value }, after] = [node.entries[i - 1], node.entries[i], node.entries[i + 1]];
  const end = value?.to ?? key.to;
  if (before) return [{ from: before.node?.to ?? before.key.to, to: end, insert: "" }];
  return [{ from: key.from, to: after?.key.from ?? end, insert: "" }];
}

/** @param {string} text @param {number} place */
const lineStart = (text, place) => text.lastIndexOf("\n", place - 1) + 1;

/** @param {string} text @param {number} place @returns {string} the spaces at the beginning of its line. */
const indentAt = (text, place) => text.slice(lineStart(text, place)).match(/^[ \t]*/)?.[0] ?? "";

/** @param {Context} context @param {unknown} value @param {boolean} [isShort] */
const tidy = ({ vocabulary }, value, isShort) => tidied(vocabulary, value, isShort);

/** @param {any} a @param {any} b @returns {boolean} true for two objects with the same fields and kind. */
function isSameKind(a, b) {
  const isObject = [a, b].every((each) => each && typeof each === "object" && !Array.isArray(each));
  return isObject && a.kind === b.kind && Object.keys(a).sort().join() === Object.keys(b).sort().join();
}
