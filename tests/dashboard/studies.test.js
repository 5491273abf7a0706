// Studies: where cells stand on a map, what colours them, how they are ordered, and the request of a recipe.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellsWith,
  mapAxis,
  NO_AXIS,
  pointWords,
  roomFor,
  shownValue,
} from "../../api/static/dashboard/pages/study_axes.js";
import { boxAt, boxBeside, boxesOf, sizeOf } from "../../api/static/dashboard/pages/study_boxes.js";
import { comparisonOf, experimentOf } from "../../api/static/dashboard/pages/study_cell.js";
import {
  categoriesOf,
  columnsOf,
  columnWords,
  illnessOf,
  ordered,
  scaleOver,
} from "../../api/static/dashboard/pages/study_columns.js";
import { bestOf, withCells } from "../../api/static/dashboard/pages/study_live.js";
import { inkOn } from "../../api/static/dashboard/pages/study_paint.js";
import { answerOf } from "../../api/static/dashboard/pages/study_pictures.js";
import { cellsWords, trainingsWords } from "../../api/static/dashboard/pages/study_progress.js";
import { choicesOf, countOf, requestOf } from "../../api/static/dashboard/pages/study_request.js";

const U01 = { kind: "random_uniform", minval: 0, maxval: 1 };
const WIDTH = { name: "width", values: [5, 10], scale: "linear", low: null, high: null };
const START = { name: "start", values: [U01, "glorot_uniform"], scale: "names", low: null, high: null };
const RATE = { name: "rate", values: null, scale: "log", low: 1e-4, high: 1 };
const TITLES = new Map([["dead_units", "Dead units"]]);

/** A cell with a metric and a number of five failing seeds. */
const cell = (position, values, more = {}) => ({
  position,
  values,
  status: "completed",
  experiment_ids: [`id${position}`],
  seeds: 5,
  seeds_done: 5,
  metric: { median: 0.5, low: 0.25, high: 0.75, count: 5 },
  failing: { count: 0, of: 5, low: 0, high: 0.434 },
  verdict: "healthy",
  root_cause: null,
  measures: {},
  seconds: 1,
  error: null,
  ...more,
});

/** Every combination of two widths and two initialisers. */
const GRID = WIDTH.values.flatMap((width, i) => START.values.map((start, j) => cell(2 * i + j, { width, start })));
const SIZE = { width: 200, height: 100 };

test("listed values have equal bands, by their JSON; a value that the axis lacks has no place", () => {
  const axis = mapAxis(START);
  assert.deepEqual([axis.place({ ...U01 }), axis.place("glorot_uniform")], [0.25, 0.75]);
  assert.ok(Number.isNaN(axis.place("he_uniform")));
  assert.deepEqual(axis.marks, [
    { place: 0.25, name: "random_uniform(minval=0, maxval=1)" },
    { place: 0.75, name: "glorot_uniform" },
  ]);
});

test("a distribution has the place of each number on its scale", () => {
  const axis = mapAxis(RATE);
  assert.ok(Math.abs(axis.place(0.01) - 0.5) < 1e-12);
  assert.equal(axis.count, null);
  assert.deepEqual([axis.marks[0].name, axis.marks.at(-1)], ["10⁻⁴", { place: 1, name: "1" }]);
  assert.equal(mapAxis({ ...RATE, scale: "linear", low: 0, high: 10 }).place(5), 0.5);
});

test("values are shown in a few characters, and marks only where they have room", () => {
  assert.deepEqual([0.1 + 0.2, 32, "adam", U01].map(shownValue), [
    "0.3",
    "32",
    "adam",
    "random_uniform(minval=0, maxval=1)",
  ]);
  assert.equal(pointWords(GRID[1]), "width 5, start glorot_uniform");
  const marks = Array.from({ length: 10 }, (_, i) => ({ name: String(i) }));
  const names = (room) => roomFor(marks, room, () => 20).map(({ name }) => name);
  assert.deepEqual(
    names(200),
    marks.map(({ name }) => name),
  );
  assert.deepEqual(names(70), ["0", "3", "6", "9"]);
});

test("a map shows the cells with the chosen values of further axes", () => {
  assert.deepEqual(cellsWith(GRID, new Map()), GRID);
  const chosen = new Map([["start", JSON.stringify(U01)]]);
  assert.deepEqual(
    cellsWith(GRID, chosen).map(({ position }) => position),
    [0, 2],
  );
});

test("the first value is left, and below; a pointer means the cell under it", () => {
  const boxes = boxesOf(GRID, mapAxis(WIDTH), mapAxis(START), SIZE);
  assert.deepEqual(
    boxes.map(({ left, top }) => [left, top]),
    [
      [0, 50],
      [0, 0],
      [100, 50],
      [100, 0],
    ],
  );
  assert.equal(boxAt(boxes, 150, 10)?.cell.position, 3);
  assert.equal(boxAt(boxes, 99, 99)?.cell.position, 0);
  assert.equal(boxAt(boxes, 250, 10), null);
});

test("points of a distribution stay inside the map, and one axis alone is one row", () => {
  const cells = [cell(0, { rate: 1e-4 }), cell(1, { rate: 1 }), cell(2, { rate: "none" })];
  const boxes = boxesOf(cells, mapAxis(RATE), NO_AXIS, SIZE);
  assert.equal(boxes.length, 2);
  assert.equal(boxes[0].left, 0);
  assert.ok(Math.abs(boxes[1].left + boxes[1].width - 200) < 1e-9);
  assert.deepEqual([boxes[0].top, boxes[0].height], [0, 100]);
  assert.deepEqual(sizeOf(mapAxis(WIDTH), NO_AXIS, 900), { width: 224, height: 44 });
  assert.equal(sizeOf(mapAxis(WIDTH), NO_AXIS, 100).width, 100);
});

test("arrow keys lead from cell to cell, and stop at the end", () => {
  const boxes = boxesOf(GRID, mapAxis(WIDTH), mapAxis(START), SIZE);
  const from = (position, key) => boxBeside(boxes, position, key)?.cell.position ?? null;
  assert.equal(from(null, "ArrowLeft"), 0);
  assert.deepEqual(
    ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "Enter"].map((key) => from(0, key)),
    [2, 1, null, null, null],
  );
});

test("ten thousand cells are placed, painted by their order and found within a fraction of a second", () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const [x, y] = ["x", "y"].map((name) => mapAxis({ name, values, scale: "linear", low: null, high: null }));
  const cells = values.flatMap((a) => values.map((b) => cell(100 * a + b, { x: a, y: b })));
  const start = process.cpuUsage();
  const boxes = boxesOf(cells, x, y, { width: 800, height: 560 });
  ordered(cells, "best first", true);
  categoriesOf(cells.map((each) => illnessOf(each, TITLES)));
  assert.equal(boxAt(boxes, 799, 1)?.cell.position, 9999);
  assert.equal(boxBeside(boxes, 0, "ArrowRight")?.cell.position, 100);
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 500_000, `${user + system} µs`);
});

test("columns have the scale of what they measure", () => {
  const measures = [
    { name: "arriving", series: "signals", statistic: "rms", epoch: 0, reduce: "ratio" },
    { name: "zeros", series: "signals", statistic: "zeros", epoch: 0, reduce: "mean" },
  ];
  const catalogue = {
    metrics: [{ kind: "accuracy", range: "[0, 1], higher is better" }],
    statistics: { signals: [{ name: "zeros", scale: "share" }] },
  };
  const columns = columnsOf({ metric: "val_accuracy" }, measures, catalogue);
  assert.deepEqual(
    columns.map(({ name, scale }) => [name, scale]),
    [
      ["diagnosis", null],
      ["failing", "share"],
      ["metric", "share"],
      ["arriving", "log"],
      ["zeros", "share"],
    ],
  );
  assert.equal(columnsOf({ metric: "val_loss" }, [], catalogue)[2].scale, "linear");
  const [, failing, metric, arriving] = columns;
  const ill = cell(0, {}, { failing: { count: 2, of: 5, low: 0.12, high: 0.77 }, measures: { arriving: 1e-3 } });
  assert.deepEqual([failing.value(ill), metric.value(ill), arriving.value(ill)], [0.4, 0.5, 1e-3]);
  assert.equal(columnWords(failing, ill, TITLES), "2 of 5 fail (12 to 77 %)");
  assert.equal(columnWords(metric, ill, TITLES), "0.5 (0.25 to 0.75)");
  assert.equal(columnWords(arriving, ill, TITLES), "0.001");
  const waiting = cell(1, {}, { status: "waiting", failing: null, metric: null, verdict: null });
  assert.deepEqual([failing.value(waiting), columnWords(metric, waiting, TITLES)], [null, "waiting"]);
  assert.deepEqual([scaleOver(arriving, [ill, waiting])?.max, scaleOver(columns[0], [ill])], [1e-3, null]);
});

test("a cell is healthy, undecided, or has the title of its root cause", () => {
  const of = (verdict, root) => illnessOf({ verdict, root_cause: root }, TITLES);
  assert.deepEqual(
    [of(null, null), of("healthy", null), of("undecided", null), of("ill", "dead_units"), of("at risk", "dead_units")],
    [null, "healthy", "undecided", "Dead units", "at risk: Dead units"],
  );
  assert.deepEqual([of("ill", null), of("ill", "new_rule")], ["ill", "new_rule"]);
});

test("illnesses are numbered by frequency; rare ones share the last number", () => {
  const few = categoriesOf(["b", "a", "b", null, "healthy"]);
  assert.deepEqual(few.names, ["healthy", "undecided", "b", "a"]);
  assert.deepEqual([few.of("healthy"), few.of("a")], [0, 3]);
  const many = categoriesOf(["a", "b", "c", "d", "e", "f", "f"]);
  assert.deepEqual(many.names, ["healthy", "undecided", "f", "a", "b", "c", "other illnesses"]);
  assert.deepEqual([many.of("d"), many.of("e"), many.of("f")], [6, 6, 2]);
});

test("rows are ordered by what is better; cells without a number stand last", () => {
  const numbers = [0.2, null, 0.9].map((median, i) => cell(i, {}, { metric: median && { median }, seconds: 3 - i }));
  const places = (order, higher) => ordered(numbers, order, higher).map(({ position }) => position);
  assert.deepEqual(places("in order", true), [0, 1, 2]);
  assert.deepEqual(
    [places("best first", true), places("worst first", true)],
    [
      [2, 0, 1],
      [0, 2, 1],
    ],
  );
  assert.deepEqual(places("best first", false), [0, 2, 1]);
  assert.deepEqual(places("slowest first", true), [0, 1, 2]);
});

test("two to six cells are compared by their first experiments", () => {
  assert.equal(comparisonOf([GRID[0]]), null);
  assert.equal(comparisonOf([GRID[0], { ...GRID[1], experiment_ids: ["a", "b"] }]), "#/compare/id0,a");
  assert.equal(comparisonOf([GRID[0], { ...GRID[1], experiment_ids: [] }]), null);
  assert.equal(comparisonOf(Array.from({ length: 7 }, () => GRID[0])), null);
  assert.deepEqual([GRID[2], { experiment_ids: [] }].map(experimentOf), ["#/experiment/id2", null]);
});

test("numbers are read on the colours of cells", () => {
  assert.deepEqual(["#440154", "#fde725", "rgb(33 145 140)"].map(inkOn), ["#ffffff", "#000000", "#000000"]);
});

test("progress counts trainings, and cells by their state", () => {
  const progress = { trainings: 1250, trainings_done: 5, cells_by_status: { waiting: 3, completed: 1 } };
  assert.equal(trainingsWords(progress), "5 of 1,250");
  assert.equal(cellsWords(progress), "1 completed, 3 waiting");
  assert.equal(cellsWords({ cells_by_status: { pruned: 2, adjourned: 1 } }), "2 pruned, 1 adjourned");
});

test("cells of an event take the place of those at their positions, and new ones stand in order", () => {
  const table = { revision: 1, rows: [cell(0, {}), cell(2, {}, { status: "running" })] };
  const { revision, rows } = withCells(table, [cell(2, {}, { status: "pruned" }), cell(1, {})]);
  assert.deepEqual([revision, rows.map(({ status }) => status)], [1, ["completed", "completed", "pruned"]]);
});

test("the best cell has the best median, or the lowest share of failing seeds, and is the first of equals", () => {
  const numbers = [null, 0.5, 0.9, 0.9].map((median, i) => cell(i, {}, { metric: median && { median } }));
  const of = (rows, higher, objective) => bestOf({ rows, higher_is_better: higher }, objective)?.position ?? null;
  assert.deepEqual([of(numbers, true, "metric"), of(numbers, false, "metric")], [2, 1]);
  const shares = [null, 2, 1].map((count, i) => cell(i, {}, { failing: count && { count, of: 5 } }));
  assert.deepEqual([of(shares, true, "failing_share"), of(shares.slice(0, 1), true, "failing_share")], [2, null]);
});

test("a recipe's study has the chosen activation, seeds and epochs, and measures of epochs that are reached", () => {
  const study = (name) => ({
    name,
    seeds: [0, 1, 2],
    base: { training: { epochs: 500 } },
    measures: [{ epoch: 0 }, { epoch: 500 }, { epoch: "last" }],
  });
  const recipe = { name: "depth", seeds: 3, studies: { tanh: study("of tanh"), relu: study("of relu") } };
  assert.deepEqual(choicesOf(recipe), { activation: "tanh", seeds: 3, epochs: 500 });
  const request = requestOf(recipe, { activation: "relu", seeds: 2, epochs: 100 });
  assert.deepEqual([request.name, request.seeds, request.base.training.epochs], ["of relu", [0, 1], 100]);
  assert.deepEqual(request.measures, [{ epoch: 0 }, { epoch: "last" }]);
  assert.equal(recipe.studies.relu.base.training.epochs, 500);
  assert.equal(countOf("12", "seeds"), 12);
  assert.equal(countOf("10000000", "epochs"), 10_000_000);
  for (const text of ["", "0", "1.5", "x", "10001", "1e15"])
    assert.throws(() => countOf(text, "seeds"), /^Error: seeds: expected a whole/);
});

test("a study of a recipe opens with the chart that answers it", () => {
  const recipes = [
    { chart: "map", studies: { relu: { name: "Rate" } } },
    { chart: "failures", studies: { tanh: { name: "Depth, tanh" }, relu: { name: "Depth, relu" } } },
  ];
  assert.equal(answerOf("Depth, relu", recipes), "failures");
  assert.equal(answerOf("untitled", recipes), null);
});
