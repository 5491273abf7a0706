// The map of a study with its choices: the column in colours, the axes, and values of further axes.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { cellsWith, mapAxis, NO_AXIS, shownValue } from "./study_axes.js";
import { cellView, experimentOf } from "./study_cell.js";
import { columnsOf } from "./study_columns.js";
import { studyMap } from "./study_map.js";
import { answerOf, studyPictures } from "./study_pictures.js";

/** @typedef {import("./study_columns.js").Column} Column */

/**
 * @param {Study} study
 * @param {import("./study_columns.js").Ranges & {recipes: StudyRecipe[]}} catalogue
 * @param {AbortSignal} signal of the page.
 */
export function studyField(study, catalogue, signal) {
  const columns = columnsOf(study, study.spec.measures, catalogue);
  const controls = axisControls(columns, () => draw());
  const cell = cellView(study.metric.replaceAll("_", " "), (positions) => map.keep(positions));
  const map = studyMap({ onChoice: cell.choose, onOpen: open });
  const pictures = studyPictures(study.id, answerOf(study.name, catalogue.recipes), signal);
  /** @type {StudyTable | null} */
  let table = null;
  /** @type {Map<string, string>} */
  let titles = new Map();

  /** @param {StudyCell} chosen */
  function open(chosen) {
    const address = experimentOf(chosen);
    if (address) location.hash = address;
  }

  function draw() {
    if (!table) return;
    const { x, y, column, fixed } = controls.chosen(table);
    map.show({ cells: cellsWith(table.rows, fixed), x, y, column, titles });
  }

  const label = { class: "panel stack", id: "field", "aria-label": "Map" };
  const mapPanel = h("section", label, h("h2", {}, "Map"), controls.element, map.element);
  return {
    element: h(
      "div",
      { class: "field-and-charts" },
      h("div", { class: "field" }, mapPanel, cell.element),
      pictures.element,
    ),
    /** @param {StudyTable} next @param {Map<string, string>} names titles of the rules. */
    show(next, names) {
      table = next;
      titles = names;
      controls.offer(next);
      draw();
      cell.show(next.rows, names);
      pictures.show(next);
    },
  };
}

/** @param {Column[]} columns @param {() => void} onchange */
function axisControls(columns, onchange) {
  const options = columns.map(({ name, label }) => pair(name, label));
  const colour = choice("column", options, onchange);
  const further = h("span", { class: "choices" });
  /** @type {ReturnType<typeof axisChoices> | null} */
  let axes = null;
  const isNew = isChanged();

  return {
    element: h("div", { class: "choices" }, labelled("Colour", colour), further),
    /** @param {StudyTable} table whose axes are offered; an extension adds values. */
    offer(table) {
      if (isNew(table.axes)) axes = axisChoices(table.axes, further, onchange);
    },
    /** @param {StudyTable} table */
    chosen(table) {
      const [x, y] = axes?.along() ?? table.axes;
      return {
        x: mapAxis(x),
        y: y && x.name !== y.name ? mapAxis(y) : NO_AXIS,
        column: columns.find(({ name }) => name === colour.value) ?? columns[0],
        fixed: axes?.fixed() ?? new Map(),
      };
    },
  };
}

/**
 * The choice of two axes among several, and of a value for each of the others.
 *
 * @param {StudyAxis[]} axes
 * @param {HTMLElement} element in which they stand.
 * @param {() => void} onchange
 */
function axisChoices(axes, element, onchange) {
  const options = axes.map(({ name }) => pair(name, name));
  const [across, up] = ["across", "up"].map((id) => choice(id, options, offer));
  if (options.length > 1) up.value = options[1][0];
  // Points of a search have each value once: its map shows them all.
  const isGrid = axes.every(({ values }) => values);
  /** @type {[string, HTMLSelectElement][]} */
  let others = [];

  function offerFurther() {
    const rest = axes.filter(({ name }) => isGrid && name !== across.value && name !== up.value);
    others = rest.map(({ name, values }) => {
      const shown = (values ?? []).map((value) => pair(JSON.stringify(value), shownValue(value)));
      return [name, choice(`at-${axes.findIndex((axis) => axis.name === name)}`, shown, onchange)];
    });
    const both = axes.length > 2 && [labelled("Across", across), labelled("Up", up)];
    fill(
      element,
      both,
      others.map(([name, select]) => labelled(name, select)),
    );
  }

  function offer() {
    offerFurther();
    onchange();
  }

  offerFurther();
  return {
    along: () => [across, up].map(({ value }) => axes.find(({ name }) => name === value) ?? axes[0]),
    fixed: () => new Map(others.map(([name, select]) => [name, select.value])),
  };
}

/** @param {string} value @param {string} words @returns {[string, string]} */
const pair = (value, words) => [value, words];

/** @param {string} id @param {string[][]} options value and words of each. @param {() => void} onchange */
function choice(id, options, onchange) {
  return h(
    "select",
    { id, onchange },
    options.map(([value, words]) => h("option", { value }, words)),
  );
}

/** @param {string} words @param {HTMLSelectElement} select */
const labelled = (words, select) => h("label", {}, words, select);
