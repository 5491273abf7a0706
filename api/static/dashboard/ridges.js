// Histograms over the epochs as ridge lines, the last in front: as TensorBoard drew them.

import { h } from "./element.js";
import { css, SIZES, token } from "./colours.js";
import { raised } from "./format.js";

const MOST = 36;
const HEIGHT = 320;
const FOOT = 24;
const TOP = 56;

/** @param {string} label for readers who do not see it. */
export function ridges({ label }) {
  const canvas = h("canvas", {
    role: "img",
    "aria-label": label,
    style: { width: "100%", height: `${HEIGHT}px`, display: "block" },
  });
  const element = h("div", { class: "plot" }, canvas);
  let data = null;
  const redraw = () => data && draw();
  new ResizeObserver(redraw).observe(element);
  window.addEventListener("themechange", redraw);

  function draw() {
    const ratio = devicePixelRatio || 1;
    const wide = element.clientWidth;
    [canvas.width, canvas.height] = [wide * ratio, HEIGHT * ratio];
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = "11px system-ui";
    const { epochs, counts, edges } = data;
    const picked = pick(epochs.length, MOST);
    const used = range(counts, picked);
    const [left, right] = [8, wide - 56];
    const x = (bin) => left + ((bin - used[0]) / Math.max(1, used[1] - used[0])) * (right - left);
    const step = (HEIGHT - FOOT - TOP) / Math.max(1, picked.length - 1);
    picked.forEach((row, i) => {
      const base = TOP + step * i;
      const most = Math.max(...counts[row], 1);
      pen.beginPath();
      pen.moveTo(x(used[0]), base);
      for (let bin = used[0]; bin <= used[1]; bin += 1)
        pen.lineTo(x(bin), base - (counts[row][bin] / most) * (TOP - 12));
      pen.lineTo(x(used[1]), base);
      pen.closePath();
      pen.fillStyle = token("--panel");
      pen.fill();
      pen.fillStyle = css(SIZES[Math.round(40 + (170 * i) / Math.max(1, picked.length - 1))]).replace(")", " / 55%)");
      pen.fill();
      pen.strokeStyle = token("--ink");
      pen.lineWidth = 0.6;
      pen.stroke();
      if (i % Math.ceil(picked.length / 8) === 0 || i === picked.length - 1) {
        pen.fillStyle = token("--muted");
        pen.fillText(String(epochs[row]), right + 8, base + 3);
      }
    });
    marks(pen, edges, used, x);
    pen.fillStyle = token("--muted");
    pen.fillText("epoch", right + 8, 12);
  }

  /** Every second decade, and zero. */
  function marks(pen, edges, used, x) {
    pen.fillStyle = token("--muted");
    pen.textAlign = "center";
    let before = -Infinity;
    for (let bin = used[0]; bin <= used[1]; bin += 1) {
      const words = name(edges, bin);
      if (words && x(bin) - before > 44) {
        pen.fillText(words, x(bin), HEIGHT - 6);
        before = x(bin);
      }
    }
    pen.textAlign = "start";
  }

  return {
    element,
    /** @param {{epochs: number[], counts: number[][], edges: number[]}} next counts of each epoch, over the seeds. */
    show(next) {
      data = next;
      draw();
    },
  };
}

function name(edges, bin) {
  if (bin === edges.length / 2) return "0";
  const edge = bin < edges.length / 2 ? edges[bin] : edges[bin - 1];
  if (edge === undefined) return null;
  const exponent = Math.log10(Math.abs(edge));
  if (Math.abs(exponent - Math.round(exponent)) > 0.01 || Math.round(exponent) % 2) return null;
  return `${edge < 0 ? "−" : ""}10${raised(Math.round(exponent))}`;
}

/** So many of the rows, evenly, the first and the last among them. */
export function pick(count, most) {
  const kept = Math.min(count, most);
  return Array.from({ length: kept }, (_, i) => (kept > 1 ? Math.round((i * (count - 1)) / (kept - 1)) : 0));
}

/** The bins that hold anything, and one more on each side. */
function range(counts, picked) {
  let [low, high] = [Infinity, -Infinity];
  for (const row of picked)
    counts[row].forEach((count, bin) => {
      if (count > 0) {
        low = Math.min(low, bin);
        high = Math.max(high, bin);
      }
    });
  return low > high ? [0, counts[0].length - 1] : [Math.max(0, low - 1), Math.min(counts[0].length - 1, high + 1)];
}
