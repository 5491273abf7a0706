// The plane of two inputs: what the network answers all over it at an epoch, and the samples in front.

import { fill, h } from "./element.js";
import { css, dark, rgb, token } from "./colours.js";
import { number, roundStep } from "./format.js";
import { filesOf, frame } from "./frame.js";
import { readBoundary, readSamples } from "./measured.js";

const REREAD = 2000; // milliseconds between two readings of what the stream does not carry
const WIDEST = 520;
const LEFT = 52;
const FOOT = 36;
const TOP = 6;
const RIGHT = 8; // pixels
const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"]; // as in the charts that the service draws
const MOST_LINED = 10; // classes between which a line is drawn

/**
 * The view of an experiment that records its boundaries.
 *
 * @param {object} options `id` of the experiment, its `seeds`, `signal` that ends it.
 */
export async function boundaryView({ id, seeds, signal }) {
  let seed = seeds[0];
  let epoch = Infinity;
  let readAt = Date.now();
  let pointer = null;
  let [data, samples] = await Promise.all([readBoundary(id, seed, signal), readSamples(id, signal)]);

  const choice = h(
    "select",
    {
      id: "boundary-seed",
      onchange: () => {
        seed = Number(choice.value);
        read();
      },
    },
    seeds.map((each) => h("option", { value: String(each) }, `seed ${each}`)),
  );
  const controls =
    seeds.length > 1 && h("div", { class: "choices" }, h("label", { for: "boundary-seed" }, "Seed", choice));
  const canvas = h("canvas", { class: "cells", role: "img", tabindex: 0, "aria-label": "Decision boundary" });
  const nothing = h("p", { class: "muted" }, "Nothing is measured yet.");
  const readout = h("p", { class: "readout", "aria-live": "polite" }, " ");
  const keys = h("div", { class: "legend" });
  const shares = h("p", { class: "small" });
  const plane = h("div", { class: "plane" }, canvas);
  const body = h("div", { class: "stack" }, plane, keys, shares, readout);
  const figure = frame({ title: "Decision boundary", about: "", controls, id: "boundary" }, nothing, body);

  async function read() {
    readAt = Date.now();
    const wanted = seed;
    const found = await readBoundary(id, wanted, signal);
    if (signal.aborted || wanted !== seed) return;
    data = found;
    show();
  }

  /** The row of the recorded epoch that is nearest to the one that is looked at. */
  function row() {
    let best = 0;
    for (let each = 1; each < data.epochs.length; each += 1)
      if (Math.abs(data.epochs[each] - epoch) <= Math.abs(data.epochs[best] - epoch)) best = each;
    return epoch === Infinity ? data.epochs.length - 1 : best;
  }

  function show() {
    const none = !data.epochs.length;
    nothing.hidden = !none;
    body.hidden = none;
    figure.links([
      ...filesOf(id, "boundary", { seed }, "boundary"),
      { label: "Samples", path: `/experiments/${id}/samples`, accept: "text/csv", name: `${id}-samples.csv` },
    ]);
    if (none) {
      figure.say(`seed ${seed}`);
      return;
    }
    const at = row();
    const what =
      data.threshold === null ? "the class of the largest output" : `output for class 1, line at ${data.threshold}`;
    const values = data.at(at);
    const ones = share(values);
    figure.say(
      `seed ${seed} · epoch ${data.epochs[at]}, the nearest of ${data.epochs.length} that are recorded · ${what} · ${samples.training.length} training samples (filled), ${samples.validation.length} validation samples (hollow)`,
    );
    canvas.setAttribute(
      "aria-label",
      `Decision boundary of seed ${seed} at epoch ${data.epochs[at]}: ${ones}. Arrow keys read values.`,
    );
    canvas.dataset.epoch = data.epochs[at];
    shares.textContent = `Of the plane: ${ones}.`;
    draw(values);
    explain(values);
    tell();
  }

  /** How much of the plane each class has. */
  function share(values) {
    const counts = new Map();
    for (let point = 0; point < data.points; point += 1) {
      const won = winner(values, point);
      counts.set(won, (counts.get(won) ?? 0) + 1);
    }
    return [...counts]
      .sort(([a], [b]) => a - b)
      .map(([won, count]) => `${won < 0 ? "not finite" : `class ${won}`} ${Math.round((100 * count) / data.points)} %`)
      .join(", ");
  }

  /** The class that a point of the plane is given; -1 where an output is not finite. */
  function winner(values, point) {
    let best = -1;
    let most = -Infinity;
    for (let unit = 0; unit < data.classes.length; unit += 1) {
      const value = values[unit * data.points + point];
      if (!Number.isFinite(value)) return -1;
      if (value > most) [best, most] = [unit, value];
    }
    return data.threshold === null ? data.classes[best] : Number(most > data.threshold);
  }

  const reach = (values) => (data.threshold ? 0.5 : Math.max(1e-12, ...values.filter(Number.isFinite).map(Math.abs)));

  function colour(values, point, most, ground) {
    const won = winner(values, point);
    if (won < 0) return rgb(token("--lost"));
    if (data.threshold === null) return mixed(won, 0.42, ground);
    return mixed(won, 0.72 * Math.min(1, Math.abs(values[point] - data.threshold) / most), ground);
  }

  let place = null; // from inputs to pixels and back, as it was drawn
  function draw(values) {
    const ratio = devicePixelRatio || 1;
    const { x, y } = data;
    const side = x.length;
    const wide = Math.max(120, Math.min(WIDEST, plane.clientWidth));
    const across = wide - LEFT - RIGHT;
    const shape = (y.at(-1) - y[0]) / (x.at(-1) - x[0]);
    const down = across * (shape > 1 / 3 && shape < 3 ? Math.min(1.4, shape) : 1);
    const tall = Math.round(down + TOP + FOOT);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${tall}px`;
    [canvas.width, canvas.height] = [Math.round(wide * ratio), Math.round(tall * ratio)];
    const pen = canvas.getContext("2d");
    const ground = rgb(token("--panel"));
    pen.scale(ratio, ratio);
    const px = (column) => LEFT + (column / (side - 1)) * across;
    const py = (line) => TOP + down - (line / (y.length - 1)) * down;
    const ofX = (value) => px(((value - x[0]) / (x.at(-1) - x[0])) * (side - 1));
    const ofY = (value) => py(((value - y[0]) / (y.at(-1) - y[0])) * (y.length - 1));
    place = { px, py, ofX, ofY, across, down };
    pen.save();
    pen.beginPath();
    pen.rect(LEFT, TOP, across, down);
    pen.clip();
    const image = new ImageData(side, y.length);
    const most = reach(values);
    for (let point = 0; point < data.points; point += 1) {
      const column = point % side;
      const line = Math.floor(point / side);
      image.data.set([...colour(values, point, most, ground), 255], 4 * ((y.length - 1 - line) * side + column));
    }
    const small = new OffscreenCanvas(side, y.length);
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = data.threshold !== null;
    const [halfX, halfY] = [across / (side - 1) / 2, down / (y.length - 1) / 2];
    pen.drawImage(small, LEFT - halfX, TOP - halfY, across + 2 * halfX, down + 2 * halfY); // points lie in the middle of their cells
    pen.strokeStyle = token("--ink");
    pen.lineWidth = 1.8;
    pen.beginPath();
    for (const [level, margin] of margins(values))
      contour(margin, side, level, (c1, l1, c2, l2) => {
        pen.moveTo(px(c1), py(l1));
        pen.lineTo(px(c2), py(l2));
      });
    pen.stroke();
    for (const [part, hollow] of [
      [samples.validation, true],
      [samples.training, false],
    ])
      for (const each of part) mark(pen, ofX(each.x), ofY(each.y), each.answer, hollow);
    pen.restore();
    axes(pen, across, down, tall);
    if (pointer) cross(pen);
  }

  /** What is to be told apart: numbers over the plane, and the level at which the boundary lies. */
  function margins(values) {
    const { points, classes } = data;
    if (data.threshold !== null) return [[data.threshold, values]];
    if (classes.length > MOST_LINED) return [];
    return classes.map((_, unit) => [
      0,
      Float32Array.from({ length: points }, (__, point) => {
        let other = -Infinity;
        for (let each = 0; each < classes.length; each += 1)
          if (each !== unit) other = Math.max(other, values[each * points + point]);
        return values[unit * points + point] - other;
      }),
    ]);
  }

  function axes(pen, across, down, tall) {
    pen.strokeStyle = token("--faint");
    pen.lineWidth = 1;
    pen.strokeRect(LEFT + 0.5, TOP + 0.5, across - 1, down - 1);
    pen.fillStyle = token("--muted");
    pen.font = "11px system-ui";
    pen.textAlign = "center";
    for (const tick of ticks(data.x)) pen.fillText(number(tick), place.ofX(tick), TOP + down + 14);
    pen.fillText("first input", LEFT + across / 2, tall - 4);
    pen.textAlign = "right";
    for (const tick of ticks(data.y)) pen.fillText(number(tick), LEFT - 5, place.ofY(tick) + 4);
    pen.save();
    pen.translate(11, TOP + down / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText("second input", 0, 0);
    pen.restore();
  }

  function cross(pen) {
    const [at, line] = [place.px(pointer[0]), place.py(pointer[1])];
    pen.strokeStyle = token("--ink");
    pen.lineWidth = 1.2;
    pen.strokeRect(at - 4, line - 4, 8, 8);
  }

  /** What the colours and the marks mean. */
  function explain(values) {
    const ground = rgb(token("--panel"));
    const shown = data.threshold === null ? data.classes : [0, 1];
    const most = reach(values);
    const swatches = shown
      .slice(0, 12)
      .map((each) =>
        h(
          "span",
          { class: "swatch" },
          h("i", { style: { background: css(mixed(each, 0.72, ground)) } }),
          `${["●", "▲", "■", "◆"][each % 4]} class ${each}`,
        ),
      );
    const ends =
      data.threshold !== null &&
      h(
        "span",
        { class: "muted" },
        `strongest at ${number(data.threshold - most)} and ${number(data.threshold + most)}, none at ${data.threshold}`,
      );
    const lost =
      values.some((value) => !Number.isFinite(value)) &&
      h("span", { class: "swatch" }, h("i", { class: "lost" }), "not finite");
    fill(keys, swatches, ends, lost);
  }

  /** The values at the point that is pointed at. */
  function tell() {
    if (!pointer || !data.epochs.length) {
      readout.textContent = " ";
      return;
    }
    const [column, line] = pointer;
    const values = data.at(row());
    const point = line * data.x.length + column;
    const outputs = data.classes.map(
      (each, unit) => `output for class ${each}: ${number(values[unit * data.points + point])}`,
    );
    const won = winner(values, point);
    const few = outputs.length > 4 ? outputs.filter((_, unit) => data.classes[unit] === won) : outputs;
    readout.textContent = `at ${number(data.x[column])}, ${number(data.y[line])} · ${few.join(" · ")} · ${won < 0 ? "not finite" : `class ${won}`}`;
  }

  function point(next) {
    pointer = next;
    if (data.epochs.length) draw(data.at(row()));
    tell();
  }

  canvas.addEventListener("pointermove", (event) => {
    if (!place || !data.epochs.length) return;
    const box = canvas.getBoundingClientRect();
    const side = data.x.length - 1;
    const top = data.y.length - 1;
    const column = Math.round(((event.clientX - box.left - LEFT) / place.across) * side);
    const line = Math.round(((TOP + place.down - (event.clientY - box.top)) / place.down) * top);
    point([clamp(column, side), clamp(line, top)]);
  });
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener("keydown", (event) => {
    const [right, up] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [
      0, 0,
    ];
    if (!(right || up)) return;
    event.preventDefault();
    const [column, line] = pointer ?? [data.x.length >> 1, data.y.length >> 1];
    point([clamp(column + right, data.x.length - 1), clamp(line + up, data.y.length - 1)]);
  });
  canvas.addEventListener("blur", () => point(null));

  const redraw = () => data.epochs.length && show();
  new ResizeObserver(redraw).observe(figure.element);
  window.addEventListener("themechange", redraw, { signal });
  show();
  return {
    element: figure.element,
    read,
    /** There are new epochs: what the stream does not carry is read again, though not more often than it can be looked at. */
    grown() {
      if (Date.now() - readAt > REREAD) read().catch(() => {});
    },
    at(next) {
      const before = row();
      epoch = next;
      if (row() !== before) show();
    },
  };
}

/** A sample, in the shape and the colour of its class. */
function mark(pen, x, y, answer, hollow) {
  const size = hollow ? 2.6 : 3.2;
  pen.beginPath();
  if (answer % 4 === 0) pen.arc(x, y, size, 0, 7);
  else if (answer % 4 === 1) {
    pen.moveTo(x, y - size * 1.3);
    pen.lineTo(x + size * 1.2, y + size);
    pen.lineTo(x - size * 1.2, y + size);
    pen.closePath();
  } else if (answer % 4 === 2) pen.rect(x - size, y - size, 2 * size, 2 * size);
  else {
    pen.moveTo(x, y - size * 1.4);
    pen.lineTo(x + size * 1.4, y);
    pen.lineTo(x, y + size * 1.4);
    pen.lineTo(x - size * 1.4, y);
    pen.closePath();
  }
  pen.fillStyle = hollow ? "transparent" : css(tint(answer));
  pen.strokeStyle = hollow ? css(tint(answer)) : token("--panel");
  pen.lineWidth = hollow ? 1 : 0.8;
  pen.fill();
  pen.stroke();
}

/** Lines through a grid of numbers at a level, square by square (marching squares): `line(column, row, column, row)`. */
export function contour(values, side, level, line) {
  const rows = values.length / side;
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < side; column += 1) {
      const corners = [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ].map(([right, up]) => [column + right, row + up, values[(row + up) * side + column + right] - level]);
      if (!corners.every(([, , value]) => Number.isFinite(value))) continue;
      const crossed = [];
      corners.forEach(([x, y, value], i) => {
        const [toX, toY, next] = corners[(i + 1) % 4];
        if (value > 0 !== next > 0) {
          const part = value / (value - next);
          crossed.push([x + part * (toX - x), y + part * (toY - y)]);
        }
      });
      for (let i = 0; i + 1 < crossed.length; i += 2) line(...crossed[i], ...crossed[i + 1]);
    }
  }
}

/** A few round numbers along an axis. */
function ticks(axis) {
  const [low, high] = [axis[0], axis.at(-1)];
  const step = roundStep((high - low) / 4);
  const count = Math.floor(high / step) - Math.ceil(low / step) + 1;
  return Array.from({ length: count }, (_, i) => Number(((Math.ceil(low / step) + i) * step).toPrecision(6)));
}

const clamp = (value, most) => Math.min(most, Math.max(0, value));
/** The colour of a class, lighter where the ground is dark. */
const tint = (answer) =>
  rgb(CLASSES[answer % CLASSES.length]).map((part) => (dark() ? Math.round(part + 0.3 * (255 - part)) : part));
const mixed = (answer, share, ground) =>
  tint(answer).map((part, i) => Math.round(share * part + (1 - share) * ground[i]));
