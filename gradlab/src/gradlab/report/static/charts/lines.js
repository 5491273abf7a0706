// Lines over the epochs, with a band from the lowest to the highest seed: uPlot, in our colours.

import uPlot from "../uplot.js";
import { redrawOnTheme } from "./canvas.js";
import { fill, h } from "../shared/element.js";
import { number } from "../shared/format.js";
import { recordWords } from "../shared/axis.js";
import { placesOf, plotOptions } from "./line_options.js";

const MAX_KEYS = 24;
const MAX_READ_OUT = 4; // lines that are all read out at the cursor; of more only the one that is pointed at

/**
 * @typedef {object} LinesOptions
 * @property {number} [height] in pixels.
 * @property {string} [unit] of the vertical axis.
 * @property {boolean} [log] true for a logarithmic vertical axis.
 * @property {[number, number] | null} [range] of the vertical axis; null fits it to the lines.
 * @property {string} label for readers who do not see the chart.
 */

/**
 * Lines over a common axis of epochs.
 *
 * @param {LinesOptions} options
 */
export function lines({ height = 240, unit = "", log = false, range = null, label }) {
  const nothing = h("p", { class: "nothing", hidden: true });
  const plot = h("div", { class: "plot", role: "img", "aria-label": label }, nothing);
  const readout = h("p", { class: "readout" }, " ");
  const keys = h("ul", { class: "keys" });
  /** @type {uPlot | null} */
  let chart = null;
  /** @type {{epochs: number[], series: Series[], absence?: string} | null} */
  let shown = null;
  let signature = "";
  let focused = -1;

  const width = () => Math.max(200, plot.clientWidth);
  const hooks = {
    onCursor: (/** @type {uPlot} */ { cursor }) => {
      if (shown) readout.textContent = readoutOf(shown.epochs, shown.series, cursor.idx, focused);
    },
    onSeries: (/** @type {uPlot} */ _, /** @type {number | null} */ index) => {
      focused = index ?? -1;
    },
  };

  /** @param {number[]} epochs @param {Series[]} series @param {string} [absence] why there may be no line. */
  function show(epochs, series, absence) {
    shown = { epochs, series, absence };
    const data = dataOf(epochs, series, log);
    nothing.hidden = data.slice(1).some((values) => values.some((value) => value !== null));
    if (!nothing.hidden) nothing.textContent = absence || absenceOf(series);
    const next = series.map((each) => [each.name, each.colour, Boolean(each.low)]).join("|");
    if (next === signature) return chart?.setData(data);
    chart?.destroy();
    chart = new uPlot(plotOptions(series, width(), { height, unit, log, range }, hooks), data, plot);
    signature = next;
    return fill(keys, keysOf(series, chart));
  }

  new ResizeObserver(() => {
    if (chart && chart.width !== width()) chart.setSize({ width: width(), height });
  }).observe(plot);
  redrawOnTheme(() => {
    signature = "";
    if (shown) show(shown.epochs, shown.series, shown.absence);
  });
  return { element: h("div", { class: "stack" }, plot, h("div", { class: "under" }, keys, readout)), show, plot };
}

/**
 * The same lines on a logarithmic and on a linear axis, of which one is shown.
 *
 * @param {LinesOptions} options
 */
export function linesOnEitherScale(options) {
  const logarithmic = lines({ ...options, log: true });
  const linear = lines(options);
  return {
    elements: [logarithmic.element, linear.element],
    /** @param {ScaleKind} kind @param {number[]} epochs @param {Series[]} series @param {string} [absence] as above. */
    show(kind, epochs, series, absence) {
      const [shown, other] = kind === "log" ? [logarithmic, linear] : [linear, logarithmic];
      shown.element.hidden = false;
      other.element.hidden = true;
      shown.show(epochs, series, absence);
    },
  };
}

/**
 * The numbers that uPlot draws; null where there is nothing to draw.
 *
 * @param {number[]} epochs
 * @param {Series[]} series
 * @param {boolean} log
 * @returns {[number[], ...(number | null)[][]]}
 */
export function dataOf(epochs, series, log) {
  /** @param {Numbers} values */
  const drawn = (values) =>
    Array.from(values, (value) => (Number.isFinite(value) && (!log || value > 0) ? value : null));
  const columns = series.flatMap(({ values, low, high }) => (low && high ? [values, low, high] : [values]));
  return [epochs, ...columns.map(drawn)];
}

/**
 * The values at the cursor in words.
 *
 * @param {number[]} epochs
 * @param {Series[]} series
 * @param {number | null | undefined} at index of the epoch; none while the cursor is elsewhere.
 * @param {number} focused place of the line that is pointed at, as in `placesOf`.
 */
export function readoutOf(epochs, series, at, focused) {
  if (at === null || at === undefined) return " ";
  const places = placesOf(series);
  const read = series.filter((_, i) => series.length <= MAX_READ_OUT || places[i] === focused);
  const words = read.map(({ name, values, low, high }) => {
    const around = low && high && low[at] !== high[at] ? ` (${number(low[at])} to ${number(high[at])})` : "";
    return `${name} ${number(values[at])}${around}`;
  });
  return `${recordWords(epochs[at])} · ${words.join(" · ") || "point at a line"}`;
}

/**
 * The reason why no line is to be seen.
 *
 * @param {Series[]} series
 */
export function absenceOf(series) {
  const values = series.flatMap((each) => Array.from(each.values));
  if (!values.length) return "nothing measured yet";
  if (values.every((value) => value === 0)) return "exactly 0 in every epoch";
  if (values.every((value) => Number.isNaN(value))) return "no number in any epoch: not sent, or NaN";
  return values.some(Number.isFinite) ? "0 or not finite in every epoch" : "not finite in any epoch";
}

/**
 * A name for each line; pointing at it focuses the line.
 *
 * @param {Series[]} series
 * @param {uPlot} chart
 * @returns {Child[]}
 */
function keysOf(series, chart) {
  const places = placesOf(series);
  const keys = series.slice(0, MAX_KEYS).map(({ name, colour }, i) => {
    const focus = () => chart.setSeries(places[i], { focus: true });
    const blur = () => chart.setSeries(/** @type {any} */ (null), { focus: true }); // uPlot's types know no null
    const listeners = { onpointerenter: focus, onpointerleave: blur, onfocus: focus, onblur: blur };
    const line = h("span", { class: "line", style: { background: colour } });
    return h("li", {}, h("button", { type: "button", ...listeners }, line, name));
  });
  const more = series.length - MAX_KEYS;
  return [...keys, more > 0 && h("li", { class: "muted" }, `and ${more} more`)];
}
