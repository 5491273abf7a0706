// A sparkline: how an experiment's validation accuracy, or loss, has gone, as the median of its seeds.

import { h } from "./element.js";
import { token } from "./colours.js";
import { get } from "./service.js";

const POINTS = 60;
const WIDTH = 120;
const HEIGHT = 26;

/** @returns {{element: Element, update: function}} read only once it is in sight, and again when the experiment has moved. */
export function trend(id, signal) {
  const canvas = h("canvas", { class: "spark", role: "img", "aria-label": "not measured yet" });
  let wanted = null;
  let read = null;
  let visible = false;
  let known = null;
  const watch = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    if (visible) refresh();
  });
  watch.observe(canvas);
  const redraw = () => known && draw(canvas, known);
  window.addEventListener("themechange", redraw);
  signal.addEventListener("abort", () => {
    watch.disconnect();
    window.removeEventListener("themechange", redraw);
  });

  async function refresh() {
    if (!wanted || read === wanted.mark || !visible) return;
    read = wanted.mark;
    try {
      const { runs } = await get(`/experiments/${id}/history?max_points=${POINTS}`, { signal });
      const name = ["val_accuracy", "accuracy", "val_loss", "loss"].find((each) => runs[0]?.metrics[each]);
      if (!name || !runs.some((run) => run.metrics[name].length)) return;
      const length = Math.max(...runs.map((run) => run.metrics[name].length));
      const values = Array.from({ length }, (_, i) => {
        const some = runs
          .map((run) => run.metrics[name][i])
          .filter((each) => each !== null && each !== undefined)
          .sort((a, b) => a - b);
        return some.length ? some[some.length >> 1] : null;
      });
      known = { name, values };
      canvas.setAttribute(
        "aria-label",
        `${name.replace("val_", "validation ")}, ends at ${values.at(-1)?.toPrecision(3)}`,
      );
      redraw();
    } catch {
      if (!signal.aborted) read = null;
    }
  }
  return {
    element: canvas,
    update(experiment) {
      const mark = `${experiment.status} ${experiment.progress.epochs_done}`;
      wanted = experiment.progress.epochs_done ? { mark } : null;
      refresh();
    },
  };
}

function draw(canvas, { name, values }) {
  const scale = devicePixelRatio || 1;
  canvas.width = WIDTH * scale;
  canvas.height = HEIGHT * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const some = values.filter((each) => each !== null);
  const [low, high] = name.endsWith("accuracy") ? [Math.min(0.4, ...some), 1] : [Math.min(...some), Math.max(...some)];
  const y = (value) => HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
  pen.strokeStyle = token("--grid");
  pen.beginPath();
  pen.moveTo(0, HEIGHT - 2.5);
  pen.lineTo(WIDTH, HEIGHT - 2.5);
  pen.stroke();
  pen.strokeStyle = token("--accent");
  pen.lineWidth = 1.5;
  pen.beginPath();
  values.forEach(
    (value, i) => value !== null && pen.lineTo((i / Math.max(1, values.length - 1)) * (WIDTH - 4) + 2, y(value)),
  );
  pen.stroke();
}
