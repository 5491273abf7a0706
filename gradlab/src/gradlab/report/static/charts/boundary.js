// The decision boundary: a network's answers over the plane of its two inputs at an epoch, and the samples in front.

import { redrawOnChange } from "./canvas.js";
import { css } from "./colours.js";
import { recordWords } from "../shared/axis.js";
import { fill, h } from "../shared/element.js";
import { number } from "../shared/format.js";
import { filesOf, frame } from "./frame.js";
import { noticeView } from "./notice.js";
import { readBoundary, readSamples } from "../data/measured.js";
import { clamp } from "../shared/numbers.js";
import { classAt, className, nearestRow, reachOf, sharesOf } from "./plane.js";
import { drawPlane, LEFT, swatchOf, TOP } from "./plane_canvas.js";
import { get } from "../data/source.js";

const REREAD_MILLISECONDS = 2000; // between two readings: the stream does not carry boundaries
const MAX_SWATCHES = 12;
const MAX_OUTPUTS = 4; // that are all read out; of more only the winner
const SIGNS = ["●", "▲", "■", "◆"];
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {import("../data/measured.js").Boundary} Boundary */
/** @typedef {[number, number]} Cell column and row of a point of the plane. */

/**
 * The view of an experiment's decision boundary.
 *
 * @param {string} id
 * @param {number[]} seeds
 * @param {boolean} hasSamples true to show the samples, too.
 * @param {AbortSignal} signal ends it.
 * @returns {Promise<Awaited<ReturnType<typeof boundaryView>> | null>} null if there is none.
 */
export async function boundaryOf(id, seeds, hasSamples, signal) {
  const { charts } = await get(`/experiments/${id}/charts`, { signal });
  const names = charts.map((/** @type {{name: string}} */ { name }) => name);
  return names.includes("boundary") ? boundaryView(id, seeds, hasSamples, signal) : null;
}

/** @param {string} id @param {number[]} seeds @param {boolean} hasSamples @param {AbortSignal} signal */
async function boundaryView(id, seeds, hasSamples, signal) {
  const state = { seed: seeds[0], epoch: Infinity, readAt: Date.now() };
  const reading = hasSamples ? readSamples(id, signal) : { training: [], validation: [] };
  const [first, samples] = await Promise.all([readBoundary(id, state.seed, signal), reading]);
  let data = first;
  const counts = [samples.training.length, samples.validation.length];
  const figure = boundaryFigure(id, seedChoice(seeds, choose), counts);
  const plane = planeView(samples, figure.setReadout);
  figure.add(plane.element);
  const row = () => nearestRow(data.epochs, state.epoch);

  function show() {
    const values = data.epochs.length ? data.at(row()) : null;
    figure.show(data, state.seed, row(), values);
    plane.show(data, values, state.seed, data.epochs[row()]);
  }

  async function read() {
    state.readAt = Date.now();
    const { seed } = state;
    const next = await readBoundary(id, seed, signal);
    if (signal.aborted || seed !== state.seed) return;
    data = next;
    show();
  }

  /** @param {number} seed */
  function choose(seed) {
    state.seed = seed;
    figure.notice.attempt(read, signal);
  }

  redrawOnChange(figure.element, () => data.epochs.length && show());
  show();
  return {
    element: figure.element,
    read,
    /** Take note of new epochs: the boundary is read again, though not more often than it can be seen. */
    grow() {
      if (Date.now() - state.readAt > REREAD_MILLISECONDS) read().catch(() => {});
    },
    /** @param {number} next the epoch that is shown. */
    at(next) {
      const before = row();
      state.epoch = next;
      if (row() !== before) show();
    },
  };
}

/** @param {number[]} seeds @param {(seed: number) => void} onSeed @returns {Child} nothing where there is no choice. */
function seedChoice(seeds, onSeed) {
  if (seeds.length < 2) return null;
  const options = seeds.map((seed) => h("option", { value: String(seed) }, `seed ${seed}`));
  const onchange = () => onSeed(Number(choice.value));
  /** @type {HTMLSelectElement} */
  const choice = h("select", { id: "boundary-seed", onchange }, options);
  return h("div", { class: "choices" }, h("label", { for: "boundary-seed" }, "Seed", choice));
}

/**
 * The figure around the plane: what it shows, its legend, the shares of the classes.
 *
 * @param {string} id
 * @param {Child} controls
 * @param {number[]} counts of training and validation samples.
 */
function boundaryFigure(id, controls, [training, validation]) {
  const nothing = h("p", { class: "muted" }, "Nothing is measured yet.");
  const readout = h("p", { class: "readout", "aria-live": "polite" }, " ");
  const keys = h("div", { class: "legend" });
  const shares = h("p", { class: "small" });
  const body = h("div", { class: "stack" }, keys, shares, readout);
  const notice = noticeView();
  const about = { title: "Decision boundary", about: "", controls, id: "boundary" };
  const figure = frame(about, notice.element, nothing, body);
  const isEmpty = training + validation === 0;
  const samples = isEmpty
    ? "no sample is shown"
    : `${training} training samples (filled), ${validation} validation samples (hollow)`;
  const csv = { label: "Samples", path: `/experiments/${id}/samples`, accept: "text/csv", name: `${id}-samples.csv` };
  return {
    element: figure.element,
    notice,
    /** @param {HTMLElement} plane */
    add: (plane) => body.prepend(plane),
    /** @param {string} words */
    setReadout: (words) => {
      readout.textContent = words;
    },
    /** @param {Boundary} data @param {number} seed @param {number} row @param {Float32Array | null} values */
    show(data, seed, row, values) {
      nothing.hidden = values !== null;
      body.hidden = values === null;
      figure.setFiles([...filesOf(id, "boundary", { seed: String(seed) }, "boundary"), ...(isEmpty ? [] : [csv])]);
      if (!values) return figure.setAbout(`seed ${seed}`);
      const { epochs, threshold } = data;
      const quantity =
        threshold === null ? "the class of the largest output" : `output for class 1, line at ${threshold}`;
      const when = `${recordWords(epochs[row])}, the nearest of ${epochs.length} that are recorded`;
      figure.setAbout([`seed ${seed}`, when, quantity, samples].join(" · "));
      shares.textContent = `Of the plane: ${sharesOf(data, values)}.`;
      return fill(keys, legendOf(data, values));
    },
  };
}

/**
 * The canvas with the plane, which is read by pointer and by keyboard.
 *
 * @param {import("../data/measured.js").Samples} samples
 * @param {(words: string) => void} setReadout
 */
function planeView(samples, setReadout) {
  const canvas = h("canvas", { class: "cells", role: "img", tabindex: 0, "aria-label": "Decision boundary" });
  const element = h("div", { class: "plane" }, canvas);
  /** @type {{data: Boundary, values: Float32Array} | null} */
  let shown = null;
  /** @type {Cell | null} */
  let pointer = null;
  /** @type {import("./plane_canvas.js").Place | null} */
  let place = null;

  function draw() {
    if (shown) place = drawPlane(canvas, element.clientWidth, { ...shown, samples, pointer });
    setReadout(shown && pointer ? readoutOf(shown.data, shown.values, pointer) : " ");
  }

  /** @param {Cell | null} next */
  function point(next) {
    pointer = next;
    draw();
  }

  canvas.addEventListener("pointermove", (event) => {
    if (shown && place) point(cellAt(event, canvas, place, shown.data));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    point(moved(pointer, step, shown.data));
  });
  for (const name of ["pointerleave", "blur"]) canvas.addEventListener(name, () => point(null));
  return {
    element,
    /** @param {Boundary} data @param {Float32Array | null} values @param {number} seed @param {number} epoch */
    show(data, values, seed, epoch) {
      shown = values && { data, values };
      if (!values) return;
      const label = `Decision boundary of seed ${seed} at epoch ${epoch}: ${sharesOf(data, values)}.`;
      canvas.setAttribute("aria-label", `${label} Arrow keys read values.`);
      canvas.dataset.epoch = String(epoch);
      draw();
    },
  };
}

/**
 * The point under the pointer.
 *
 * @param {PointerEvent} event
 * @param {HTMLElement} canvas
 * @param {{across: number, down: number}} place
 * @param {Boundary} data
 * @returns {Cell}
 */
function cellAt(event, canvas, { across, down }, { x, y }) {
  const box = canvas.getBoundingClientRect();
  const [right, top] = [x.length - 1, y.length - 1];
  const column = Math.round(((event.clientX - box.left - LEFT) / across) * right);
  const row = Math.round(((TOP + down - (event.clientY - box.top)) / down) * top);
  return [clamp(column, right), clamp(row, top)];
}

/**
 * The point a step away; the first step is from the middle.
 *
 * @param {Cell | null} cell
 * @param {Cell} step
 * @param {{x: Numbers, y: Numbers}} data
 * @returns {Cell}
 */
export function moved(cell, [right, up], { x, y }) {
  const [column, row] = cell ?? [x.length >> 1, y.length >> 1];
  return [clamp(column + right, x.length - 1), clamp(row + up, y.length - 1)];
}

/**
 * The values at a point of the plane in words.
 *
 * @param {Boundary} data
 * @param {Float32Array} values
 * @param {Cell} cell
 */
export function readoutOf(data, values, [column, row]) {
  const { x, y, classes, points } = data;
  const point = row * x.length + column;
  const winner = classAt(data, values, point);
  const outputs = classes.map((answer, unit) => ({ answer, value: values[unit * points + point] }));
  const read = outputs.length > MAX_OUTPUTS ? outputs.filter(({ answer }) => answer === winner) : outputs;
  const words = read.map(({ answer, value }) => `output for class ${answer}: ${number(value)}`).join(" · ");
  return `at ${number(x[column])}, ${number(y[row])} · ${words} · ${className(winner)}`;
}

/** @param {Boundary} data @param {Float32Array} values @returns {Child[]} the meaning of the colours and the marks. */
function legendOf(data, values) {
  const { threshold } = data;
  const reach = reachOf(data, values);
  const shown = threshold === null ? data.classes : [0, 1];
  const swatches = shown.slice(0, MAX_SWATCHES).map((answer) => {
    const colour = h("i", { style: { background: css(swatchOf(answer)) } });
    return h("span", { class: "swatch" }, colour, `${SIGNS[answer % SIGNS.length]} class ${answer}`);
  });
  const isLost = values.some((value) => !Number.isFinite(value));
  return [
    ...swatches,
    threshold !== null && h("span", { class: "muted" }, strengthOf(threshold, reach)),
    isLost && h("span", { class: "swatch" }, h("i", { class: "lost" }), "not finite"),
  ];
}

/** @param {number} threshold @param {number} reach */
const strengthOf = (threshold, reach) =>
  `strongest at ${number(threshold - reach)} and ${number(threshold + reach)}, none at ${threshold}`;
