// Tools of tests for JSON that has places, and for edits of it.

/** @typedef {import("../../api/static/dashboard/editor/json_text.js").JsonNode} JsonNode */
/** @typedef {import("../../api/static/dashboard/editor/spec_field.js").Edit} Edit */

/** @param {string} text @param {Edit[]} edits @returns {string} the text after them. */
export function edited(text, edits) {
  const ordered = [...edits].sort((a, b) => b.from - a.from);
  return ordered.reduce((next, { from, to, insert }) => next.slice(0, from) + insert + next.slice(to), text);
}

/** @param {JsonNode | null | undefined} node @returns {any} its value, as JSON.parse would read it. */
export function valueOf(node) {
  if (!node) return undefined;
  if (node.sort === "list") return node.items.map(valueOf);
  if (node.sort === "scalar") return node.value;
  return Object.fromEntries(node.entries.map(({ name, node: value }) => [name, valueOf(value)]));
}
