// Values as a person writes them: without fields that have their default, a name where nothing but the kind is left.

import { membersOf } from "./vocabulary.js";

/** @typedef {import("./vocabulary.js").Vocabulary} Vocabulary */

/**
 * A value with all its fields, shortened. It means the same.
 *
 * @param {Vocabulary} vocabulary
 * @param {any} value
 * @param {boolean} isShort true if a name may stand for an object; layers in a list are written as objects.
 * @returns {any}
 */
export function tidied(vocabulary, value, isShort = true) {
  if (Array.isArray(value)) return value.map((item) => tidied(vocabulary, item, false));
  if (!value || typeof value !== "object") return value;
  const bundle = Object.entries(vocabulary.catalogue.bundles).find(([, each]) => isEqual(each, value));
  if (bundle) return bundle[0]; // how often series are recorded
  const defaults = defaultsOf(vocabulary, value);
  const fields = Object.entries(value).flatMap(([name, each]) => {
    const short = tidied(vocabulary, each);
    const isDefault = Object.hasOwn(defaults, name) && isEqual(short, tidied(vocabulary, defaults[name]));
    return isDefault ? [] : [[name, short]];
  });
  return isShort && fields.length === 1 && fields[0][0] === "kind" ? value.kind : Object.fromEntries(fields);
}

/** @param {Vocabulary} vocabulary @param {Record<string, unknown>} value @returns {Record<string, unknown>} */
function defaultsOf({ catalogue }, value) {
  // What is no kind has no field whose default is another value than null.
  if (!value.kind) return Object.fromEntries(Object.keys(value).map((name) => [name, null]));
  const names = Object.keys(value).filter((name) => name !== "kind");
  const own = membersOf(catalogue).find(({ kind, parameters }) => {
    const expected = new Set(parameters?.map((/** @type {any} */ each) => each.name));
    return kind === value.kind && parameters && names.every((name) => expected.has(name));
  });
  const optional = (own?.parameters ?? []).filter((/** @type {any} */ each) => !each.required);
  return Object.fromEntries(optional.map((/** @type {any} */ each) => [each.name, each.default]));
}

/** @param {unknown} a @param {unknown} b @returns {boolean} true if their JSON is the same. */
export const isEqual = (a, b) => JSON.stringify(a) === JSON.stringify(b);
