// Colours: viridis for sizes (van der Walt & Smith), cividis for depth (Nuñez et al. 2018), Okabe & Ito 2008 for a few lines.

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
// Blue is too dark there, and a lighter one too near to sky blue: their yellow instead of that.
const ON_DARK = { "#0072b2": "#4da3d8", "#56b4e9": "#f0e442" };

function between(stops, share) {
  const place = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1);
  const left = Math.floor(place);
  const mixed = [0, 2, 4].map((at) => {
    const [a, b] = [stops[left], stops[left + 1]].map((stop) => parseInt(stop.slice(at, at + 2), 16));
    return Math.round(a + (b - a) * (place - left));
  });
  return mixed;
}

/** 256 colours from small to large, as [r, g, b]. */
export const SIZES = Array.from({ length: 256 }, (_, i) => between(VIRIDIS, i / 255));

/** A colour as [r, g, b], from six hexadecimal digits. */
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

export const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

/** A colour for each line, first to last; where they are many, by depth. Readable on the ground of the theme. */
export function lines(count) {
  if (count <= FEW.length) return FEW.slice(0, count).map((each) => (dark() && ON_DARK[each]) || each);
  const [from, to] = dark() ? [0.3, 1] : [0, 0.86];
  return Array.from({ length: count }, (_, i) => css(between(CIVIDIS, from + ((to - from) * i) / (count - 1))));
}

export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const dark = () => token("--is-dark") === "1";

/** From a number to its place between 0 and 1 on a scale, and back. */
export class Scale {
  /**
   * @param {"log"|"share"|"linear"} kind how numbers are spread.
   * @param {number} least, most the ends.
   */
  constructor(kind, least, most) {
    this.kind = kind;
    if (kind === "share") [least, most] = [0, 1];
    if (kind === "log") {
      if (!(most > 0)) [least, most] = [0.1, 1];
      least = Math.max(least, most * 1e-12); // what is smaller still has the darkest colour
    }
    if (!(least < most)) [least, most] = kind === "log" ? [most / 10, most] : [least, least + 1];
    [this.least, this.most] = [least, most];
  }

  /** Of the finite numbers among these; on a logarithmic scale of those above 0. */
  static over(kind, ...arrays) {
    let least = Infinity;
    let most = -Infinity;
    for (const array of arrays) {
      for (let i = 0; i < array.length; i += 1) {
        const value = array[i];
        if (Number.isFinite(value) && (kind !== "log" || value > 0)) {
          if (value < least) least = value;
          if (value > most) most = value;
        }
      }
    }
    return new Scale(kind, least === Infinity ? 0 : least, most === -Infinity ? 1 : most);
  }

  share(value) {
    if (this.kind !== "log") return (value - this.least) / (this.most - this.least);
    return Math.log(value / this.least) / Math.log(this.most / this.least);
  }

  /** Where marks stand: [value, ...]. */
  get marks() {
    if (this.kind !== "log") return [0, 0.25, 0.5, 0.75, 1].map((part) => this.least + part * (this.most - this.least));
    const [low, high] = [Math.ceil(Math.log10(this.least) - 1e-9), Math.floor(Math.log10(this.most) + 1e-9)];
    if (high < low) return [this.least, this.most];
    const step = Math.max(1, Math.ceil((high - low) / 5));
    const found = [];
    for (let exponent = low; exponent <= high; exponent += step) found.push(10 ** exponent);
    return found.length > 1
      ? found
      : [this.least, ...found, this.most].filter((each, i, all) => !i || each > all[i - 1] * 1.3);
  }
}
