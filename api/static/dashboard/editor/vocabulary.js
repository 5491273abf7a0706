// The vocabulary of a spec, by place, read from the service's description of its API and from its catalogue.

import { readCatalogue } from "../data/catalogue.js";
import { get } from "../data/source.js";
import { once } from "../shared/once.js";
import { entryOf } from "./json_places.js";

/** @typedef {import("./json_text.js").JsonNode} JsonNode */
/** @typedef {import("./json_places.js").Path} Path */

/**
 * @typedef {object} Schema a JSON schema, as far as it is read here.
 * @property {string} [$ref]
 * @property {string} [type]
 * @property {string} [description]
 * @property {Schema[]} [anyOf]
 * @property {Schema[]} [oneOf]
 * @property {{mapping: Record<string, string>}} [discriminator] by the field `kind`.
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {Schema} [items]
 * @property {Schema[]} [prefixItems]
 * @property {number} [minItems]
 * @property {unknown[]} [enum]
 * @property {unknown} [const]
 * @property {unknown} [default]
 * @property {number} [minimum]
 * @property {number} [exclusiveMinimum]
 * @property {number} [maximum]
 * @property {number} [exclusiveMaximum]
 */

/**
 * @typedef {object} Vocabulary
 * @property {Record<string, Schema>} schemas by name.
 * @property {Record<string, any[]>} catalogue
 */

const SPEC = { $ref: "#/components/schemas/ExperimentSpec" };

/** The service's vocabulary, which is read once. */
export const readVocabulary = once(async () => {
  const [description, catalogue] = await Promise.all([get("/openapi.json"), readCatalogue()]);
  return vocabularyOf(description.components.schemas, catalogue);
});

/**
 * The description of the API has no defaults that are objects: the catalogue has them.
 *
 * @param {Record<string, Schema>} schemas
 * @param {Record<string, any[]>} catalogue
 * @returns {Vocabulary}
 */
export function vocabularyOf(schemas, catalogue) {
  const members = membersOf(catalogue);
  for (const { properties = {} } of Object.values(schemas)) {
    const names = Object.keys(properties).filter((name) => name !== "kind");
    const isSame = (/** @type {any} */ { kind, parameters }) =>
      kind === properties.kind?.const &&
      parameters?.map((/** @type {any} */ each) => each.name).join() === names.join();
    for (const { name, default: value } of members.find(isSame)?.parameters ?? []) {
      if (value && typeof value === "object") properties[name].default = value;
    }
  }
  return { schemas, catalogue };
}

/** @param {Record<string, any[]>} catalogue @returns {any[]} all that are listed in it; the bundles are no list. */
export const membersOf = (catalogue) => Object.values(catalogue).flatMap((each) => (Array.isArray(each) ? each : []));

/**
 * The schemas of which a value at a path is one.
 *
 * @param {Vocabulary} vocabulary
 * @param {Path} path
 * @param {JsonNode[]} chain the values along the path, which say of which kind they are.
 * @returns {Schema[]} without references and without choices, but for a choice of kinds that is still open.
 */
export function schemasAt(vocabulary, path, chain) {
  let schemas = alternatives(vocabulary, SPEC, chain[0]);
  path.forEach((part, i) => {
    const parts = schemas.flatMap((schema) => partOf(schema, part));
    schemas = parts.flatMap((schema) => alternatives(vocabulary, schema, chain[i + 1]));
  });
  return schemas;
}

/** @param {Schema} schema @param {string | number} part @returns {Schema[]} of that part; one or none. */
function partOf({ properties, items, prefixItems }, part) {
  const schema = typeof part === "number" ? (prefixItems?.[part] ?? items) : own(properties ?? {}, part);
  return schema ? [schema] : [];
}

/**
 * The schemas that one is a choice of. A description holds for all of them that have none.
 *
 * @param {Vocabulary} vocabulary
 * @param {Schema} schema
 * @param {JsonNode} [node] the value, which may say its kind.
 * @returns {Schema[]}
 */
export function alternatives(vocabulary, schema, node) {
  const { description } = schema;
  if (schema.$ref) return alternatives(vocabulary, schemaOf(vocabulary, schema.$ref), node);
  if (schema.discriminator) {
    const kind = node && entryOf(node, "kind")?.node?.value;
    const ref = typeof kind === "string" && own(schema.discriminator.mapping, kind);
    return [ref ? { ...schemaOf(vocabulary, ref), discriminator: schema.discriminator, oneOf: schema.oneOf } : schema];
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (!choices) return [schema];
  return choices.flatMap((each) => alternatives(vocabulary, { description, default: schema.default, ...each }, node));
}

/**
 * The value of a name that somebody wrote: `constructor`, which every object has, is not in a record without it.
 *
 * @template Value
 * @param {Record<string, Value>} record
 * @param {string} name
 * @returns {Value | undefined}
 */
const own = (record, name) => (Object.hasOwn(record, name) ? record[name] : undefined);

/** @param {Vocabulary} vocabulary @param {string} ref @returns {Schema} */
export const schemaOf = ({ schemas }, ref) => schemas[ref.slice(ref.lastIndexOf("/") + 1)] ?? {};

/**
 * A value to begin with: the default, or the least that is valid.
 *
 * @param {Vocabulary} vocabulary
 * @param {Schema} given
 * @returns {unknown}
 */
export function beginning(vocabulary, given) {
  const schema = given.$ref ? { ...schemaOf(vocabulary, given.$ref), default: given.default } : given;
  if (schema.default !== undefined && schema.default !== null) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.discriminator) return ofKind(vocabulary, schema, kindsOf(schema)[0]);
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first) return beginning(vocabulary, first);
  if (schema.properties) return required(vocabulary, schema);
  if (schema.prefixItems) return schema.prefixItems.map((_, i) => i);
  if (schema.type === "array") return schema.minItems && schema.items ? [beginning(vocabulary, schema.items)] : [];
  if (schema.type === "boolean") return false;
  if (schema.type === "string") return "";
  return [1, 0.5, schema.minimum ?? 0].find((value) => isWithin(schema, value)) ?? schema.minimum;
}

/** @param {Schema} schema @param {number} value @returns {boolean} true if it is within the bounds. */
export function isWithin({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }, value) {
  const isAbove = value >= (minimum ?? -Infinity) && value > (exclusiveMinimum ?? -Infinity);
  const isBelow = value <= (maximum ?? Infinity) && value < (exclusiveMaximum ?? Infinity);
  return isAbove && isBelow && (type !== "integer" || Number.isInteger(value));
}

/** @param {Schema} schema a choice of kinds. @returns {string[]} the kinds, in the order of their registry. */
export function kindsOf({ discriminator, oneOf = [] }) {
  const places = new Map(oneOf.map(({ $ref }, i) => [$ref, i]));
  const kinds = Object.entries(discriminator?.mapping ?? {});
  return kinds.sort(([, a], [, b]) => (places.get(a) ?? 0) - (places.get(b) ?? 0)).map(([kind]) => kind);
}

/**
 * A value of one kind: its name, or an object where it has fields that must be given.
 *
 * @param {Vocabulary} vocabulary
 * @param {Schema} schema the choice of kinds.
 * @param {string} kind
 */
export function ofKind(vocabulary, schema, kind) {
  const fields = required(vocabulary, schemaOf(vocabulary, schema.discriminator?.mapping[kind] ?? ""));
  return Object.keys(fields).length ? { kind, ...fields } : kind;
}

/** @param {Vocabulary} vocabulary @param {Schema} schema @returns {Record<string, unknown>} */
function required(vocabulary, { required: names = [], properties = {} }) {
  const fields = names.filter((name) => name !== "kind").map((name) => [name, beginning(vocabulary, properties[name])]);
  return Object.fromEntries(fields);
}
