// The colours of a study's cells: of their illnesses, or of their numbers on a scale.

import { css, lineColours, rgb, sizeColour, token } from "../charts/colours.js";
import { number } from "../shared/format.js";
import { categoriesOf, illnessOf, scaleOver } from "./study_columns.js";

/** @typedef {import("./study_columns.js").Column} Column */
/** @typedef {{fill: string, text: string, isLost: boolean}} Paint of a cell; isLost if it gets no result. */
/** @typedef {{fill: string, words: string}} Key one colour of the legend. */

const GREEN = 2; // the place of green among the colours of lines, which healthy cells have
/** In the legend of cells that are crossed out on the map. */
const CROSSED = "repeating-linear-gradient(45deg, var(--lost) 0 3px, var(--zero) 3px 5px)";
/** @type {Partial<Record<CellStatus, string>>} the tokens of cells without a result. */
const EARLY = { waiting: "--sunken", queued: "--faint", running: "--muted" };

/**
 * The painter of a column over some cells.
 *
 * @param {Column} column
 * @param {StudyCell[]} cells
 * @param {Map<string, string>} titles of the rules.
 * @returns {{paint: (cell: StudyCell) => Paint, scale: import("../charts/scale.js").Scale | null, keys: Key[]}}
 */
export function painterOf(column, cells, titles) {
  const scale = scaleOver(column, cells);
  const states = statePaints();
  const inner = scale ? sizePaint(column, scale) : illnessPaint(cells, titles);
  const present = new Set(cells.filter((cell) => !inner.paint(cell)).map(({ status }) => status));
  return {
    paint: (cell) => inner.paint(cell) ?? states(cell.status),
    scale,
    keys: [...inner.keys, ...stateKeys(present, states)],
  };
}

/** @param {Set<CellStatus>} present @param {(status: CellStatus) => Paint} paint @returns {Key[]} one by colour. */
function stateKeys(present, paint) {
  /** @type {Map<string, string[]>} */
  const words = new Map();
  for (const status of present) {
    const { fill: colour, isLost } = paint(status);
    const fill = isLost ? CROSSED : colour;
    words.set(fill, [...(words.get(fill) ?? []), wordsOf(status)]);
  }
  return [...words].map(([fill, names]) => ({ fill, words: names.join(", ") }));
}

/** @param {CellStatus} status */
const wordsOf = (status) => (status === "completed" ? "no finite value" : status);

/** @returns {(status: CellStatus) => Paint} */
function statePaints() {
  /** @type {Map<CellStatus, Paint>} */
  const paints = new Map();
  return (status) => {
    let paint = paints.get(status);
    if (!paint) {
      const early = EARLY[status];
      paint = { fill: token(early ?? "--zero"), text: "", isLost: !early };
      paints.set(status, paint);
    }
    return paint;
  };
}

/** @param {Column} column @param {import("../charts/scale.js").Scale} scale */
function sizePaint({ value }, scale) {
  return {
    keys: [],
    /** @param {StudyCell} cell @returns {Paint | null} */
    paint(cell) {
      const size = value(cell);
      const place = size === null ? NaN : scale.place(size);
      if (size === null || Number.isNaN(place)) return null;
      return { fill: css(sizeColour(place)), text: number(size, 2), isLost: false };
    },
  };
}

/** @param {StudyCell[]} cells @param {Map<string, string>} titles */
function illnessPaint(cells, titles) {
  const illnesses = new Map(cells.map((cell) => [cell.position, illnessOf(cell, titles)]));
  const { names, of } = categoriesOf([...illnesses.values()]);
  const ill = lineColours(6).filter((_, i) => i !== GREEN);
  const colours = [token("--healthy"), token("--zero"), ...ill];
  const occurring = new Set([...illnesses.values()].flatMap((each) => (each ? [of(each)] : [])));
  const keys = names.map((name, i) => ({ fill: colours[i], words: i > 1 ? `${i - 1} ${name}` : name }));
  return {
    keys: keys.filter((_, i) => occurring.has(i)),
    /** @param {StudyCell} cell @returns {Paint | null} */
    paint({ position }) {
      const illness = illnesses.get(position);
      if (!illness) return null;
      const place = of(illness);
      return { fill: colours[place], text: place > 1 ? String(place - 1) : place ? "?" : "", isLost: false };
    },
  };
}

/** @param {string} fill as `#rrggbb` or `rgb(r g b)`. @returns {string} black or white, whichever is read on it. */
export function inkOn(fill) {
  const [r, g, b] = fill.startsWith("#") ? rgb(fill) : (fill.match(/\d+/g) ?? []).map(Number);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.18 ? "#000000" : "#ffffff";
}

/** @param {number} value of a colour's channel, in sRGB. @returns {number} its light, from 0 to 1. */
const linear = (value) => (value <= 10 ? value / 3295 : ((value / 255 + 0.055) / 1.055) ** 2.4);
