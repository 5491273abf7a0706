// A sparkline: validation accuracy, or loss, of an experiment over its epochs, as the median of its seeds.

import { cleared } from "./canvas.js";
import { token } from "./colours.js";
import { h } from "../shared/element.js";
import { number } from "../shared/format.js";
import { median } from "../shared/numbers.js";
import { get } from "../data/source.js";

const MAX_POINTS = 60;
const WIDTH = 120; // pixels, as the height
const HEIGHT = 26;
const METRICS = ["val_accuracy", "accuracy", "val_loss", "loss"]; // the first of these that is measured is drawn

/** @typedef {{metrics: Record<string, (number | null)[]>}} RunHistory */
/** @typedef {{name: string, values: (number | null)[]}} Trend */

/**
 * The sparkline of an experiment: read only once it is in sight, and again when the experiment has moved.
 *
 * @param {string} id
 * @param {AbortSignal} signal
 */
export function trend(id, signal) {
  const canvas = h("canvas", { class: "spark", role: "img", "aria-label": "not measured yet" });
  let state = ""; // of the experiment; "" while it has no epoch
  let stateRead = "";
  let visible = false;
  /** @type {Trend | null} */
  let data = null;
  const name = h("div", { class: "muted small" });
  const redraw = () => data && draw(canvas, data);

  async function refresh() {
    if (!state || stateRead === state || !visible) return;
    stateRead = state;
    try {
      const { runs } = await get(`/experiments/${id}/history?max_points=${MAX_POINTS}`, { signal });
      data = trendOf(runs) ?? data;
      if (data) canvas.setAttribute("aria-label", labelOf(data));
      if (data) name.textContent = `${nameOf(data)}${data.values.some((each) => each !== null) ? "" : ": not finite"}`;
      redraw();
    } catch {
      if (!signal.aborted) stateRead = "";
    }
  }

  const watch = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    if (visible) refresh();
  });
  watch.observe(canvas);
  window.addEventListener("themechange", redraw, { signal });
  signal.addEventListener("abort", () => watch.disconnect());
  return {
    element: h("div", {}, canvas, name),
    /** @param {Experiment} experiment */
    update({ status, progress }) {
      state = progress.epochs_done ? `${status} ${progress.epochs_done}` : "";
      refresh();
    },
  };
}

/**
 * The median over the runs of the metric that is drawn.
 *
 * @param {RunHistory[]} runs
 * @returns {Trend | null} null if nothing is measured.
 */
export function trendOf(runs) {
  const name = METRICS.find((metric) => runs[0]?.metrics[metric]);
  if (!name) return null;
  const columns = runs.map((run) => run.metrics[name]);
  const length = Math.max(...columns.map((column) => column.length));
  return length ? { name, values: Array.from({ length }, (_, i) => median(columns.map((column) => column[i]))) } : null;
}

/** @param {Trend} data */
const labelOf = ({ name, values }) => `${nameOf({ name })}, ends at ${number(values.at(-1))}`;

/** @param {Pick<Trend, "name">} data @returns {string} the samples and the metric. */
export const nameOf = ({ name }) =>
  name.startsWith("val_") ? name.replace("val_", "validation ") : `training ${name}`;

/** @param {HTMLCanvasElement} canvas @param {Trend} data */
function draw(canvas, { name, values }) {
  const pen = cleared(canvas, WIDTH, HEIGHT);
  const finite = values.filter((value) => value !== null);
  const isAccuracy = name.endsWith("accuracy");
  const [low, high] = isAccuracy ? [Math.min(0.4, ...finite), 1] : [Math.min(...finite), Math.max(...finite)];
  /** @param {number} value */
  const y = (value) => HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
  pen.strokeStyle = token("--grid");
  pen.beginPath();
  pen.moveTo(0, HEIGHT - 2.5);
  pen.lineTo(WIDTH, HEIGHT - 2.5);
  pen.stroke();
  pen.strokeStyle = token("--accent");
  pen.lineWidth = 1.5;
  pen.beginPath();
  values.forEach((value, i) => {
    if (value !== null) pen.lineTo((i / Math.max(1, values.length - 1)) * (WIDTH - 4) + 2, y(value));
  });
  pen.stroke();
}
