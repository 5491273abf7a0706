// Places in JSON: the value at a path, the path at a cursor.

/** @typedef {import("./json_text.js").JsonNode} JsonNode */
/** @typedef {import("./json_text.js").Entry} Entry */
/** @typedef {(string | number)[]} Path of names and of places in lists. */

/**
 * @typedef {object} Cursor
 * @property {Path} path of the value that is written, or of the object that gets a name.
 * @property {boolean} isKey true for a name.
 * @property {number} from the place of what is replaced.
 * @property {number} to
 * @property {JsonNode[]} chain the values from the outermost to the one at `path`, as far as they are there.
 */

/** @param {string} field as problems name it: `model.layers[0].units`. @returns {Path} */
export function pathOf(field) {
  const parts = field.match(/[^.[\]]+|\[\d+\]/g) ?? [];
  return parts.map((part) => (part.startsWith("[") ? Number(part.slice(1, -1)) : part));
}

/** @param {JsonNode} node @param {string | number} part @returns {JsonNode | null} */
const child = (node, part) => (typeof part === "number" ? node.items[part] : entryOf(node, part)?.node) ?? null;

/** @param {JsonNode} node @param {string | number} name @returns {Entry | undefined} the last of that name counts. */
export const entryOf = (node, name) => node.entries.findLast((entry) => entry.name === name);

/**
 * The values along a path, the outermost first; it ends where the text has no more of them.
 *
 * @param {JsonNode} root
 * @param {Path} path
 */
export function chainOf(root, path) {
  const chain = [root];
  for (const part of path) {
    const next = child(chain[chain.length - 1], part);
    if (!next) break;
    chain.push(next);
  }
  return chain;
}

/**
 * The name or value that is written at a place of the text.
 *
 * @param {JsonNode} root
 * @param {number} place
 * @returns {Cursor | null} null where neither a name nor a value may stand.
 */
export function cursorAt(root, place) {
  /** @type {Path} */
  const path = [];
  const chain = [root];
  let node = root;
  while (true) {
    const step = partAt(node, place);
    if (!step) break;
    if (step.isKey) return { path, chain, isKey: true, from: step.from, to: step.to };
    path.push(step.part);
    if (!step.node) return { path, chain, isKey: false, from: place, to: place };
    node = step.node;
    chain.push(node);
  }
  if (node.sort === "scalar") return { path, chain, isKey: false, from: node.from, to: node.to };
  if (!isIn(node, place)) return null;
  if (node.sort === "object") return { path, chain, isKey: true, from: place, to: place };
  const index = node.items.filter((item) => item.to <= place).length;
  return { path: [...path, index], chain, isKey: false, from: place, to: place };
}

/**
 * The part of an object or a list that a place is in.
 *
 * @param {JsonNode} node
 * @param {number} place
 * @returns {{part: string | number, node: JsonNode | null, isKey: boolean, from: number, to: number} | null}
 */
function partAt(node, place) {
  const index = node.items.findIndex((item) => isIn(item, place));
  if (index >= 0) return { part: index, node: node.items[index], isKey: false, from: 0, to: 0 };
  for (const [i, { name, key, node: value }] of node.entries.entries()) {
    if (key.from < place && place <= key.to) return { part: name, node: value, isKey: true, ...key };
    const end = node.entries[i + 1]?.key.from ?? node.to;
    if (value && isIn(value, place)) return { part: name, node: value, isKey: false, from: 0, to: 0 };
    if (!value && key.to < place && place < end) return { part: name, node: null, isKey: false, from: 0, to: 0 };
  }
  return null;
}

/** @param {JsonNode} node @param {number} place @returns {boolean} the edges of a scalar are in it, others' are not. */
const isIn = (node, place) =>
  node.sort === "scalar" ? node.from <= place && place <= node.to : node.from < place && place < node.to + +node.isOpen;
