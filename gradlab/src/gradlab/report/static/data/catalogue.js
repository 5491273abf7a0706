// The kinds of series that the service measures layer by layer, read from its catalogue.

import { once } from "../shared/once.js";
import { get } from "./source.js";

/** The service's catalogue, which is read once. */
export const readCatalogue = once(() => get("/catalogue"));

/**
 * The kinds of which a statistic is shown for each layer, in the catalogue's order.
 *
 * @returns {Promise<LayerKind[]>}
 */
export async function readLayerKinds() {
  return layerKindsOf(await readCatalogue());
}

/** @returns {Promise<string[]>} the names of the rules that a diagnosis applies, causes before their consequences. */
export async function readRuleNames() {
  const { rules } = await readCatalogue();
  return rules.map((/** @type {{name: string}} */ { name }) => name);
}

/**
 * @param {{kinds: any[], statistics: Record<string, Statistic[]>}} answer of `/catalogue`.
 * @returns {LayerKind[]}
 */
export function layerKindsOf({ kinds, statistics }) {
  const shown = kinds.filter((kind) => kind.shown_as === "statistic");
  return shown.map((kind) => ({
    name: kind.name,
    title: kind.title,
    path: kind.path,
    record: kind.record,
    isOfParameters: kind.has_parameters,
    statistics: statistics[kind.name],
    first: named(statistics[kind.name], kind.statistic),
  }));
}

/**
 * The member of a list that has a name.
 *
 * @template {{name: string}} Member
 * @param {Member[]} members
 * @param {string} name
 * @returns {Member}
 */
export function named(members, name) {
  const member = members.find((each) => each.name === name);
  if (!member) throw new Error(`expected one of ${members.map((each) => each.name).join(", ")}; received ${name}`);
  return member;
}
