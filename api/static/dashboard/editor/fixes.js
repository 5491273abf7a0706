// Fixes of a problem: changes of the text that may be what its writer meant.

import { valueOptions } from "./completion.js";
import { insertions, removal, replacement } from "./edits.js";
import { chainOf, entryOf, pathOf } from "./json_places.js";
import { parsed } from "./json_text.js";
import { nearest } from "./nearest.js";
import { onOneLine } from "./print.js";
import { beginning, isWithin, schemasAt } from "./vocabulary.js";

/** @typedef {import("./faults.js").Fix} Fix */
/** @typedef {import("./json_text.js").JsonNode} JsonNode */
/** @typedef {import("./json_places.js").Path} Path */
/** @typedef {import("./vocabulary.js").Schema} Schema */
/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

/**
 * @param {string} text that is JSON.
 * @param {string} field the path of the problem.
 * @param {Vocabulary} vocabulary
 * @returns {Fix[]} the likeliest first.
 */
export function fixesOf(text, field, vocabulary) {
  const { root } = parsed(text);
  const path = pathOf(field);
  const name = path.at(-1);
  if (!root || name === undefined || field.startsWith("(")) return [];
  const chain = chainOf(root, path);
  if (chain.length < path.length) return [];
  const outer = chain[path.length - 1];
  const fields = schemasAt(vocabulary, path.slice(0, -1), chain).map(({ properties }) => properties ?? {});
  const isUnknown = fields.length > 0 && fields.every((each) => !Object.hasOwn(each, name));
  if (typeof name === "string" && isUnknown) return strayFixes(outer, name, Object.keys(Object.assign({}, ...fields)));
  if (chain.length === path.length) return missingFixes(text, outer, String(name), fields, vocabulary);
  return valueFixes(text, path, chain, vocabulary);
}

/** @param {JsonNode} outer @param {string} name @param {string[]} names that the object may have. @returns {Fix[]} */
function strayFixes(outer, name, names) {
  const entry = entryOf(outer, name);
  if (!entry) return [];
  const near = nearest(
    name,
    names.filter((each) => !entryOf(outer, each)),
  );
  const rename = near && { title: `Call it ${near}`, edits: [{ ...entry.key, insert: JSON.stringify(near) }] };
  return [...(rename ? [rename] : []), { title: "Remove it", edits: removal(outer, name) }];
}

/**
 * @param {string} text
 * @param {JsonNode} outer
 * @param {string} name
 * @param {Record<string, Schema>[]} fields
 * @param {Vocabulary} vocabulary
 * @returns {Fix[]}
 */
function missingFixes(text, outer, name, fields, vocabulary) {
  const field = fields.find((each) => Object.hasOwn(each, name))?.[name];
  if (!field || outer.sort !== "object") return [];
  const value = beginning(vocabulary, field);
  return [{ title: `Add ${name}: ${shortened(value)}`, edits: insertions(text, outer, [[name, value]]) }];
}

/** @param {string} text @param {Path} path @param {JsonNode[]} chain @param {Vocabulary} vocabulary @returns {Fix[]} */
function valueFixes(text, path, chain, vocabulary) {
  const node = chain[path.length];
  const schemas = schemasAt(vocabulary, path, chain.slice(0, path.length));
  const kind = node.sort === "object" ? entryOf(node, "kind")?.node : undefined;
  const target = kind ?? node;
  const options = valueOptions(vocabulary, { path, chain }).map(({ label }) => JSON.parse(label));
  const value = better(target.value, options, schemas);
  if (value === undefined || value === target.value) return [];
  return [{ title: `Use ${shortened(value)}`, edits: [replacement(text, target, value)] }];
}

/**
 * The value that was meant, most likely.
 *
 * @param {unknown} value
 * @param {unknown[]} options values that are valid, such as the names of kinds.
 * @param {Schema[]} schemas
 * @returns {unknown} undefined if none suggests itself.
 */
function better(value, options, schemas) {
  const names = /** @type {string[]} */ (options.filter((option) => typeof option === "string"));
  if (typeof value === "string") {
    const near = nearest(value, names);
    if (near) return near;
    const isNumber = value.trim() !== "" && Number.isFinite(Number(value));
    if (names.length > 1 && !isNumber) return undefined; // any of them would be a guess
  }
  const [schema] = schemas.filter(({ type }) => type === "number" || type === "integer");
  if (!schema) return options[0];
  const given = typeof value === "string" && value.trim() ? Number(value) : value;
  const bounds = [Math.round(Number(given)), schema.minimum, schema.maximum, schema.default];
  const ordered = Number(given) > (schema.maximum ?? Infinity) ? [schema.maximum, ...bounds] : bounds;
  const candidates = typeof given === "number" ? [given, ...ordered] : [schema.default, 1];
  return candidates.find((each) => typeof each === "number" && isWithin(schema, each));
}

/** @param {unknown} value */
function shortened(value) {
  const text = onOneLine(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
