// JSON as a person writes it: what is short stands on one line.

// Columns of a line, without its comma. The field shows 89 beside the check, on a screen of 1280 pixels.
const MAX_COLUMNS = 86;
const STEP = "  ";

/**
 * A value as JSON.
 *
 * @param {unknown} value
 * @param {string} indent of the line on which it begins.
 * @param {number} column at which it begins, for the length of its first line.
 * @returns {string}
 */
export function printed(value, indent = "", column = indent.length) {
  const line = onOneLine(value);
  if (typeof value !== "object" || value === null || column + line.length <= MAX_COLUMNS) return line;
  const inner = indent + STEP;
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((item) => printed(item, inner))
    : Object.entries(value).map(([key, item]) => {
        const name = `${JSON.stringify(key)}: `;
        return name + printed(item, inner, inner.length + name.length);
      });
  if (!items.length) return line;
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}

/** @param {unknown} value @returns {string} */
export function onOneLine(value) {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const items = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${onOneLine(item)}`);
  return items.length ? `{ ${items.join(", ")} }` : "{}";
}
