// Histograms over the epochs as ridge lines, the last in front: as TensorBoard drew them.

import { cleared, redrawOnChange } from "./canvas.js";
import { css, SIZES, token } from "./colours.js";
import { axisName, placeOf } from "../shared/axis.js";
import { h } from "../shared/element.js";
import { raised } from "../shared/format.js";
import { spread } from "../shared/numbers.js";

const MAX_RIDGES = 36;
const MAX_LABELS = 8; // of epochs
const HEIGHT = 320; // pixels, as all that follow
const TOP = 56;
const FOOT = 24;
const LEFT = 8;
const RIGHT = 56; // room for the epochs' names
const PEAK = TOP - 12;
const MARK_WIDTH = 44;

/** @typedef {import("../data/measured.js").Histograms} Histograms */
/** @typedef {{low: number, high: number, x: (bin: number) => number}} BinAxis the bins that are shown. */

/** @param {{label: string}} options the label for readers who do not see it. */
export function ridges({ label }) {
  const style = { width: "100%", height: `${HEIGHT}px`, display: "block" };
  const canvas = h("canvas", { role: "img", "aria-label": label, style });
  const element = h("div", { class: "plot" }, canvas);
  /** @type {Histograms | null} */
  let data = null;
  const draw = () => data && drawRidges(canvas, element.clientWidth, data);
  redrawOnChange(element, draw);
  return {
    element,
    /** @param {Histograms} next */
    show(next) {
      data = next;
      draw();
    },
  };
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {Histograms} data */
function drawRidges(canvas, width, { epochs, counts, edges }) {
  const pen = cleared(canvas, width, HEIGHT);
  pen.font = "11px system-ui";
  const rows = spread(epochs.length, MAX_RIDGES);
  const [low, high] = usedBins(rows.map((row) => counts[row]));
  const right = width - RIGHT;
  const axis = {
    low,
    high,
    x: (/** @type {number} */ bin) => LEFT + ((bin - low) / Math.max(1, high - low)) * (right - LEFT),
  };
  const step = (HEIGHT - FOOT - TOP) / Math.max(1, rows.length - 1);
  rows.forEach((row, i) => {
    const base = TOP + step * i;
    drawRidge(pen, counts[row], axis, base, i / Math.max(1, rows.length - 1));
    if (i % Math.ceil(rows.length / MAX_LABELS) === 0 || i === rows.length - 1) {
      pen.fillStyle = token("--muted");
      pen.fillText(String(placeOf(epochs[row])), right + 8, base + 3);
    }
  });
  drawMarks(pen, edges, axis);
  pen.fillStyle = token("--muted");
  pen.fillText(axisName(), right + 8, 12);
}

/**
 * One epoch's histogram, as high as its own peak.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} counts
 * @param {BinAxis} axis
 * @param {number} base the vertical place of 0.
 * @param {number} age from 0, the first epoch, to 1, the last.
 */
function drawRidge(pen, counts, { low, high, x }, base, age) {
  const peak = Math.max(...counts, 1);
  pen.beginPath();
  pen.moveTo(x(low), base);
  for (let bin = low; bin <= high; bin += 1) pen.lineTo(x(bin), base - (counts[bin] / peak) * PEAK);
  pen.lineTo(x(high), base);
  pen.closePath();
  pen.fillStyle = token("--panel");
  pen.fill();
  pen.fillStyle = css(SIZES[Math.round(40 + 170 * age)]).replace(")", " / 55%)");
  pen.fill();
  pen.strokeStyle = token("--ink");
  pen.lineWidth = 0.6;
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {number[]} edges @param {BinAxis} axis */
function drawMarks(pen, edges, { low, high, x }) {
  pen.fillStyle = token("--muted");
  pen.textAlign = "center";
  let before = -Infinity;
  for (let bin = low; bin <= high; bin += 1) {
    const name = binName(edges, bin);
    if (name && x(bin) - before > MARK_WIDTH) {
      pen.fillText(name, x(bin), HEIGHT - 6);
      before = x(bin);
    }
  }
  pen.textAlign = "start";
}

/**
 * The name of a bin: zero, or every second decade.
 *
 * @param {number[]} edges of the bins, negative ones first.
 * @param {number} bin
 * @returns {string | null} null for the rest.
 */
export function binName(edges, bin) {
  if (bin === edges.length / 2) return "0";
  const edge = bin < edges.length / 2 ? edges[bin] : edges[bin - 1];
  if (edge === undefined) return null;
  const exponent = Math.log10(Math.abs(edge));
  if (Math.abs(exponent - Math.round(exponent)) > 0.01 || Math.round(exponent) % 2) return null;
  return `${edge < 0 ? "−" : ""}10${raised(Math.round(exponent))}`;
}

/**
 * The first and the last bin that is shown: those that hold anything, and one more on each side.
 *
 * @param {number[][]} counts epochs × bins.
 * @returns {[number, number]}
 */
export function usedBins(counts) {
  const bins = counts[0].length;
  let [low, high] = [Infinity, -Infinity];
  for (const row of counts) {
    row.forEach((count, bin) => {
      if (count > 0) [low, high] = [Math.min(low, bin), Math.max(high, bin)];
    });
  }
  return low > high ? [0, bins - 1] : [Math.max(0, low - 1), Math.min(bins - 1, high + 1)];
}
