// Completion: the names and values that fit at the cursor.

import { cursorAt } from "./json_places.js";
import { parsed } from "./json_text.js";
import { printed } from "./print.js";
import { alternatives, beginning, kindsOf, ofKind, schemaOf, schemasAt } from "./vocabulary.js";

/** @typedef {import("./vocabulary.js").Schema} Schema */
/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */
/** @typedef {{label: string, detail: string, info: string, insert: string}} Option */

/**
 * @typedef {object} Completions
 * @property {number} from the place of what an option replaces.
 * @property {number} to
 * @property {number | null} comma the place where a comma is missing before it.
 * @property {Option[]} options
 */

/**
 * @param {string} text
 * @param {number} place of the cursor.
 * @param {Vocabulary} vocabulary
 * @returns {Completions | null} null where nothing fits.
 */
export function completionsAt(text, place, vocabulary) {
  const { root } = parsed(text);
  const cursor = root && cursorAt(root, place);
  if (!cursor) return null;
  const { from, to } = cursor;
  const [before, after] = [text.slice(0, from).trimEnd(), text.slice(to).trimStart()[0] ?? "}"];
  const options = cursor.isKey ? keys(vocabulary, cursor, after === ":") : valueOptions(vocabulary, cursor);
  if (!options.length) return null;
  const end = ",:]}".includes(after) ? "" : ",";
  return {
    from,
    to,
    comma: "[{,:".includes(before.at(-1) ?? "{") ? null : before.length,
    options: options.map((option) => ({ ...option, insert: option.insert + end })),
  };
}

/**
 * @param {Vocabulary} vocabulary
 * @param {import("./json_places.js").Cursor} cursor
 * @param {boolean} hasColon true if there is a value already.
 * @returns {Option[]}
 */
function keys(vocabulary, { path, chain, from, to }, hasColon) {
  const present = chain[chain.length - 1].entries.filter(({ key }) => key.from !== from || key.to !== to);
  const names = new Set(present.map(({ name }) => name));
  const options = schemasAt(vocabulary, path, chain).flatMap(fieldsOf);
  return options
    .filter(([name]) => !names.has(name))
    .map(([name, field, isRequired]) => {
      const [schema] = alternatives(vocabulary, field);
      const value = name === "kind" ? "" : printed(compact(beginning(vocabulary, field)));
      return {
        label: JSON.stringify(name),
        detail: isRequired ? "required" : typeWords(schema),
        info: [field.description, defaultWords(field)].filter(Boolean).join(" "),
        insert: JSON.stringify(name) + (hasColon ? "" : `: ${value}`),
      };
    });
}

/** @param {Schema} schema @returns {[string, Schema, boolean][]} name, schema, whether it must be given. */
function fieldsOf({ properties, required = [], discriminator }) {
  if (!properties) return discriminator ? [["kind", { description: "Which of them it is." }, true]] : [];
  return Object.entries(properties).map(([name, field]) => [name, field, required.includes(name)]);
}

/**
 * The values that may stand at a path.
 *
 * @param {Vocabulary} vocabulary
 * @param {Pick<import("./json_places.js").Cursor, "path" | "chain">} cursor
 * @returns {Option[]}
 */
export function valueOptions(vocabulary, { path, chain }) {
  const last = path[path.length - 1];
  if (last === "kind") {
    const outer = schemasAt(vocabulary, path.slice(0, -1), chain).find((schema) => schema.discriminator);
    return outer ? kinds(vocabulary, outer).map((option) => ({ ...option, insert: option.label })) : [];
  }
  if (path.length === 1 && last === "record") return bundles(vocabulary);
  if (path[1] === "metrics" && path.length === 3) return metrics(vocabulary);
  const options = schemasAt(vocabulary, path, chain.slice(0, path.length)).flatMap((schema) =>
    schema.discriminator ? kinds(vocabulary, schema) : plain(vocabulary, schema),
  );
  const distinct = new Map(options.map((option) => [option.insert, option]));
  return [...distinct.values()];
}

/** @param {Vocabulary} vocabulary @param {Schema} schema a choice of kinds. @returns {Option[]} */
function kinds(vocabulary, schema) {
  return kindsOf(schema).map((kind) => ({
    label: JSON.stringify(kind),
    detail: "",
    info: schemaOf(vocabulary, schema.discriminator?.mapping[kind] ?? "").description ?? "",
    insert: printed(ofKind(vocabulary, schema, kind)),
  }));
}

/** @param {Vocabulary} vocabulary @param {Schema} schema @returns {Option[]} */
function plain(vocabulary, schema) {
  const { description: info = "" } = schema;
  /** @param {unknown} value @param {string} detail */
  const option = (value, detail) => ({ label: printed(value), detail, info, insert: printed(value) });
  if (schema.enum) return schema.enum.map((value) => option(value, ""));
  if (schema.const !== undefined) return [option(schema.const, "")];
  if (schema.type === "null") return [option(null, "none")];
  if (schema.type === "boolean") return [true, false].map((value) => option(value, isDefault(schema, value)));
  const value = compact(beginning(vocabulary, schema));
  return [option(value, isDefault(schema, value))];
}

/** @param {Schema} schema @param {unknown} value */
const isDefault = (schema, value) => (schema.default === value ? "default" : "");

/** @param {Vocabulary} vocabulary @returns {Option[]} */
function bundles({ catalogue }) {
  return Object.entries(catalogue.bundles).map(([name, intervals]) => ({
    label: JSON.stringify(name),
    detail: "",
    info: `Every how many epochs: ${printed(intervals).replace(/[{}"]/g, "").trim()}.`,
    insert: JSON.stringify(name),
  }));
}

/** @param {Vocabulary} vocabulary @returns {Option[]} */
function metrics({ catalogue }) {
  return catalogue.metrics.map(({ kind, meaning }) => {
    const label = JSON.stringify(kind);
    return { label, detail: "", info: meaning, insert: label };
  });
}

/** @param {any} value @returns {any} without the object around a kind that has no other field. */
function compact(value) {
  if (value && typeof value === "object" && !Array.isArray(value) && Object.keys(value).join() === "kind") {
    return value.kind;
  }
  return value;
}

/** @param {Schema} schema */
function typeWords({ discriminator, type }) {
  return discriminator ? "a kind" : ({ array: "list", integer: "whole number" }[type ?? ""] ?? type ?? "");
}

/** @param {Schema} field */
function defaultWords({ default: value }) {
  return value === undefined || value === null || typeof value === "object" ? "" : `By default ${value}.`;
}
