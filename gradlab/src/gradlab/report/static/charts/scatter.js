// Points in the plane of two features, each in the colour of its class or of its value.

import { h } from "../shared/element.js";
import { markNames, number } from "../shared/format.js";
import { cleared, redrawOnChange } from "./canvas.js";
import { css, lineColours, sizeColour, token } from "./colours.js";
import { Scale, ticks } from "./scale.js";

const MAX_WIDTH = 520; // pixels, as all that follow
const MIN_WIDTH = 200;
const LEFT = 56;
const TOP = 8;
const RIGHT = 10;
const FOOT = 36;
const RADIUS = 2.6;
const MAX_CLASSES = 10; // of more different answers the colour is that of a size

/**
 * The classes among the answers, rising; null where they are numbers.
 *
 * @param {DataPoints} data
 * @returns {number[] | null}
 */
export function classesOf({ answers, categories }) {
  if (!answers) return null;
  const distinct = [...new Set(answers)].filter((answer) => answer !== null).sort((a, b) => a - b);
  const areClasses = categories !== null || distinct.every(Number.isInteger);
  return areClasses && distinct.length <= MAX_CLASSES ? distinct : null;
}

/**
 * The colours of the points.
 *
 * @param {DataPoints} data
 * @returns {(i: number) => string}
 */
function colouring(data) {
  const { answers } = data;
  if (!answers) return () => lineColours(1)[0];
  const classes = classesOf(data);
  if (classes) {
    const colours = lineColours(classes.length);
    return (i) => colours[classes.indexOf(answers[i] ?? NaN)] ?? token("--muted");
  }
  const scale = Scale.over("linear", finite(answers));
  return (i) => css(sizeColour(scale.place(answers[i] ?? NaN) || 0));
}

/** @param {(number | null)[]} values */
const finite = (values) => /** @type {number[]} */ (values.filter((value) => value !== null));

/**
 * A scatter plot, with a line below it that says what its colours are.
 *
 * @param {DataPoints} data
 */
export function scatterPlot(data) {
  const canvas = h("canvas", { role: "img", "aria-label": nameOf(data) });
  const legend = h("div", { class: "row small" });
  const element = h("div", { class: "stack" }, canvas, legend);
  redrawOnChange(element, () => {
    draw(canvas, Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, element.clientWidth)), data);
    legend.replaceChildren(...legendOf(data));
  });
  return element;
}

/** @param {DataPoints} data */
const nameOf = ({ features: [x, y], points, target }) =>
  `${points.length} rows by ${x} and ${y}${target === null ? "" : `, coloured by ${target}`}`;

/** @param {DataPoints} data @returns {HTMLElement[]} */
function legendOf(data) {
  const { target, answers, categories } = data;
  if (target === null || !answers) return [];
  const classes = classesOf(data);
  if (!classes) {
    const { min, max } = Scale.over("linear", finite(answers));
    return [h("span", { class: "muted" }, `${target}, from ${number(min)} (dark) to ${number(max)} (light)`)];
  }
  const colours = lineColours(classes.length);
  return classes.map((answer, i) => {
    const swatch = h("i", { class: "dot", style: { background: colours[i] } });
    return h("span", { class: "row" }, swatch, categories?.[answer] ?? `${target} ${answer}`);
  });
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {DataPoints} data */
function draw(canvas, width, data) {
  const [x, y] = [0, 1].map((axis) => Scale.over("linear", finite(data.points.map((point) => point[axis]))));
  const height = Math.round(width * 0.75);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = cleared(canvas, width, height);
  const [across, down] = [width - LEFT - RIGHT, height - TOP - FOOT];
  /** @param {number} value */
  const ofX = (value) => LEFT + RADIUS + x.place(value) * (across - 2 * RADIUS);
  /** @param {number} value */
  const ofY = (value) => TOP + down - RADIUS - y.place(value) * (down - 2 * RADIUS);
  const colourOf = colouring(data);
  data.points.forEach(([first, second], i) => {
    if (first === null || second === null) return;
    pen.fillStyle = colourOf(i);
    pen.beginPath();
    pen.arc(ofX(first), ofY(second), RADIUS, 0, 2 * Math.PI);
    pen.fill();
  });
  drawAxes(pen, data.features, { x, y, ofX, ofY, across, down, height });
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {[string, string]} features
 * @param {{x: Scale, y: Scale, ofX: (value: number) => number, ofY: (value: number) => number, across: number,
 *   down: number, height: number}} place
 */
function drawAxes(pen, [nameOfX, nameOfY], { x, y, ofX, ofY, across, down, height }) {
  pen.strokeStyle = token("--faint");
  pen.strokeRect(LEFT + 0.5, TOP + 0.5, across - 1, down - 1);
  pen.fillStyle = token("--muted");
  pen.font = "11px system-ui";
  pen.textAlign = "center";
  for (const [tick, name] of named(x)) pen.fillText(name, ofX(tick), TOP + down + 14);
  pen.fillText(nameOfX, LEFT + across / 2, height - 4, across);
  pen.textAlign = "right";
  for (const [tick, name] of named(y)) pen.fillText(name, LEFT - 5, ofY(tick) + 4);
  pen.save();
  pen.translate(11, TOP + down / 2);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "center";
  pen.fillText(nameOfY, 0, 0, down);
  pen.restore();
}

/** @param {Scale} scale @returns {[number, string][]} round numbers along it, with their names. */
function named({ min, max }) {
  const marks = ticks(min, max);
  const names = markNames(marks);
  return marks.map((mark, i) => [mark, names[i]]);
}
