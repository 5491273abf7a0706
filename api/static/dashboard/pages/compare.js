// The page of two to six experiments side by side: what differs in their specs, then the same charts on one scale.

import { lineColours } from "../charts/colours.js";
import { comparedCurves, comparedMaps } from "./compare_charts.js";
import { differencesTable } from "./differences.js";
import { refreshed } from "./refreshed.js";
import { fill, h } from "../shared/element.js";
import { number, seedsOf, share } from "../shared/format.js";
import { readHistory, readLayers } from "../data/measured.js";
import { ascending, median } from "../shared/numbers.js";
import { repeat } from "../data/repeat.js";
import { get } from "../data/source.js";
import { isGoing, nameOf } from "../shared/spec_words.js";
import { scrolling, table } from "../shared/table.js";
import { verdictView } from "../parts/verdict.js";

const REFRESH_MILLISECONDS = 1000;
const [MIN_COMPARED, MAX_COMPARED] = [2, 6];
const METRICS = ["accuracy", "loss"];
const HEADINGS = ["verdict, root cause", "experiment", "status", "epochs", "accuracy, median (range)", "loss, median"];

/** @typedef {import("./compare_charts.js").LineStyle} LineStyle */

/** @param {PageOptions} options */
export async function compare({ page, parts: [list = ""], signal, say }) {
  const { ids, rest } = chosenOf(list);
  if (ids.length < MIN_COMPARED) throw new Error("Choose two to six experiments in the list, then “Compare”.");
  const first = await readAll(ids, signal);
  document.title = "Comparison · Gradient Lab";
  const names = distinctNames(first);
  const colours = lineColours(ids.length);
  const styles = names.map((name, i) => ({ name, colour: colours[i] }));
  const charts = comparedCharts(ids, styles, signal);
  const results = h("tbody");
  const specs = first.map(({ spec }) => spec);
  fill(
    page,
    h("div", { class: "head" }, h("h1", {}, `${ids.length} experiments compared`)),
    rest.length > 0 && restNotice(ids.length, rest),
    panel("Results", "Verdicts, and the last epoch", scrolling(table(HEADINGS, [results]))),
    panel("What differs", "What differs in their specs", differencesTable(specs, names)),
    charts.elements,
  );

  const draw = whenMoved(async (/** @type {Experiment[]} */ experiments) => {
    await charts.read();
    const rows = experiments.map((experiment, i) => resultRow(experiment, styles[i]));
    fill(results, rows);
  });

  /** @returns {Promise<boolean>} false if nothing follows. */
  async function read() {
    const experiments = await readAll(ids, signal);
    await draw(experiments);
    const isLive = experiments.some(isGoing);
    say(isLive ? "live" : "", isLive ? "live" : "");
    return isLive;
  }
  const refresh = () => refreshed(read, { signal, say });

  await draw(first);
  if (await refresh()) repeat(refresh, REFRESH_MILLISECONDS, signal);
}

/**
 * Draw experiments, unless they are as they were when they were drawn last. What failed is drawn again.
 *
 * @param {(experiments: Experiment[]) => Promise<void>} draw
 */
export function whenMoved(draw) {
  let drawn = "";
  return async (/** @type {Experiment[]} */ experiments) => {
    const progress = progressOf(experiments);
    if (progress === drawn) return;
    await draw(experiments);
    drawn = progress;
  };
}

/**
 * The charts of all experiments.
 *
 * @param {string[]} ids
 * @param {LineStyle[]} styles one per experiment.
 * @param {AbortSignal} signal ends them.
 */
function comparedCharts(ids, styles, signal) {
  const curves = METRICS.map(comparedCurves);
  const maps = comparedMaps(ids, styles);
  const curveElements = curves.map(({ element }) => element);
  return {
    elements: [maps.element, h("div", { class: "two" }, curveElements)],
    async read() {
      const [histories, grids] = await Promise.all([
        Promise.all(ids.map((id) => readHistory(id, signal))),
        Promise.all(ids.map((id) => readLayers(id, "gradients", {}, signal))),
      ]);
      for (const curve of curves) curve.show(histories, styles);
      maps.show(grids);
    },
  };
}

/** @param {string} label @param {string} title @param {Child} content */
const panel = (label, title, content) =>
  h("section", { class: "panel stack", "aria-label": label }, h("h2", {}, title), content);

/** @param {string[]} ids @param {AbortSignal} signal @returns {Promise<Experiment[]>} */
const readAll = (ids, signal) => Promise.all(ids.map((id) => get(`/experiments/${id}`, { signal })));

/** @param {Experiment[]} experiments @returns {string} equal as long as nothing has moved. */
const progressOf = (experiments) =>
  JSON.stringify(experiments.map(({ status, progress, diagnosis }) => [status, progress, diagnosis]));

/**
 * The experiments that are compared, each once, and those beyond the limit.
 *
 * @param {string} list of ids, separated by commas.
 */
export function chosenOf(list) {
  const all = [...new Set(list.split(",").filter(Boolean))];
  return { ids: all.slice(0, MAX_COMPARED), rest: all.slice(MAX_COMPARED) };
}

/** @param {number} count how many are compared. @param {string[]} rest the ids of the others. */
function restNotice(count, rest) {
  const links = rest.flatMap((id, i) => [i ? ", " : "", h("a", { href: `#/experiment/${id}` }, id.slice(0, 8))]);
  const words = `At most ${MAX_COMPARED} experiments are compared side by side: the first ${count}. Left out: `;
  return h("p", { class: "notice", id: "left-out" }, words, links, ".");
}

/**
 * Names that tell experiments apart: those that share one have the beginning of their ids behind it.
 *
 * @param {{id: string, name: string}[]} experiments
 */
export function distinctNames(experiments) {
  return experiments.map((experiment) => {
    const isOnly = experiments.filter(({ name }) => name === experiment.name).length === 1;
    return isOnly ? nameOf(experiment) : `${nameOf(experiment)} (${experiment.id.slice(0, 4)})`;
  });
}

/** @param {Experiment} experiment @param {LineStyle} style */
function resultRow({ id, status, progress, runs, spec, diagnosis }, { name, colour }) {
  const line = h("span", { style: { background: colour, width: "14px", height: "3px", display: "inline-block" } });
  const link = h("a", { href: `#/experiment/${id}` }, name);
  const { accuracy, loss } = resultWords(runs, spec.seeds);
  return h(
    "tr",
    {},
    h("td", { class: "verdict" }, diagnosis ? verdictView(diagnosis) : "not diagnosed yet"),
    h("td", {}, h("span", { class: "row" }, line, link)),
    h("td", {}, h("span", { class: "tag", "data-kind": status }, status)),
    h("td", { class: "figures" }, `${progress.epochs_done} / ${progress.epochs_total}`),
    h("td", { class: "figures" }, accuracy),
    h("td", { class: "figures" }, loss),
  );
}

/**
 * The final accuracy, as median and range of the seeds, and the median of the loss: of the validation samples,
 * or of the training samples, as the words then say.
 *
 * @param {Pick<Run, "final_metrics">[]} runs
 * @param {number[]} seeds
 */
export function resultWords(runs, seeds) {
  const metrics = runs.flatMap(({ final_metrics: final }) => (final ? [final] : []));
  /** @param {string} name @param {(values: number[]) => string} shown */
  const words = (name, shown) => {
    if (!metrics.length) return "–";
    const sample = [`val_${name}`, name].find((each) => each in metrics[0]);
    if (!sample) return "not measured";
    const values = ascending(metrics.map((each) => each[sample]));
    if (!values.length) return "not finite";
    return `${shown(values)}${sample === name ? "; training samples" : ""}`;
  };
  const accuracy = words("accuracy", (values) => {
    const range = `${share(values[0])}–${share(values.at(-1))}`;
    return `${share(median(values))} (${range}), ${seedsOf(seeds)}`;
  });
  return { accuracy, loss: words("loss", (values) => number(median(values))) };
}
