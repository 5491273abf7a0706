// Lines over the epochs, with a band from the lowest to the highest seed: uPlot, in our colours.

import uPlot from "../uplot.js";
import { fill, h } from "./element.js";
import { token } from "./colours.js";
import { number, power } from "./format.js";

const MOST_KEYS = 24;

/**
 * Lines over a common axis of epochs.
 *
 * @param {object} options `height`, `unit` of the vertical axis, `log`, `range` of it, `label` for who does not see it.
 */
export function lines({ height = 240, unit = "", log = false, range = null, label }) {
  const nothing = h("p", { class: "nothing", hidden: true });
  const plot = h("div", { class: "plot", role: "img", "aria-label": label }, nothing);
  const readout = h("p", { class: "readout" }, " ");
  const keys = h("ul", { class: "keys" });
  const element = h("div", { class: "stack" }, plot, h("div", { class: "under" }, keys, readout));
  let chart = null;
  let shown = null;
  let signature = "";
  let focused = -1;

  const width = () => Math.max(200, plot.clientWidth);
  new ResizeObserver(() => {
    if (chart && chart.width !== width()) chart.setSize({ width: width(), height });
  }).observe(plot);
  window.addEventListener("themechange", () => {
    signature = "";
    if (shown) show(...shown);
  });

  function options(series) {
    const axis = {
      stroke: token("--muted"),
      grid: { stroke: token("--grid"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui",
      size: 30,
    };
    const styled = [{}];
    const bands = [];
    for (const { name, colour, dash, low } of series) {
      styled.push({ label: name, stroke: colour, width: 1.5, dash, points: { show: (u) => u.data[0].length < 3 } });
      if (low) {
        styled.push(
          { stroke: "transparent", points: { show: false } },
          { stroke: "transparent", points: { show: false } },
        );
        bands.push({ series: [styled.length - 1, styled.length - 2], fill: translucent(colour) });
      }
    }
    return {
      width: width(),
      height,
      series: styled,
      bands,
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: range ? () => range : undefined } },
      axes: [
        { ...axis, values: (_, marks) => marks.map((each) => (Number.isInteger(each) ? each : "")) },
        {
          ...axis,
          size: 52,
          label: unit,
          labelSize: 16,
          labelFont: "11px system-ui",
          values: (_, marks) => marks.map((each) => (each === null ? "" : log ? decade(each) : number(each))),
        },
      ],
      cursor: { y: false, points: { size: 5 }, drag: { x: true, y: false }, focus: { prox: 24 } },
      legend: { show: false },
      padding: [10, 20, 0, 0],
      hooks: {
        setCursor: [say],
        setSeries: [
          (u, index) => {
            focused = index;
          },
        ],
      },
      focus: { alpha: 0.25 },
    };
  }

  function say(u) {
    const at = u.cursor.idx;
    if (at === null || at === undefined) {
      readout.textContent = " ";
      return;
    }
    let index = 0;
    const told = [];
    for (const { name, low, high, values } of shown[1]) {
      index += 1;
      if (shown[1].length <= 4 || index === focused) {
        const around = low && low[at] !== high[at] ? ` (${number(low[at])} to ${number(high[at])})` : "";
        told.push(`${name} ${number(values[at])}${around}`);
      }
      if (low) index += 2;
    }
    readout.textContent = `epoch ${shown[0][at]} · ${told.join(" · ") || "point at a line"}`;
  }

  /** @param {number[]} epochs  @param {{name, colour, dash, values, low, high}[]} series `low` and `high` where there is a band. */
  function show(epochs, series) {
    shown = [epochs, series];
    const data = [epochs];
    const drawn = (values) => Array.from(values, (each) => (Number.isFinite(each) && (!log || each > 0) ? each : null));
    for (const { values, low, high } of series) {
      data.push(drawn(values));
      if (low) data.push(drawn(low), drawn(high));
    }
    nothing.hidden = data.slice(1).some((each) => each.some((value) => value !== null));
    if (!nothing.hidden) nothing.textContent = whyNothing(series);
    const next = series.map((each) => [each.name, each.colour, Boolean(each.low)]).join("|");
    if (next !== signature) {
      chart?.destroy();
      chart = new uPlot(options(series), data, plot);
      signature = next;
      nameLines(series);
    } else chart.setData(data);
  }

  function nameLines(series) {
    let index = 1;
    const places = series.map(({ low }) => {
      const place = index;
      index += low ? 3 : 1;
      return place;
    });
    fill(
      keys,
      series.slice(0, MOST_KEYS).map(({ name, colour }, i) => {
        const point = (on) => () => chart.setSeries(on ? places[i] : null, { focus: true });
        return h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              onpointerenter: point(true),
              onpointerleave: point(false),
              onfocus: point(true),
              onblur: point(false),
            },
            h("span", { class: "line", style: { background: colour } }),
            name,
          ),
        );
      }),
      series.length > MOST_KEYS && h("li", { class: "muted" }, `and ${series.length - MOST_KEYS} more`),
    );
  }

  return { element, show, plot };
}

/** Why no line is to be seen. */
function whyNothing(series) {
  const values = series.flatMap((each) => Array.from(each.values));
  if (!values.length) return "nothing measured yet";
  if (values.every((each) => each === 0)) return "exactly 0 in every epoch";
  return values.some(Number.isFinite) ? "0 or not finite in every epoch" : "not finite in any epoch";
}

const translucent = (colour) => (colour.startsWith("#") ? `${colour}2e` : colour.replace(")", " / 18%)"));
const decade = (value) => (Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6 ? power(value) : "");
