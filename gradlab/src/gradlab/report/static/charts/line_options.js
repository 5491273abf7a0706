// The style of a line chart, as uPlot takes it.

import { token, translucent } from "./colours.js";
import { placeOf } from "../shared/axis.js";
import { markNames } from "../shared/format.js";
import { decade } from "./scale.js";

/** @typedef {import("../uplot.js").default} Plot */
/** @typedef {import("../uplot.js").default.Options} PlotOptions */
/** @typedef {{height: number, unit: string, log: boolean, range: [number, number] | null}} ChartStyle */
/** @typedef {{onCursor: (plot: Plot) => void, onSeries: (plot: Plot, index: number | null) => void}} PlotHooks */

const FONT = "11px system-ui";
const EDGE = { stroke: "transparent", points: { show: false } };

/**
 * The options of a plot.
 *
 * @param {Series[]} series
 * @param {number} width in pixels.
 * @param {ChartStyle} style
 * @param {PlotHooks} hooks
 * @returns {PlotOptions}
 */
export function plotOptions(series, width, { height, unit, log, range }, { onCursor, onSeries }) {
  return {
    width,
    height,
    ...seriesOptions(series),
    scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: range ? () => range : undefined } },
    axes: axesOptions(unit, log),
    cursor: { y: false, points: { size: 5 }, drag: { x: true, y: false }, focus: { prox: 24 } },
    legend: { show: false },
    padding: [10, 20, 0, 0],
    hooks: { setCursor: [onCursor], setSeries: [onSeries] },
    focus: { alpha: 0.25 },
  };
}

/**
 * The place of each line among uPlot's series: the axis is the first, and a band takes two more for its edges.
 *
 * @param {{low?: Numbers}[]} series
 */
export function placesOf(series) {
  let place = 1;
  return series.map(({ low }) => {
    const own = place;
    place += low ? 3 : 1;
    return own;
  });
}

/** @param {Series[]} series */
function seriesOptions(series) {
  /** @type {import("../uplot.js").default.Series[]} */
  const styled = [{}];
  /** @type {import("../uplot.js").default.Band[]} */
  const bands = [];
  for (const { name, colour, low } of series) {
    const points = { show: (/** @type {Plot} */ plot) => plot.data[0].length < 3 };
    styled.push({ label: name, stroke: colour, width: 1.5, points });
    if (low) {
      styled.push(EDGE, EDGE);
      bands.push({ series: [styled.length - 1, styled.length - 2], fill: translucent(colour) });
    }
  }
  return { series: styled, bands };
}

/**
 * The axes: epochs, and values with their unit.
 *
 * @param {string} unit
 * @param {boolean} log
 * @returns {import("../uplot.js").default.Axis[]}
 */
function axesOptions(unit, log) {
  const axis = {
    stroke: token("--muted"),
    grid: { stroke: token("--grid"), width: 1 },
    ticks: { show: false },
    font: FONT,
    size: 30,
  };
  /** @param {Plot} _ @param {number[]} marks */
  const epochs = (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? placeOf(mark) : ""));
  /** @param {Plot} _ @param {(number | null)[]} marks */
  const values = (_, marks) => (log ? marks.map((mark) => (mark === null ? "" : decade(mark))) : axisNames(marks));
  return [
    { ...axis, values: epochs },
    { ...axis, size: 52, label: unit, labelSize: 16, labelFont: FONT, values },
  ];
}

/** @param {(number | null)[]} marks @returns {string[]} "" where there is no mark. */
function axisNames(marks) {
  const names = markNames(/** @type {number[]} */ (marks.filter((mark) => mark !== null)));
  return marks.map((mark) => (mark === null ? "" : /** @type {string} */ (names.shift())));
}
