// Numbers and times as a reader sees them.

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** A number in three digits: 0.0123, 4.56, 1.2·10⁻⁷. */
export function number(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e-3 && size < 1e5) return sign + String(Number(size.toPrecision(3)));
  const exponent = Math.floor(Math.log10(size));
  return `${sign}${(size / 10 ** exponent).toFixed(1)}·10${raised(exponent)}`;
}

export const raised = (exponent) => String(exponent).replace(/[-\d]/g, (digit) => RAISED[digit]);

/** A power of ten on an axis. */
export function power(value) {
  const exponent = Math.round(Math.log10(value));
  return exponent >= -2 && exponent <= 3 ? String(Number(value.toPrecision(2))) : `10${raised(exponent)}`;
}

/** The smallest of 1, 2, 5, 10, 20 ... that is not below some size: the distance of marks on an axis. */
export function roundStep(least) {
  const decade = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((each) => each * decade).find((each) => each >= least);
}

export const share = (value) => (value === null || value === undefined || Number.isNaN(value) ? "–" : value.toFixed(3));

/** How long ago, in words. */
export function ago(time, now = Date.now()) {
  const seconds = Math.max(0, (now - new Date(time)) / 1000);
  if (seconds < 60) return "just now";
  for (const [name, length] of [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    const count = Math.floor(seconds / length);
    if (count) return `${count} ${name}${count > 1 ? "s" : ""} ago`;
  }
  return "";
}

export function seconds(value) {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 120) return `${value.toFixed(1)} s`;
  return `${Math.round(value / 60)} min`;
}

export const bytes = (value) => (value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`);

/** The seeds of an experiment in words. */
export function seedsOf(seeds) {
  if (seeds.length === 1) return `seed ${seeds[0]}`;
  return seeds.length <= 4 ? `seeds ${seeds.join(", ")}` : `${seeds.length} seeds`;
}
