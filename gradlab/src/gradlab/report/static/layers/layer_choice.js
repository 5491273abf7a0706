// The choice of what is shown layer by layer: a kind of series, a statistic, a seed.

import { named } from "../data/catalogue.js";
import { fill, h } from "../shared/element.js";

const FIRST = "gradients"; // the kind that is shown first

/**
 * @typedef {object} Choice
 * @property {LayerKind} kind
 * @property {Statistic} statistic
 * @property {number | null} seed null for the median of all.
 */

/**
 * The controls of a choice, and the choice itself, which changes with them.
 *
 * @param {LayerKind[]} kinds
 * @param {number[]} seeds
 * @param {{onSeries: () => void, onSeed: () => void}} listeners called when other numbers are chosen, or another seed.
 */
export function layerChoice(kinds, seeds, { onSeries, onSeed }) {
  const first = kinds.find(({ name }) => name === FIRST) ?? kinds[0];
  /** @type {Choice} */
  const choice = { kind: first, statistic: first.first, seed: null };
  const statistic = select("statistic", [], (name) => {
    choice.statistic = named(choice.kind.statistics, name);
    onSeries();
  });
  const kind = select(
    "kind",
    kinds.map(({ name, title }) => option(name, title)),
    (name) => {
      choice.kind = named(kinds, name);
      offerStatistics();
      onSeries();
    },
  );
  const seed = select("seed", seedOptions(seeds), (value) => {
    choice.seed = value === "" ? null : Number(value);
    onSeed();
  });

  function offerStatistics() {
    const { statistics, first: shown } = choice.kind;
    choice.statistic = shown;
    fill(
      statistic,
      statistics.map(({ name }) => option(name, name.replaceAll("_", " "))),
    );
    statistic.value = shown.name;
  }

  offerStatistics();
  const labels = [
    h("label", { for: "kind" }, "Quantity", kind),
    h("label", { for: "statistic" }, "Statistic", statistic),
  ];
  const seedLabel = seeds.length > 1 && h("label", { for: "seed" }, "Seeds", seed);
  return { element: h("div", { class: "choices" }, labels, seedLabel), choice };
}

/** @param {number[]} seeds */
function seedOptions(seeds) {
  const all = option("", seeds.length > 1 ? `median of ${seeds.length} seeds` : "all");
  return [all, ...seeds.map((seed) => option(String(seed), `seed ${seed}`))];
}

/** @param {string} value @param {string} words */
const option = (value, words) => h("option", { value }, words);

/** @param {string} id @param {Child[]} options @param {(value: string) => void} onChoice */
function select(id, options, onChoice) {
  /** @type {HTMLSelectElement} */
  const element = h("select", { id, onchange: () => onChoice(element.value) }, options);
  return element;
}
