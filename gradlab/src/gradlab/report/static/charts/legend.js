// The legend of a heat map: what its colours mean.

import { penOf } from "./canvas.js";
import { SIZES } from "./colours.js";
import { NOT_FINITE } from "./heat_cells.js";
import { fill, h } from "../shared/element.js";

const FAILURE = { words: NOT_FINITE, isUndefined: false };

/** @param {Child} readout the place where values under the pointer are read out. */
export function legend(readout = null) {
  const canvas = h("canvas", { width: 256, height: 1, "aria-hidden": "true" });
  const ramp = h("div", { class: "ramp" }, canvas);
  const element = h("div", { class: "legend" }, ramp);
  const image = new ImageData(256, 1);
  SIZES.forEach((colour, i) => image.data.set([...colour, 255], 4 * i));
  penOf(canvas).putImageData(image, 0, 0);
  return {
    element,
    /**
     * @param {import("./scale.js").Scale} scale
     * @param {string} unit
     * @param {{lost: boolean, zero: boolean}} present the colours of their own that occur.
     * @param {{words: string, isUndefined: boolean}} [why] there is no number.
     */
    show(scale, unit, { lost, zero }, { words, isUndefined } = FAILURE) {
      fill(ramp, canvas, marksOf(scale));
      fill(
        element,
        ramp,
        h("span", {}, unit),
        lost && h("span", { class: "swatch" }, h("i", { class: isUndefined ? "undefined" : "lost" }), words),
        zero && h("span", { class: "swatch" }, h("i"), "exactly 0"),
        readout,
      );
    },
  };
}

/** @param {import("./scale.js").Scale} scale */
function marksOf(scale) {
  const { marks, names } = scale;
  return marks.map((mark, i) => {
    const left = Math.min(96, Math.max(3, 100 * scale.place(mark))); // a mark at an end stays inside
    return h("span", { style: { left: `${left}%` } }, names[i]);
  });
}
