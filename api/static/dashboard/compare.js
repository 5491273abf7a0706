// Two to six experiments side by side: what differs in their specs first, then the same pictures on the same scales.

import { fill, h } from "./element.js";
import { FEW, lines as colours, Scale } from "./colours.js";
import { seedsOf, share, number } from "./format.js";
import { heatmap, legend, withoutGradient } from "./heatmap.js";
import { frame } from "./frame.js";
import { strided } from "./layers.js";
import { lines } from "./lines.js";
import { readHistory, readLayers } from "./measured.js";
import { get } from "./service.js";

const LOOK = 1000;

export async function compare({ page, parts: [ids = ""], signal, say }) {
  const wanted = ids.split(",").filter(Boolean).slice(0, 6);
  if (wanted.length < 2) throw new Error("Choose two to six experiments in the list, then “Compare”.");
  const tints = colours(wanted.length);
  let found = await Promise.all(wanted.map((id) => get(`/experiments/${id}`, { signal })));
  document.title = "Comparison · Gradient Lab";
  const named = found.map((each, i) =>
    found.findIndex((other) => other.name === each.name) === i &&
    found.filter((other) => other.name === each.name).length === 1
      ? each.name || "unnamed"
      : `${each.name || "unnamed"} (${each.id.slice(0, 4)})`,
  );

  const metric = (name) => {
    const chart = lines({
      height: 260,
      range: name.includes("accuracy") ? [0, 1] : null,
      label: `${name} of all experiments`,
    });
    return {
      name,
      chart,
      ...frame(
        { title: name.replace("val_", "Validation ").replaceAll("_", " "), about: "median and range of the seeds" },
        chart.element,
      ),
    };
  };
  const both = ["val_accuracy", "val_loss"].map(metric);
  const key = legend();
  const maps = found.map((each, i) => {
    const map = heatmap({ label: `${named[i]}: mean absolute gradient, layer by epoch` });
    return {
      map,
      element: h(
        "section",
        { class: "stack", "aria-label": named[i] },
        h("h3", {}, h("a", { href: `#/experiment/${each.id}` }, named[i])),
        map.element,
        map.readout,
      ),
    };
  });
  const results = h("tbody");
  fill(
    page,
    h("div", { class: "head" }, h("h1", {}, `${found.length} experiments compared`)),
    h(
      "section",
      { class: "panel stack", "aria-label": "What differs" },
      h("h2", {}, "What differs in their specs"),
      differences(found, named),
    ),
    h(
      "section",
      { class: "panel stack", "aria-label": "Results" },
      h("h2", {}, "After the last epoch"),
      h(
        "div",
        { class: "scroll", tabindex: 0 },
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["experiment", "status", "epochs", "validation accuracy, median (range)", "validation loss, median"].map(
                (name) => h("th", { scope: "col" }, name),
              ),
            ),
          ),
          results,
        ),
      ),
    ),
    h(
      "figure",
      { class: "chart panel", id: "maps" },
      h(
        "figcaption",
        {},
        h("h2", {}, "Gradients: mean abs, layer by epoch"),
        h("span", { class: "about" }, "kernels · median of the seeds · one scale of colours and of epochs for all"),
      ),
      h(
        "div",
        { class: "side-by-side" },
        maps.map((each) => each.element),
      ),
      key.element,
    ),
    h(
      "div",
      { class: "two" },
      both.map((each) => each.element),
    ),
  );

  async function read() {
    const [histories, grids] = await Promise.all([
      Promise.all(wanted.map((id) => readHistory(id, signal))),
      Promise.all(wanted.map((id) => readLayers(id, "gradients", {}, signal))),
    ]);
    drawCurves(histories);
    drawMaps(grids);
    fill(
      results,
      found.map((each, i) => row(each, named[i], tints[i])),
    );
  }

  function drawCurves(histories) {
    const longest = histories
      .reduce((most, each) => (each.rows > most.rows ? each : most))
      .epochs.filter((epoch) => epoch > 0);
    for (const { name, chart, element } of both) {
      const some = histories.map((grid, i) => [grid, i]).filter(([grid]) => grid.columns.includes(name) && grid.rows);
      element.hidden = !some.length;
      if (some.length)
        chart.show(
          longest,
          some.map(([grid, i]) => {
            const { middle, low, high } = grid.summary();
            const width = grid.columns.length;
            const size = grid.rows * width;
            const skip = grid.epochs[0] === 0 ? 1 : 0;
            const take = (from) => {
              const made = new Float32Array(longest.length).fill(NaN);
              made.set(strided(from.subarray(0, size), grid.columns.indexOf(name), width).subarray(skip));
              return made;
            };
            return {
              name: named[i],
              colour: tints[i] ?? FEW[i],
              values: take(middle),
              ...(grid.seeds.length > 1 && { low: take(low), high: take(high) }),
            };
          }),
        );
    }
  }

  function drawMaps(grids) {
    const known = grids.map((grid) => grid?.summary());
    const values = grids.map((grid, i) => (grid ? known[i].middle.subarray(0, grid.rows * grid.columns.length) : []));
    const scale = Scale.over("log", ...values);
    const longest = Math.max(...grids.map((grid) => grid?.rows ?? 0));
    const axis = grids.find((grid) => grid?.rows === longest)?.epochs ?? [];
    let lostAny = false;
    let zeroAny = false;
    grids.forEach((grid, i) => {
      maps[i].map.element.hidden = !grid?.rows;
      if (!grid?.rows) return;
      const size = axis.length * grid.columns.length;
      const padded = new Float32Array(size).fill(NaN);
      const lost = new Uint8Array(size);
      padded.set(values[i]);
      const seen = known[i].lost.subarray(0, values[i].length);
      const none = withoutGradient(seen, grid.columns.length);
      lost.set(seen);
      lostAny ||= seen.some((bad, at) => bad && !none[at % grid.columns.length]);
      zeroAny ||= values[i].includes(0);
      maps[i].map.show({ rows: grid.columns, columns: axis, values: padded, lost, none, seeds: 1, scale });
    });
    key.show(scale, "loss per unit of weight", { lost: lostAny, zero: zeroAny });
  }

  async function look() {
    try {
      const before = JSON.stringify(found.map((each) => [each.status, each.progress]));
      found = await Promise.all(wanted.map((id) => get(`/experiments/${id}`, { signal })));
      const going = found.some((each) => each.status === "queued" || each.status === "running");
      say("live", going ? "live" : "");
      if (JSON.stringify(found.map((each) => [each.status, each.progress])) !== before) await read();
      if (!going) {
        say("", "");
        clearInterval(timer);
      }
    } catch {
      if (!signal.aborted) say("lost", "connection lost, trying again");
    }
  }

  await read();
  const timer = setInterval(look, LOOK);
  signal.addEventListener("abort", () => clearInterval(timer));
  look();
}

function row(each, name, tint) {
  const last = (metric) =>
    each.runs
      .map((run) => run.final_metrics?.[metric])
      .filter((value) => value !== null && value !== undefined)
      .sort((a, b) => a - b);
  const middle = (some) => (some.length ? (some[(some.length - 1) >> 1] + some[some.length >> 1]) / 2 : null);
  const accuracy = last("val_accuracy");
  const loss = last("val_loss");
  return h(
    "tr",
    {},
    h(
      "td",
      {},
      h(
        "span",
        { class: "row" },
        h("span", { style: { background: tint, width: "14px", height: "3px", display: "inline-block" } }),
        h("a", { href: `#/experiment/${each.id}` }, name),
      ),
    ),
    h("td", {}, h("span", { class: "tag", "data-kind": each.status }, each.status)),
    h("td", { class: "figures" }, `${each.progress.epochs_done} / ${each.progress.epochs_total}`),
    h(
      "td",
      { class: "figures" },
      accuracy.length
        ? `${share(middle(accuracy))} (${share(accuracy[0])}–${share(accuracy.at(-1))}), ${seedsOf(each.spec.seeds)}`
        : "–",
    ),
    h("td", { class: "figures" }, number(middle(loss))),
  );
}

/** A table of the fields in which specs differ. */
function differences(found, names) {
  const flat = found.map((each) => new Map(flatten(each.spec)));
  const paths = [...new Set(flat.flatMap((each) => [...each.keys()]))]
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .filter((path) => new Set(flat.map((each) => each.get(path))).size > 1 && path !== "name");
  if (!paths.length) return h("p", { class: "muted" }, "Nothing but their names.");
  return h(
    "div",
    { class: "scroll", tabindex: 0 },
    h(
      "table",
      { class: "differs" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "field"),
          names.map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        paths.map((path) =>
          h(
            "tr",
            {},
            h("td", { class: "figures" }, path),
            flat.map((each) => h("td", { class: "figures" }, each.get(path) ?? "–")),
          ),
        ),
      ),
    ),
  );
}

/** [path, value as text] of every leaf; `kind` stands for the object that it names. */
function flatten(value, path = "") {
  if (value === null) return []; // not set is not different
  if (typeof value !== "object") return [[path, String(value)]];
  if (Array.isArray(value) && value.every((each) => each === null || typeof each !== "object"))
    return [[path, value.join(", ")]];
  return Object.entries(value).flatMap(([key, each]) => flatten(each, path ? `${path}.${key}` : key));
}
