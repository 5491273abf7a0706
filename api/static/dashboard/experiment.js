// One experiment, as it is and as it becomes.

import { confirmed, fill, h } from "./element.js";
import { Scale } from "./colours.js";
import { boundaryView } from "./boundary.js";
import { curves } from "./curves.js";
import { diagnosisView } from "./diagnosis.js";
import { dataOf, layersOf, statusOf } from "./experiments.js";
import { ago, number, seconds, seedsOf, share } from "./format.js";
import { filesOf, frame } from "./frame.js";
import { heatmap, legend } from "./heatmap.js";
import { layerViews } from "./layers.js";
import { readHistory, readSteps } from "./measured.js";
import { ask, get, post } from "./service.js";
import { follow } from "./stream.js";
import { strip } from "./strip.js";

const JOIN = 2000; // milliseconds to wait for the stream before what is stored is read without it
const SILENT = 5000; // milliseconds between two looks whether a training elsewhere has fallen silent
const RECURRENT = new Set(["simple_rnn", "lstm", "gru", "bidirectional"]);

export async function experiment({ page, parts: [id], signal, say }) {
  // While something is read, what the stream tells is held: it comes behind what is read, and no epoch falls between.
  const held = [];
  let holds = 1;
  let join;
  const joined = new Promise((resolve) => {
    join = resolve;
  });
  const tell = (name, data) => {
    join(true);
    if (holds) held.push([name, data]);
    else heard(name, data);
  };
  const release = () => {
    holds -= 1;
    if (!holds) for (const each of held.splice(0)) heard(...each);
  };
  const hold = async (read) => {
    holds += 1;
    try {
      return await read();
    } finally {
      release();
    }
  };
  const first = await get(`/experiments/${id}`, { signal });
  document.title = `${first.name || "unnamed"} · Gradient Lab`;
  follow(
    id,
    {
      event: tell,
      state: (state) => say(state, { lost: "connection lost, trying again", live: "live" }[state] ?? ""),
    },
    signal,
  );
  const going = first.status === "queued" || first.status === "running";
  const inTime =
    !going ||
    (await Promise.race([
      joined,
      new Promise((resolve) => {
        setTimeout(() => resolve(false), JOIN);
      }),
    ]));

  const seeds = first.spec.seeds;
  const elsewhere = first.source === "external";
  let streamed = null;
  let judged = null;
  let seen = first;
  const [validated, history, views, boundary] = await Promise.all([
    elsewhere ? { layers: layersElsewhere(first.spec) } : post("/experiments/validate", first.spec).catch(() => null),
    readHistory(id, signal),
    layerViews({
      id,
      seeds,
      recorded: first.spec.record,
      signal,
      hold,
      onEpoch: at,
      onGrid: (next) => {
        streamed = next;
      },
    }),
    boundaryOf(id, seeds, signal),
  ]);
  let grid = history;

  const head = h("header", { class: "stack" });
  const diagnosis = diagnosisView({ id, seeds, elsewhere, signal });
  const curveFigures = curves({ id, seeds, names: history.columns });
  const boxes =
    validated &&
    strip({
      layers: validated.layers.filter((each) => each.parameters),
      onEpoch: at,
      sizeAt: (layer, epoch) => {
        const row = rowOf(layer);
        return row < 0 ? null : views.sizeAt(row, epoch);
      },
      onOpen: (layer) => {
        const row = rowOf(layer);
        if (row >= 0) views.open(row);
      },
    });
  const rowOf = (layer) => (views.grid ? views.grid.columns.findIndex((each) => each.split(" ")[0] === layer) : -1);
  const steps = h("section", { class: "stack", hidden: true, "aria-label": "Through time" });
  const network =
    boxes &&
    h(
      "section",
      { class: "panel stack", "aria-label": "Network" },
      h(
        "div",
        { class: "head" },
        h("h2", {}, "Network"),
        h(
          "span",
          { class: "muted small" },
          "input on the left · edge: what the diagnosis found by then · bar: size, as in the map",
        ),
      ),
      boxes.element,
    );

  const judgement = boundary ? h("div", { class: "two" }, boundary.element, diagnosis.element) : diagnosis.element;
  fill(
    page,
    head,
    views.map,
    network,
    judgement,
    views.detail,
    h("div", { class: "two" }, curveFigures.elements),
    views.all,
    steps,
    table(first),
  );

  function at(epoch) {
    views.at(epoch);
    boxes?.at(epoch);
    boundary?.at(epoch);
  }

  let frames = null;
  function draw() {
    frames ??= requestAnimationFrame(() => {
      frames = null;
      if (signal.aborted) return;
      curveFigures.show(grid);
      if (grid.rows) boxes?.reach(grid.epochs.at(-1));
      boxes?.draw();
    });
  }

  function status(next) {
    seen = { ...seen, ...next };
    fill(head, headOf(seen, judged, { cancel, remove }));
  }

  async function cancel() {
    if (await confirmed("Cancel this experiment? What was measured is kept.", "Cancel it"))
      status(await post(`/experiments/${id}/cancel`));
  }

  async function remove() {
    if (!(await confirmed("Delete this experiment with all that was measured?", "Delete it"))) return;
    await ask(`/experiments/${id}`, { method: "DELETE" });
    location.hash = "#/";
  }

  function epochs({ runs }) {
    for (const { seed, epochs: some, metrics, gradients } of runs) {
      some.forEach((epoch, i) =>
        grid.append(
          seed,
          epoch,
          grid.columns.map((name) => metrics[name][i] ?? NaN),
        ),
      );
      if (streamed && gradients) {
        gradients.epochs.forEach((epoch, i) => {
          if (epoch > 0)
            streamed.append(
              seed,
              epoch,
              streamed.columns.map((name) => gradients.layers[name.split(" ")[0]]?.[i] ?? NaN),
            );
        });
      }
    }
    views.grown();
    boundary?.grown();
    draw();
  }

  function findings(found) {
    judged = found.verdict;
    status({});
    boxes?.find(found.findings);
    diagnosis.show(found);
  }

  async function throughTime() {
    if (elsewhere || !first.spec.record.signals || !first.spec.model.layers.some((each) => RECURRENT.has(each.kind)))
      return;
    const found = await readSteps(id, signal);
    steps.hidden = !found.length;
    fill(
      steps,
      found
        .filter((each) => each.grid.rows)
        .map(({ layer, grid: some }) => {
          const { middle, lost, low, high } = some.summary();
          const size = some.rows * some.columns.length;
          const rows = [...Array(some.rows).keys()];
          const turned = (from) => {
            const made = new from.constructor(size);
            for (const row of rows)
              for (let step = 0; step < some.columns.length; step += 1)
                made[step * some.rows + row] = from[row * some.columns.length + step];
            return made;
          };
          const values = turned(middle);
          const map = heatmap({ unit: "time step", label: `${layer}: back-propagated signal by time step and epoch` });
          const key = legend(map.readout);
          const scale = Scale.over("log", values);
          const { element } = frame(
            {
              title: `${layer}: the signal through time`,
              about: `rms of ∂loss/∂z at each time step · ${seeds.length > 1 ? "median of " : ""}${seedsOf(seeds)} · epochs from bottom to top`,
              files: filesOf(id, "signals/steps", { layer }, "signal-steps"),
            },
            map.element,
            key.element,
          );
          queueMicrotask(() => {
            map.show({
              rows: rows.map((row) => `epoch ${some.epochs[row]}`),
              columns: some.columns,
              values,
              lost: turned(lost),
              low: turned(low),
              high: turned(high),
              seeds: seeds.length,
              scale,
            });
            key.show(scale, "loss per unit of pre-activation", { lost: false, zero: values.includes(0) });
          });
          return element;
        }),
    );
  }

  function heard(name, data) {
    if (name === "status") status(data);
    else if (name === "epochs") epochs(data);
    else if (name === "findings") findings(data);
    else if (name === "done") {
      if (data.status === "deleted") say("over", "deleted");
      else if (going) {
        throughTime();
        views.read();
        boundary?.read();
        diagnosis.done();
      }
    }
  }
  status(first);
  if (elsewhere && going) {
    const look = setInterval(() => {
      if (statusOf(seen) === "silent") status({});
    }, SILENT);
    signal.addEventListener("abort", () => clearInterval(look));
  }
  draw();
  release();
  if (!inTime) {
    joined
      .then(() =>
        hold(async () => {
          grid = await readHistory(id, signal);
          await views.read();
          await boundary?.read();
          draw();
        }),
      )
      .catch(() => {});
  }
  await throughTime();
}

function headOf(seen, judged, { cancel, remove }) {
  const { epochs_done: done, epochs_total: total } = seen.progress;
  const going = seen.status === "queued" || seen.status === "running";
  const took =
    seen.started_at && seen.finished_at ? (new Date(seen.finished_at) - new Date(seen.started_at)) / 1000 : null;
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        { class: "row" },
        h("h1", {}, seen.name || "unnamed"),
        h("span", { class: "tag", "data-kind": seen.status, id: "status" }, statusOf(seen)),
        judged && h("span", { class: "tag", "data-kind": judged, id: "verdict" }, judged),
      ),
      h(
        "div",
        { class: "row" },
        seen.source !== "external" &&
          h("a", { class: "button", href: `#/new/from/${seen.id}` }, "Change and run again"),
        going
          ? h("button", { type: "button", id: "cancel", disabled: seen.cancel_requested, onclick: cancel }, "Cancel")
          : h("button", { type: "button", class: "danger", onclick: remove }, "Delete"),
      ),
    ),
    h(
      "dl",
      { class: "facts" },
      fact("epochs", `${done} / ${total}`),
      fact("network", layersOf(seen.spec)),
      fact("data", dataOf(seen.spec)),
      fact("seeds", seedsOf(seen.spec.seeds)),
      seen.source !== "external" &&
        fact(
          "optimiser",
          typeof seen.spec.training.optimizer === "string"
            ? seen.spec.training.optimizer
            : `${seen.spec.training.optimizer.kind} ${JSON.stringify(seen.spec.training.optimizer.learning_rate ?? "")}`,
        ),
      fact("submitted", ago(seen.created_at)),
      took !== null && fact("took", seconds(took)),
      seen.stopped_by && fact("stopped by", seen.stopped_by),
    ),
    going && h("progress", { max: total || 1, value: done, "aria-label": "epochs done", style: { width: "100%" } }),
    statusOf(seen) === "silent" &&
      h(
        "p",
        { class: "notice" },
        `Nothing has been heard of this training since it was expected, ${ago(seen.expected_by)}. Whoever sends it may be dead, or away from the network; what was sent is here.`,
      ),
    seen.error && h("p", { class: seen.status === "failed" ? "notice bad" : "notice" }, seen.error),
  ];
}

/** The view of the decision boundary; null where there is none. */
async function boundaryOf(id, seeds, signal) {
  const { charts } = await get(`/experiments/${id}/charts`, { signal });
  return charts.some(({ name }) => name === "boundary") ? boundaryView({ id, seeds, signal }) : null;
}

const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

/** The layers of a network that is trained elsewhere, as the strip draws them. */
const layersElsewhere = (spec) =>
  spec.layers.map((each) => ({
    layer: each.name,
    input_shape: each.parameters[0]?.shape.slice(0, -1) ?? [],
    output_shape: each.output_shape ?? each.parameters[0]?.shape.slice(-1) ?? [],
    parameters: each.parameters.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    tensors: each.parameters,
  }));

/** The runs of an experiment, and its spec. */
function table(first) {
  const spec = h(
    "pre",
    { class: "figures scroll", tabindex: 0, "aria-label": "Spec" },
    JSON.stringify(first.spec, null, 1),
  );
  return h(
    "details",
    { class: "panel" },
    h("summary", {}, h("strong", {}, "Runs and spec")),
    h(
      "div",
      { class: "scroll", tabindex: 0 },
      h(
        "table",
        { class: "figures" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["seed", "epochs", "loss", "val loss", "accuracy", "val accuracy", "stopped by"].map((each) =>
              h("th", { scope: "col" }, each),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          first.runs.map((run) => {
            const all = run.final_metrics ?? {};
            return h(
              "tr",
              {},
              [
                run.seed,
                run.epochs_done,
                number(all.loss),
                number(all.val_loss),
                share(all.accuracy),
                share(all.val_accuracy),
                run.error ?? run.stopped_by ?? "",
              ].map((each) => h("td", {}, String(each))),
            );
          }),
        ),
      ),
    ),
    spec,
  );
}
