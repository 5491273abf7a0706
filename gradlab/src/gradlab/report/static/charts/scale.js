// Scales of numbers, and the marks on them.

import { markNames, number, power } from "../shared/format.js";

/** A scale: the place of each number between 0 and 1. */
export class Scale {
  /**
   * @param {ScaleKind} kind
   * @param {number} min the lower end; a logarithmic scale spans twelve decades at most.
   * @param {number} max the upper end. A share goes from 0 to 1, whatever the ends.
   */
  constructor(kind, min, max) {
    this.kind = kind;
    const [low, high] = endsOf(kind, min, max);
    this.min = low;
    this.max = high;
  }

  /**
   * The scale of the finite numbers among these; a logarithmic scale takes those above 0.
   *
   * @param {ScaleKind} kind
   * @param {...Numbers} arrays
   */
  static over(kind, ...arrays) {
    let min = Infinity;
    let max = -Infinity;
    for (const array of arrays) {
      for (let i = 0; i < array.length; i += 1) {
        const value = array[i];
        if (Number.isFinite(value) && (kind !== "log" || value > 0)) {
          if (value < min) min = value;
          if (value > max) max = value;
        }
      }
    }
    return new Scale(kind, min === Infinity ? 0 : min, max === -Infinity ? 1 : max);
  }

  /** @param {number} value @returns {number} its place: 0 at the lower end, 1 at the upper one. */
  place(value) {
    if (this.kind !== "log") return (value - this.min) / (this.max - this.min);
    return Math.log(value / this.min) / Math.log(this.max / this.min);
  }

  /** The values that are marked, rising: five, or every decade of a few. */
  get marks() {
    const { kind, min, max } = this;
    if (kind !== "log") return [0, 0.25, 0.5, 0.75, 1].map((part) => min + part * (max - min));
    const [low, high] = [Math.ceil(Math.log10(min) - 1e-9), Math.floor(Math.log10(max) + 1e-9)];
    if (high < low) return [min, max];
    const step = Math.max(1, Math.ceil((high - low) / 5));
    const decades = [];
    for (let exponent = low; exponent <= high; exponent += step) decades.push(10 ** exponent);
    if (decades.length > 1) return decades;
    return [min, ...decades, max].filter((mark, i, all) => !i || mark > all[i - 1] * 1.3);
  }

  /** The names of the marks: no two are alike. */
  get names() {
    return markNames(this.marks, this.kind === "log" ? power : number);
  }
}

/** @param {ScaleKind} kind @param {number} min @param {number} max @returns {[number, number]} */
function endsOf(kind, min, max) {
  if (kind === "share") return [0, 1];
  if (kind === "linear") return min < max ? [min, max] : [min, min + 1];
  if (!(max > 0)) return [0.1, 1];
  const low = Math.max(min, max * 1e-12); // what is smaller still has the darkest colour
  return low < max ? [low, max] : [max / 10, max];
}

/**
 * The distance of marks on an axis: the smallest of 1, 2, 5, 10, 20 … that is not below a size.
 *
 * @param {number} min above 0.
 */
export function roundStep(min) {
  const decade = 10 ** Math.floor(Math.log10(min));
  return [1, 2, 5].map((each) => each * decade).find((step) => step >= min) ?? 10 * decade;
}

/**
 * Round numbers along an axis, about four.
 *
 * @param {number} low
 * @param {number} high above `low`.
 */
export function ticks(low, high) {
  const step = roundStep((high - low) / 4);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/**
 * The columns that have a label: the first of some rising numbers, and where they pass a round one.
 *
 * @param {(number | string)[]} columns
 * @param {number} max how many labels there is room for.
 */
export function labelledColumns(columns, max) {
  const [first, last] = [Number(columns[0]), Number(columns[columns.length - 1])];
  if (!(last > first)) return [0];
  const step = roundStep(Math.max(1, (last - first) / max));
  const places = [0];
  for (let value = Math.ceil((first + step / 2) / step) * step; value <= last; value += step) {
    places.push(columns.findIndex((column) => Number(column) >= value));
  }
  return [...new Set(places)]; // columns that lie far apart pass several round numbers at once
}

/** @param {number} value @returns {string} its name where it is a power of ten, "" where it is none. */
export function decade(value) {
  const exponent = Math.log10(value);
  return Math.abs(exponent - Math.round(exponent)) < 1e-6 ? power(value) : "";
}
