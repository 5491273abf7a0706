// One kind of measurement, layer by layer: the heat map first, all layers' lines, and one layer closely.

import { fill, h } from "./element.js";
import { lines as colours, Scale } from "./colours.js";
import { seedsOf } from "./format.js";
import { filesOf, frame } from "./frame.js";
import { heatmap, legend, withoutGradient } from "./heatmap.js";
import { lines } from "./lines.js";
import { readHistograms, readKinds, readLayers, statistics } from "./measured.js";
import { ridges } from "./ridges.js";

const REREAD = 2000; // milliseconds between two readings of what the stream does not carry

/** What the views of layers share: which numbers are looked at, and how they are drawn. */
export async function layerViews({ id, seeds, recorded, signal, hold, onEpoch, onGrid }) {
  const [known, kinds] = await Promise.all([statistics(), readKinds()]);
  const asked = { kind: "gradients", statistic: "mean_abs", seed: "" };
  let grid = null;
  let layer = -1;
  let epoch = Infinity;
  let readAt = 0;
  let waiting = null;
  let scaled = {};

  const kindChoice = h(
    "select",
    {
      id: "kind",
      onchange: () => {
        asked.kind = kindChoice.value;
        offer();
        read();
      },
    },
    Object.entries(kinds).map(([name, { title }]) => h("option", { value: name }, title)),
  );
  const statisticChoice = h("select", {
    id: "statistic",
    onchange: () => {
      asked.statistic = statisticChoice.value;
      read();
    },
  });
  const seedChoice = h(
    "select",
    {
      id: "seed",
      onchange: () => {
        asked.seed = seedChoice.value;
        draw();
      },
    },
    h("option", { value: "" }, seeds.length > 1 ? `median of ${seeds.length} seeds` : "all"),
    seeds.map((seed) => h("option", { value: String(seed) }, `seed ${seed}`)),
  );
  const controls = h(
    "div",
    { class: "choices" },
    h("label", { for: "kind" }, "Quantity", kindChoice),
    h("label", { for: "statistic" }, "Statistic", statisticChoice),
    seeds.length > 1 && h("label", { for: "seed" }, "Seeds", seedChoice),
  );

  const map = heatmap({ onRow: open, onPlace: onEpoch, label: "Layer by epoch: size in colours" });
  const scaleOfMap = legend(map.readout);
  const nothing = h("p", { class: "muted" }, "Nothing is measured yet.");
  const mapFrame = frame({ title: "", about: "", controls, id: "heatmap" }, nothing, map.element, scaleOfMap.element);
  const all = lines({ height: 300, log: true, label: "All layers over the epochs, a line for each" });
  const allLinear = lines({ height: 300, label: "All layers over the epochs, a line for each" });
  const allFrame = frame({ title: "All layers", about: "", id: "layers" }, all.element, allLinear.element);
  const one = {
    log: lines({ height: 260, log: true, label: "One layer over the epochs" }),
    linear: lines({ height: 260, label: "One layer over the epochs" }),
  };
  const hills = ridges({ label: "Histograms of one layer over the epochs" });
  const hillsFrame = frame({ title: "", about: "" }, hills.element);
  const oneFrame = frame({ title: "", about: "" }, one.log.element, one.linear.element);
  const detail = h("section", { id: "layer", class: "stack", hidden: true, "aria-label": "One layer" });

  function offer() {
    asked.statistic = kinds[asked.kind].statistic;
    fill(
      statisticChoice,
      known[asked.kind].map(({ name }) => h("option", { value: name }, name.replaceAll("_", " "))),
    );
    statisticChoice.value = asked.statistic;
  }

  const about = () => known[asked.kind].find((each) => each.name === asked.statistic);

  const read = () => hold(readAnew);

  async function readAnew() {
    readAt = Date.now();
    const wanted = `${asked.kind} ${asked.statistic}`;
    const found = recorded[kinds[asked.kind].record]
      ? await readLayers(id, kinds[asked.kind].path, { statistic: asked.statistic }, signal)
      : null;
    if (signal.aborted || wanted !== `${asked.kind} ${asked.statistic}`) return;
    grid = found;
    onGrid(isStreamed() ? grid : null);
    draw();
  }

  const isStreamed = () => asked.kind === "gradients" && asked.statistic === "mean_abs";

  function draw() {
    const { unit, meaning } = about();
    const kind = about().scale;
    const name = `${kinds[asked.kind].title}: ${asked.statistic.replaceAll("_", " ")}`;
    const missing =
      grid === null
        ? `${kinds[asked.kind].title} are not recorded in this experiment.`
        : !grid.rows
          ? "Nothing is measured yet."
          : null;
    nothing.hidden = !missing;
    nothing.textContent = missing ?? "";
    map.element.hidden = scaleOfMap.element.hidden = allFrame.element.hidden = Boolean(missing);
    mapFrame.element.querySelector("h2").textContent = `${name}, layer by epoch`;
    mapFrame.links(
      filesOf(
        id,
        asked.kind,
        { statistic: asked.statistic, ...(asked.seed && { seed: asked.seed }) },
        `${asked.kind}-heatmap`,
      ),
    );
    if (missing) return;
    const run = asked.seed === "" ? -1 : grid.seeds.indexOf(Number(asked.seed));
    const seen = run < 0 ? grid : grid.only(run);
    const summary = seen.summary();
    const size = seen.rows * seen.columns.length;
    const values = summary.middle.subarray(0, size);
    const lost = summary.lost.subarray(0, size);
    const scale = Scale.over(kind, values);
    const who = run < 0 ? (seeds.length > 1 ? `median of ${seedsOf(seeds)}` : seedsOf(seeds)) : `seed ${asked.seed}`;
    const said = [kinds[asked.kind].has_parameters ? "kernels" : "probe batch", who, meaning].join(" · ");
    mapFrame.say(said);
    const none = asked.kind === "gradients" ? withoutGradient(lost, seen.columns.length) : [];
    map.show({
      rows: seen.columns,
      columns: seen.epochs,
      values,
      lost,
      none,
      low: summary.low,
      high: summary.high,
      seeds: seen.seeds.length,
      scale,
      at: Math.min(epoch, seen.epochs.at(-1)),
    });
    scaleOfMap.show(scale, unit, {
      lost: lost.some((bad, i) => bad && !none[i % seen.columns.length]),
      zero: kind === "log" && values.includes(0),
    });
    allFrame.element.querySelector("h2").textContent = `${name}, all layers`;
    allFrame.say(`${who} · ${unit}${kind === "log" ? " · logarithmic" : ""}`);
    allFrame.links(filesOf(id, asked.kind, { statistic: asked.statistic }, asked.kind));
    const [shown, other] = kind === "log" ? [all, allLinear] : [allLinear, all];
    shown.element.hidden = false;
    other.element.hidden = true;
    const tints = colours(seen.columns.length);
    shown.show(
      seen.epochs,
      seen.columns.map((column, i) => ({
        name: column,
        colour: tints[i],
        values: strided(values, i, seen.columns.length),
      })),
    );
    if (layer >= 0 && layer < grid.columns.length) drawOne(kind, unit, name);
  }

  /** The scale of the median over the seeds, made once for what is there: every box of the strip asks for it. */
  function scaleOfMedian(middle) {
    const size = grid.rows * grid.columns.length;
    const kind = about().scale;
    if (scaled.grid !== grid || scaled.size !== size || scaled.kind !== kind) {
      scaled = { grid, size, kind, scale: Scale.over(kind, middle.subarray(0, size)) };
    }
    return scaled.scale;
  }

  function drawOne(kind, unit, name) {
    const column = grid.columns[layer];
    const width = grid.columns.length;
    const { middle, low, high } = grid.summary();
    const size = grid.rows * width;
    const take = (from) => strided(from.subarray(0, size), layer, width);
    const [shown, other] = kind === "log" ? [one.log, one.linear] : [one.linear, one.log];
    shown.element.hidden = false;
    other.element.hidden = true;
    oneFrame.element.querySelector("h2").textContent = `${column}: ${name.toLowerCase()}`;
    oneFrame.say(`${seeds.length > 1 ? "median and range of " : ""}${seedsOf(seeds)} · ${unit}`);
    oneFrame.links(filesOf(id, asked.kind, { statistic: asked.statistic, layer: column.split(" ")[0] }, asked.kind));
    shown.show(grid.epochs, [
      {
        name: column,
        colour: colours(1)[0],
        values: take(middle),
        ...(seeds.length > 1 && { low: take(low), high: take(high) }),
      },
    ]);
  }

  async function open(row) {
    layer = row;
    map.choose(row);
    detail.hidden = false;
    const name = grid.columns[row];
    fill(
      detail,
      h(
        "div",
        { class: "head" },
        h("h2", {}, name),
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              layer = -1;
              map.choose(-1);
              detail.hidden = true;
            },
          },
          "Close",
        ),
      ),
      h("div", { class: "two" }, oneFrame.element, hillsFrame.element),
    );
    draw();
    await readHills();
    detail.scrollIntoView({ block: "nearest", behavior: "auto" });
  }

  async function readHills() {
    const of = asked.kind === "weights" ? "weights" : "gradients";
    const name = grid.columns[layer].split(" ")[0];
    hillsFrame.element.querySelector("h2").textContent =
      `${name}: how its ${of === "weights" ? "weights" : "gradients"} are distributed`;
    hillsFrame.say(
      `kernel, ${seedsOf(seeds)} together · bins of half a decade on both sides of 0 · each epoch by its own peak`,
    );
    hillsFrame.links(filesOf(id, "histograms", { of, layer: name }, `${of.slice(0, -1)}-histograms`));
    try {
      const found = await readHistograms(id, of, name, signal);
      hills.element.hidden = !found.epochs.length;
      if (found.epochs.length) hills.show(found);
    } catch (error) {
      if (signal.aborted) return;
      hills.element.hidden = true;
      hillsFrame.say(error.message);
    }
  }

  /** There are new epochs. What the stream does not carry is read again, though not more often than it can be looked at. */
  function grown() {
    if (isStreamed()) {
      waiting ??= requestAnimationFrame(() => {
        waiting = null;
        if (!signal.aborted) draw();
      });
    } else if (Date.now() - readAt > REREAD) read().catch(() => {});
  }

  offer();
  await read();
  return {
    map: mapFrame.element,
    all: allFrame.element,
    detail,
    grown,
    read,
    open,
    at(next) {
      epoch = next;
      map.at(next);
    },
    get grid() {
      return grid;
    },
    /** A layer's colour and value at an epoch. */
    sizeAt(row, when) {
      if (!grid?.rows) return null;
      const { middle, lost } = grid.summary();
      const at = grid.rowAt(when) * grid.columns.length + row;
      return { value: middle[at], lost: Boolean(lost[at]), share: scaleOfMedian(middle).share(middle[at]) };
    },
  };
}

/** One column of rows × columns. */
export function strided(values, column, width) {
  const found = new Float32Array(values.length / width);
  for (let row = 0; row < found.length; row += 1) found[row] = values[row * width + column];
  return found;
}
