// The map of a study: a cell for each point of two axes, chosen by pointer or keys.

import { redrawOnChange } from "../charts/canvas.js";
import { boxAt, boxBeside } from "./study_boxes.js";
import { mapDrawing } from "./study_drawing.js";

/** @typedef {import("./study_boxes.js").Box} Box */

/**
 * @param {{onChoice: (cell: StudyCell) => void, onOpen: (cell: StudyCell) => void}} listeners a cell is chosen by a
 *   click or an arrow key, and opened by a second click or the key Enter.
 */
export function studyMap({ onChoice, onOpen }) {
  const { element, canvas, outline, readOut, draw } = mapDrawing();
  /** @type {import("./study_drawing.js").MapView | null} */
  let view = null;
  /** @type {Box[]} */
  let boxes = [];
  /** @type {number | null} */
  let cursor = null;
  /** @type {Set<number>} positions of cells that are kept for a comparison. */
  let kept = new Set();

  const here = () => boxes.find(({ cell }) => cell.position === cursor) ?? null;
  const mark = () =>
    outline(
      here(),
      boxes.filter(({ cell }) => kept.has(cell.position)),
    );
  const read = (/** @type {Box | null} */ box) => readOut(view, box);

  function redraw() {
    if (!view || !element.clientWidth) return;
    boxes = draw(view);
    mark();
  }

  /** @param {Box | null} box */
  function choose(box) {
    if (!box) return;
    cursor = box.cell.position;
    read(box);
    mark();
    onChoice(box.cell);
  }

  listen(canvas, () => boxes, here, { readOut: read, choose, open: ({ cell }) => onOpen(cell) });
  redrawOnChange(element, redraw);
  return {
    element,
    /** @param {import("./study_drawing.js").MapView} next */
    show(next) {
      view = next;
      redraw();
    },
    /** @param {Iterable<number>} positions */
    keep(positions) {
      kept = new Set(positions);
      mark();
    },
  };
}

/**
 * Listen to the pointer and the keys.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {() => Box[]} boxes of all cells.
 * @param {() => Box | null} here the box at which the cursor stands.
 * @param {{readOut: (box: Box | null) => void, choose: (box: Box | null) => void, open: (box: Box) => void}} listeners
 */
function listen(canvas, boxes, here, { readOut, choose, open }) {
  const at = (/** @type {MouseEvent} */ { offsetX, offsetY }) => boxAt(boxes(), offsetX, offsetY);
  /** @param {Box | null} box */
  const openAny = (box) => box && open(box);
  canvas.addEventListener("pointermove", (event) => readOut(at(event)));
  canvas.addEventListener("pointerleave", () => readOut(here()));
  canvas.addEventListener("click", (event) => choose(at(event)));
  canvas.addEventListener("dblclick", (event) => openAny(at(event)));
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter") openAny(here());
    if (event.key.startsWith("Arrow")) event.preventDefault();
    choose(boxBeside(boxes(), here()?.cell.position ?? null, event.key));
  });
}
