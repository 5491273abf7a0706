// JSON as a text with places: where each value stands, what is wrong, and where the cursor is.

// Objects and lists inside one another. A spec has about ten; more would exhaust the stack.
const MAX_DEPTH = 200;
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
export const COMMA = "a comma";
export const NO_COMMA = "no comma behind the last one";
const WORDS = ["true", "false", "null"];

/** @typedef {{from: number, to: number}} Span places in a text, the second behind the last character. */
/** @typedef {{name: string, key: Span, node: JsonNode | null}} Entry of an object; its value may be missing. */

/**
 * @typedef {object} JsonNode
 * @property {"object" | "list" | "scalar"} sort
 * @property {number} from
 * @property {number} to
 * @property {boolean} isOpen true if an object or a list has no end.
 * @property {Entry[]} entries of an object.
 * @property {JsonNode[]} items of a list.
 * @property {unknown} value of a scalar; undefined if it is none.
 */

/** @typedef {Span & {message: string}} Fault of a text that is not JSON. */

/**
 * Read a text, whatever is wrong with it.
 *
 * @param {string} text
 * @returns {{root: JsonNode | null, fault: Fault | null}} the fault is the first one; null exactly where `JSON.parse`
 *   reads the text.
 */
export function parsed(text) {
  const reader = new Reader(text);
  const root = reader.value(0);
  reader.space();
  if (reader.at < text.length) reader.complain("nothing behind the end of the spec", reader.at, text.length);
  return { root, fault: reader.fault };
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {Fault | null} */
    this.fault = null;
  }

  /** Complain of the first fault alone: others may follow from it. */
  complain(/** @type {string} */ expected, from = this.at, to = from + 1) {
    this.fault ??= { from: Math.min(from, this.text.length), to: Math.min(to, this.text.length), message: expected };
  }

  space() {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at])) this.at += 1;
  }

  /** @param {string} character @returns {boolean} true if it came next, and is behind now. */
  took(character) {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  /** @param {number} depth @returns {JsonNode | null} null where no value begins. */
  value(depth) {
    this.space();
    const next = this.text[this.at];
    if (depth > MAX_DEPTH) this.complain(`at most ${MAX_DEPTH} objects and lists inside one another`);
    if (next === "{" && depth <= MAX_DEPTH) return this.collection("object", "}", depth);
    if (next === "[" && depth <= MAX_DEPTH) return this.collection("list", "]", depth);
    if (next === '"') return this.scalar(this.string());
    const from = this.at;
    const word = this.word();
    if (!word) this.complain("a value");
    else if (!NUMBER.test(word) && !WORDS.includes(word))
      this.complain("a value; text stands in quotes", from, this.at);
    return word ? this.scalar({ from, to: this.at }) : null;
  }

  /** @returns {string} what stands here up to the next space, quotes or bracket. */
  word() {
    const from = this.at;
    while (this.at < this.text.length && !' \t\n\r,:{}[]"'.includes(this.text[this.at])) this.at += 1;
    return this.text.slice(from, this.at);
  }

  /** @param {Span} span @returns {JsonNode} */
  scalar({ from, to }) {
    return { sort: "scalar", from, to, isOpen: false, entries: [], items: [], value: read(this.text.slice(from, to)) };
  }

  /** @returns {Span} of a string, which ends with its line at the latest. */
  string() {
    const from = this.at;
    this.at += 1;
    while (this.at < this.text.length && !'"\n'.includes(this.text[this.at])) {
      this.at += this.text[this.at] === "\\" && this.text[this.at + 1] !== "\n" ? 2 : 1;
    }
    this.at = Math.min(this.at, this.text.length);
    if (this.text[this.at] === '"') this.at += 1;
    else this.complain("quotes at the end of the text", from, this.at);
    if (!this.fault && read(this.text.slice(from, this.at)) === undefined) {
      this.complain("text without control characters and unknown escapes", from, this.at);
    }
    return { from, to: this.at };
  }

  /** @param {"object" | "list"} sort @param {string} end @param {number} depth @returns {JsonNode} */
  collection(sort, end, depth) {
    /** @type {JsonNode} */
    const node = { sort, from: this.at, to: 0, isOpen: false, entries: [], items: [], value: undefined };
    this.at += 1;
    let isBehindComma = false;
    while (!this.took(end)) {
      const place = this.at;
      if (this.at >= this.text.length || "]}".includes(this.text[this.at])) {
        this.complain(`${end} at the end of this ${sort}`, node.from);
        node.isOpen = true;
        break;
      }
      if (sort === "object") this.entry(node, depth);
      else this.item(node, depth);
      const behind = this.at;
      isBehindComma = this.took(",");
      this.space();
      const isEnd = this.at >= this.text.length || "]}".includes(this.text[this.at]);
      if (!isBehindComma && !isEnd) this.complain(COMMA, behind, behind);
      if (isBehindComma && this.text[this.at] === end) this.complain(NO_COMMA, behind);
      if (this.at === place) this.at += 1; // a character that belongs nowhere
    }
    node.to = this.at;
    return node;
  }

  /** @param {JsonNode} node @param {number} depth */
  item(node, depth) {
    const item = this.value(depth + 1);
    if (item) node.items.push(item);
  }

  /** @param {JsonNode} node @param {number} depth */
  entry(node, depth) {
    const from = this.at;
    const isQuoted = this.text[from] === '"';
    if (isQuoted) this.string();
    else this.complain("a name in quotes", from, from + Math.max(this.word().length, 1));
    if (this.at === from) return;
    const key = { from, to: this.at };
    const { value } = this.scalar(key);
    const name = typeof value === "string" ? value : this.text.slice(key.from, key.to).replaceAll('"', "");
    const behind = this.at;
    if (!this.took(":")) {
      this.complain("a colon and a value", behind);
      node.entries.push({ name, key, node: null });
      return;
    }
    node.entries.push({ name, key, node: this.value(depth + 1) });
  }
}

/** @param {string} text @returns {unknown} undefined if it is not JSON. */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
