// The numbers that the views of layers show, and the size of a layer at an epoch.

import { layerOf } from "./layer_words.js";
import { readLayers } from "../data/measured.js";
import { Scale } from "../charts/scale.js";

const REREAD_MILLISECONDS = 2000; // between two readings of what the stream does not carry

/** @typedef {import("../data/grid.js").Grid} Grid */
/** @typedef {import("./layer_choice.js").Choice} Choice */
/** @typedef {Pick<Choice, "kind" | "statistic">} Quantity */

/**
 * @typedef {object} LayersOptions
 * @property {string} id
 * @property {number[]} seeds
 * @property {Record<string, unknown>} recorded the fields of the spec that say what is recorded.
 * @property {boolean} isElsewhere true for an external training.
 * @property {AbortSignal} signal ends the views.
 * @property {(read: () => Promise<void>) => Promise<void>} hold reads while the events of the stream are held.
 * @property {(epoch: number) => void} onEpoch called with an epoch that is clicked.
 * @property {(grid: Grid | null) => void} onGrid called with the grid that takes the gradients of the stream, or with
 *   null if none does.
 */

/**
 * The grid of what is chosen.
 *
 * @param {LayersOptions} options
 * @param {Choice} choice
 * @param {() => void} onRead called when it was read anew.
 */
export function layerGrid({ id, recorded, signal, hold, onGrid }, choice, onRead) {
  /** @type {Grid | null} */
  let grid = null;
  /** @type {Quantity} */
  let shown = { kind: choice.kind, statistic: choice.statistic }; // that of the grid: what is chosen may not be there
  let readAt = 0;
  const scaleOfMedian = cachedScale();

  async function readNow() {
    readAt = Date.now();
    const { kind, statistic } = choice;
    const next = recorded[kind.record] ? await readLayers(id, kind.path, { statistic: statistic.name }, signal) : null;
    if (signal.aborted || kind !== choice.kind || statistic !== choice.statistic) return;
    grid = next;
    shown = { kind, statistic };
    onGrid(isStreamed(choice) ? grid : null);
    onRead();
  }

  const read = () => hold(readNow);
  return {
    read,
    /** @returns {Grid | null} null if the kind is not recorded. */
    current: () => grid,
    /** @returns {Quantity} whose numbers the grid has: where another one could not be read, the one before. */
    shown: () => shown,
    /** Take note of new epochs: numbers that the stream does not carry are read again, now and then. */
    grow() {
      if (!isStreamed(choice) && Date.now() - readAt > REREAD_MILLISECONDS) read().catch(() => {});
    },
    /** @param {string} layer @returns {number} its column; -1 if it has none. */
    rowOf: (layer) => grid?.columns.findIndex((column) => layerOf(column) === layer) ?? -1,
    /**
     * The size of a layer at an epoch.
     *
     * @param {number} row
     * @param {number} epoch
     * @returns {import("../charts/strip.js").LayerSize | null} null if nothing is measured.
     */
    sizeAt(row, epoch) {
      if (!grid?.rows) return null;
      const { middle, lost } = grid.summary();
      const at = grid.rowAt(epoch) * grid.columns.length + row;
      const { scale, missing } = shown.statistic;
      const place = scaleOfMedian(grid, scale).place(middle[at]);
      return { value: middle[at], lost: Boolean(lost[at]) && !missing, place };
    },
  };
}

/** @param {Quantity} quantity @returns {boolean} true if the stream carries these numbers. */
export const isStreamed = ({ kind, statistic }) => kind.name === "gradients" && statistic.name === "mean_abs";

/** The scale of a grid's median, made once for the numbers that there are: every box of the strip reads it. */
function cachedScale() {
  /** @type {{grid: Grid, size: number, kind: ScaleKind, scale: Scale} | null} */
  let cache = null;
  /** @param {Grid} grid @param {ScaleKind} kind */
  return (grid, kind) => {
    const size = grid.rows * grid.columns.length;
    if (cache?.grid !== grid || cache.size !== size || cache.kind !== kind) {
      cache = { grid, size, kind, scale: Scale.over(kind, grid.current().middle) };
    }
    return cache.scale;
  };
}
