// Numbers, times and sizes in the words of a reader.

/** @type {Record<string, string>} */
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const MAX_DIGITS = 8; // float32 has no more
/** @type {[string, number][]} */
const UNITS_OF_TIME = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/**
 * A number in three digits: 0.0123, 4.56, 1.2·10⁻⁷.
 *
 * @param {number | null | undefined} value
 * @param {number} digits
 */
export function number(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e-3 && size < 1e5) return sign + String(Number(size.toPrecision(digits)));
  const exponent = Math.floor(Math.log10(size));
  return `${sign}${(size / 10 ** exponent).toFixed(digits - 2)}·10${raised(exponent)}`;
}

/**
 * Names of numbers along an axis, in as many digits as tell them apart.
 *
 * @param {number[]} values no two are equal.
 * @param {(value: number) => string} [short] names them where its names differ.
 * @returns {string[]}
 */
export function markNames(values, short = number) {
  let names = values.map((value) => short(value));
  for (let digits = 3; digits <= MAX_DIGITS && new Set(names).size < values.length; digits += 1) {
    names = values.map((value) => number(value, digits));
  }
  return names;
}

/**
 * A metric of a run's last epoch in words.
 *
 * @param {Record<string, number | null> | null | undefined} metrics null before the first epoch.
 * @param {string} name
 * @param {(value: number) => string} [shown]
 */
export function metricWords(metrics, name, shown = number) {
  if (!metrics) return "–";
  const value = metrics[name];
  if (value === undefined) return "not measured";
  return value === null ? "not finite" : shown(value);
}

/** @param {number} exponent @returns {string} its digits as superscripts. */
export const raised = (exponent) => String(exponent).replace(/[-\d]/g, (digit) => RAISED[digit]);

/**
 * A power of ten, as an axis names it.
 *
 * @param {number} value
 */
export function power(value) {
  const exponent = Math.round(Math.log10(value));
  return exponent >= -2 && exponent <= 3 ? String(Number(value.toPrecision(2))) : `10${raised(exponent)}`;
}

/**
 * A share or an accuracy in three decimals.
 *
 * @param {number | null | undefined} value
 */
export const share = (value) => (value === null || value === undefined || Number.isNaN(value) ? "–" : value.toFixed(3));

/**
 * The time since a moment, in words.
 *
 * @param {string} time as the service writes it.
 * @param {number} now in milliseconds.
 */
export function ago(time, now = Date.now()) {
  const elapsed = Math.max(0, (now - new Date(time).getTime()) / 1000);
  if (elapsed < 60) return "just now";
  for (const [name, length] of UNITS_OF_TIME) {
    const count = Math.floor(elapsed / length);
    if (count) return `${count} ${name}${count > 1 ? "s" : ""} ago`;
  }
  return "";
}

/** @param {number} value a duration in seconds. */
export function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${value.toFixed(1)} s`;
  return `${Math.round(value / 60)} min`;
}

/**
 * The time from one moment to another, in words.
 *
 * @param {string} start as the service writes it.
 * @param {string} end
 */
export const elapsed = (start, end) => seconds((new Date(end).getTime() - new Date(start).getTime()) / 1000);

/** @param {number} value a size in bytes. */
export const bytes = (value) => (value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`);

/**
 * A name as a title: `val_loss` is "Val loss".
 *
 * @param {string} name
 */
export const titled = (name) => name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase());

/**
 * The seeds of an experiment in words.
 *
 * @param {number[]} seeds
 */
export function seedsOf(seeds) {
  if (seeds.length === 1) return `seed ${seeds[0]}`;
  return seeds.length <= 4 ? `seeds ${seeds.join(", ")}` : `${seeds.length} seeds`;
}
