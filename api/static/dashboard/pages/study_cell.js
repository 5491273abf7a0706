// The cell of a study that the reader has chosen: what it shows, its experiments, and cells kept for a comparison.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { number, seconds } from "../shared/format.js";
import { facts } from "../shared/table.js";
import { pointWords } from "./study_axes.js";
import { failingWords, illnessOf } from "./study_columns.js";

const [MIN_COMPARED, MAX_COMPARED] = [2, 6];
const INVITATION = "Click a cell to see its numbers; a double click, or Enter, opens its experiment.";

/**
 * The address that compares cells: the first experiment of each.
 *
 * @param {StudyCell[]} cells
 * @returns {string | null} null for fewer than two, or more than six.
 */
export function comparisonOf(cells) {
  const ids = cells.flatMap(({ experiment_ids: [first] }) => first ?? []);
  return ids.length >= MIN_COMPARED && ids.length <= MAX_COMPARED ? `#/compare/${ids.join(",")}` : null;
}

/** @param {StudyCell} cell @returns {string | null} the address of its first experiment; null before there is one. */
export const experimentOf = ({ experiment_ids: [first] }) => (first ? `#/experiment/${first}` : null);

/**
 * @param {string} metric of the study, in words.
 * @param {(positions: number[]) => void} onKeep called with the positions of the cells that are kept.
 */
export function cellView(metric, onKeep) {
  const shown = h("div", { class: "stack", id: "cell" }, h("p", { class: "muted" }, INVITATION));
  const keeping = h("div", { class: "row", id: "kept" });
  /** @type {Map<number, StudyCell>} by position. */
  let cells = new Map();
  /** @type {number | null} */
  let position = null;
  /** @type {Set<number>} */
  const kept = new Set();
  /** @type {Map<string, string>} */
  let titles = new Map();
  const isNew = isChanged();

  function draw() {
    const cell = position === null ? undefined : cells.get(position);
    const compared = [...kept].flatMap((each) => cells.get(each) ?? []);
    if (!isNew([cell, compared])) return;
    if (cell) fill(shown, cellWords(cell, metric, titles, keepButton(cell, kept.has(cell.position), toggle)));
    fill(keeping, keptWords(compared, forget));
  }

  /** @param {number} at */
  function toggle(at) {
    if (!kept.delete(at)) kept.add(at);
    draw();
    onKeep([...kept]);
  }

  function forget() {
    kept.clear();
    draw();
    onKeep([]);
  }

  return {
    element: h("section", { class: "panel stack", "aria-label": "The chosen cell" }, shown, keeping),
    /** @param {StudyCell[]} next @param {Map<string, string>} names titles of the rules. */
    show(next, names) {
      cells = new Map(next.map((cell) => [cell.position, cell]));
      titles = names;
      draw();
    },
    /** @param {StudyCell} cell */
    choose(cell) {
      position = cell.position;
      draw();
    },
  };
}

/** @param {StudyCell} cell @param {boolean} isKept @param {(position: number) => void} toggle */
function keepButton({ position, experiment_ids: ids }, isKept, toggle) {
  const attributes = { type: "button", id: "keep", "aria-pressed": String(isKept), disabled: !ids.length };
  const onclick = () => toggle(position);
  return h("button", { ...attributes, onclick }, isKept ? "Kept to compare" : "Keep to compare");
}

/**
 * @param {StudyCell} cell
 * @param {string} metric its name.
 * @param {Map<string, string>} titles of the rules.
 * @param {Child} keep
 * @returns {Child[]}
 */
function cellWords(cell, metric, titles, keep) {
  const { status, experiment_ids: ids, seeds, seeds_done: done, metric: spread, failing, seconds: took, error } = cell;
  const between = spread && spread.count > 1 ? ` (${number(spread.low)} to ${number(spread.high)})` : "";
  const links = ids.map((id, i) => {
    const words = ids.length > 1 ? `Experiment ${i + 1}` : "Open the experiment";
    return h("a", { class: "button", href: `#/experiment/${id}` }, words);
  });
  return [
    h("h2", {}, pointWords(cell)),
    h("p", { class: "row" }, illness(cell, titles)),
    facts(
      ["seeds done", `${done} of ${seeds}`],
      spread && [`${metric}, median`, `${number(spread.median)}${between}`],
      failing && ["failing", failingWords(failing)],
      cell.pruned && ["pruned at epoch", `${cell.pruned.epoch}, at ${metric} ${number(cell.pruned.value)}`],
      took !== null && ["took", seconds(took)],
      ...Object.entries(cell.measures).map(/** @returns {[string, string]} */ ([name, value]) => [name, number(value)]),
    ),
    error && h("p", { class: "notice bad" }, error),
    h("div", { class: "row" }, links, status !== "refused" && keep),
  ];
}

/** @param {StudyCell} cell @param {Map<string, string>} titles @returns {Child[]} */
function illness(cell, titles) {
  const { verdict, root_cause: root, status } = cell;
  if (!verdict) return [h("span", { class: "tag", "data-kind": status }, status)];
  const cause = root && (titles.get(root) ?? root);
  return [
    h("span", { class: "tag", "data-kind": verdict }, verdict),
    cause && h("span", { title: illnessOf(cell, titles) }, cause),
  ];
}

/** @param {StudyCell[]} cells @param {() => void} onForget @returns {Child[]} */
function keptWords(cells, onForget) {
  if (!cells.length) return [];
  const address = comparisonOf(cells);
  const words = cells.length > MAX_COMPARED ? `${cells.length} kept, at most ${MAX_COMPARED} are compared` : null;
  return [
    address
      ? h("a", { class: "button primary", id: "compare", href: address }, `Compare ${cells.length} cells`)
      : h("span", { class: "muted" }, words ?? "Keep another cell to compare it with"),
    h("button", { type: "button", onclick: onForget }, "Forget them"),
    h("span", { class: "muted small" }, cells.map(pointWords).join("; ")),
  ];
}
