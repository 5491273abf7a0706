// The views of one kind of series, layer by layer: the heat map first, all layers' lines, and one layer closely.

import { oncePerFrame } from "../charts/canvas.js";
import { noticeView } from "../charts/notice.js";
import { readLayerKinds } from "../data/catalogue.js";
import { h } from "../shared/element.js";
import { allLayersFigure, mapFigure } from "./layer_charts.js";
import { layerChoice } from "./layer_choice.js";
import { layerDetail } from "./layer_detail.js";
import { isStreamed, layerGrid } from "./layer_grid.js";
import { absenceOf, layerOf } from "./layer_words.js";

/** @typedef {import("./layer_grid.js").LayersOptions} LayersOptions */

/** @param {LayersOptions} options */
export async function layerViews(options) {
  const notice = noticeView();
  const onSeries = () => notice.attempt(numbers.read, options.signal);
  const listeners = { onSeries, onSeed: () => figures.draw() };
  const { element, choice } = layerChoice(await readLayerKinds(), options.seeds, listeners);
  const controls = h("div", { class: "stack" }, element, notice.element);
  const numbers = layerGrid(options, choice, () => figures.draw());
  const figures = layerFigures(options, choice, controls, numbers);
  const drawSoon = oncePerFrame(figures.draw, options.signal);
  await numbers.read();
  const { read, rowOf, sizeAt } = numbers;
  /** Take note of new epochs. */
  const grow = () => (isStreamed(choice) ? drawSoon() : numbers.grow());
  return { ...figures, read, rowOf, sizeAt, grow };
}

/**
 * The figures of the layers, which share what is chosen and what is shown.
 *
 * @param {LayersOptions} options
 * @param {import("./layer_choice.js").Choice} chosen
 * @param {Child} controls of the choice.
 * @param {Pick<ReturnType<typeof layerGrid>, "current" | "shown">} numbers
 */
function layerFigures({ id, seeds, isElsewhere, signal, onEpoch }, chosen, controls, { current, shown: quantity }) {
  const map = mapFigure(id, controls, { onRow: open, onEpoch });
  const all = allLayersFigure(id);
  const detail = layerDetail(id, seeds, signal, close);
  const shown = { layer: -1, epoch: Infinity };

  function draw() {
    const grid = current();
    const choice = { ...chosen, ...quantity() };
    const absence = absenceOf(choice, grid, isElsewhere);
    map.announce(choice, absence);
    all.element.hidden = Boolean(absence);
    if (shown.layer >= 0) detail.element.hidden = Boolean(absence);
    if (!grid || absence) return;
    const ofSeed = choice.seed === null ? grid : grid.only(grid.seeds.indexOf(choice.seed));
    map.show({ choice, grid: ofSeed, seeds }, shown.epoch);
    all.show({ choice, grid: ofSeed, seeds });
    if (shown.layer >= 0 && shown.layer < grid.columns.length) detail.show({ choice, grid, seeds }, shown.layer);
  }

  /** @param {number} row index of the layer. */
  async function open(row) {
    const column = current()?.columns[row];
    if (column === undefined) return;
    choose(row);
    detail.open(column);
    draw();
    await detail.readHistograms(quantity().kind.name, layerOf(column));
    detail.element.scrollIntoView({ block: "nearest", behavior: "auto" });
  }

  function close() {
    choose(-1);
    detail.close();
  }

  /** @param {number} row index of the layer; -1 for none. */
  function choose(row) {
    shown.layer = row;
    map.choose(row);
  }

  /** @param {number} epoch the epoch that is shown. */
  function at(epoch) {
    shown.epoch = epoch;
    map.at(epoch);
  }

  return { map: map.element, all: all.element, detail: detail.element, draw, open, at };
}
