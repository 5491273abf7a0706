// The progress of a study: how many trainings are done, and its cells by their state.

import { fill, h } from "../shared/element.js";

/** States of cells, those with a result first; further ones follow. @type {CellStatus[]} */
const IN_ORDER = ["completed", "pruned", "failed", "refused", "cancelled", "running", "queued", "waiting"];

/** @param {StudyProgress} progress */
export const trainingsWords = ({ trainings_done: done, trainings }) =>
  `${done.toLocaleString("en")} of ${trainings.toLocaleString("en")}`;

/** @param {StudyProgress} progress @returns {string} its cells by their state: "3 completed, 2 waiting". */
export function cellsWords({ cells_by_status: counts }) {
  const states = new Set([...IN_ORDER, .../** @type {CellStatus[]} */ (Object.keys(counts))]);
  return [...states]
    .flatMap((state) => (counts[state] ? `${counts[state].toLocaleString("en")} ${state}` : []))
    .join(", ");
}

/** A bar, and the words beside it. */
export function progressView() {
  const bar = h("progress", { class: "whole", "aria-label": "trainings done" });
  const words = h("span", { class: "muted small" });
  return {
    element: h("div", { class: "stack", id: "progress" }, bar, words),
    /** @param {StudyProgress} progress */
    show(progress) {
      bar.max = progress.trainings || 1;
      bar.value = progress.trainings_done;
      fill(words, `${progress.cells.toLocaleString("en")} cells: ${cellsWords(progress)}`);
    },
  };
}
