// The colours of the charts, the same as in the charts that the service draws.
//
// viridis for sizes (van der Walt & Smith), cividis for depth (Nuñez et al. 2018), Okabe & Ito 2008 for a few lines.

const VIRIDIS = [
  "440154",
  "48186a",
  "472d7b",
  "424086",
  "3b528b",
  "33638d",
  "2c728e",
  "26828e",
  "21918c",
  "1fa088",
  "28ae80",
  "3fbc73",
  "5ec962",
  "84d44b",
  "addc30",
  "d8e219",
  "fde725",
];
const CIVIDIS = [
  "00224e",
  "002e6a",
  "1a386f",
  "32436d",
  "434e6c",
  "535a6d",
  "61656f",
  "6f7073",
  "7d7c78",
  "8c8878",
  "9b9476",
  "aba072",
  "bcae6c",
  "cdbb63",
  "dec958",
  "f0d846",
  "fee838",
];
export const FEW = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
/**
 * Blue is too dark on a dark ground, and a lighter blue too near to sky blue: their yellow instead of that.
 *
 * @type {Record<string, string>}
 */
const ON_DARK = { "#0072b2": "#4da3d8", "#56b4e9": "#f0e442" };

/** 256 colours from small to large. */
export const SIZES = Array.from({ length: 256 }, (_, i) => between(VIRIDIS, i / 255));

/**
 * A colour as [r, g, b], each from 0 to 255.
 *
 * @param {string} hex `#` and six hexadecimal digits.
 * @returns {RGB}
 */
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** @param {RGB} colour */
export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/** @param {string} colour as `#rrggbb` or `rgb(…)`. @returns {string} the same at 18 %. */
export const translucent = (colour) => (colour.startsWith("#") ? `${colour}2e` : colour.replace(")", " / 18%)"));

/**
 * The colour of a size.
 *
 * @param {number} place from 0, the smallest, to 1; what is beyond has the colour of the end.
 */
export const sizeColour = (place) => SIZES[Math.min(255, Math.max(0, Math.round(place * 255)))];

/**
 * A colour for each line, first to last; where they are many, by depth. Readable on the ground of the theme.
 *
 * @param {number} count
 */
export function lineColours(count) {
  if (count <= FEW.length) return FEW.slice(0, count).map((colour) => (dark() && ON_DARK[colour]) || colour);
  const [from, to] = dark() ? [0.3, 1] : [0, 0.86];
  return Array.from({ length: count }, (_, i) => css(between(CIVIDIS, from + ((to - from) * i) / (count - 1))));
}

/** @param {string} name of a variable of the style sheet. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const dark = () => token("--is-dark") === "1";

/**
 * The colour at a place between the first and the last of some stops.
 *
 * @param {string[]} stops six hexadecimal digits each.
 * @param {number} place from 0 to 1.
 * @returns {RGB}
 */
function between(stops, place) {
  const at = Math.min(0.9999, Math.max(0, place)) * (stops.length - 1);
  const left = Math.floor(at);
  return [0, 2, 4].map((digit) => {
    const [a, b] = [stops[left], stops[left + 1]].map((stop) => parseInt(stop.slice(digit, digit + 2), 16));
    return Math.round(a + (b - a) * (at - left));
  });
}
