// The page of one experiment, as it is and as it becomes.

import { trainSuggestion } from "./actions.js";
import { boundaryOf } from "../charts/boundary.js";
import { curves } from "../charts/curves.js";
import { oncePerFrame } from "../charts/canvas.js";
import { dataPanel } from "../parts/data_panel.js";
import { diagnosisView } from "../parts/diagnosis.js";
import { countAs } from "../shared/axis.js";
import { fill, h } from "../shared/element.js";
import { headView } from "./experiment_head.js";
import { layerViews } from "../layers/layers.js";
import { layerOf } from "../layers/layer_words.js";
import { followOnPage } from "./live.js";
import { readHistory } from "../data/measured.js";
import { networkPanel, shapesOf } from "../parts/network.js";
import { runsAndSpec } from "../parts/runs.js";
import { get } from "../data/source.js";
import { isGoing, nameOf } from "../shared/spec_words.js";
import { throughTime } from "../parts/through_time.js";
import { summaryOf } from "../parts/verdict.js";
import { wholeFiles } from "./whole_files.js";

/** @typedef {import("../data/grid.js").Grid} Grid */
/** @typedef {ReturnType<typeof followOnPage>["gate"]} EventGate */
/** @typedef {Awaited<ReturnType<typeof partsOf>>} Parts */
/** @typedef {{history: Grid, streamed: Grid | null}} Grids `streamed` takes the gradients of the stream. */

/** @param {PageOptions} options */
export async function experiment({ page, parts: [id], signal, say }) {
  /** @type {Record<string, (data: any) => void>} */
  const handlers = {}; // none is called before the gate is released
  const first = /** @type {Experiment} */ (await get(`/experiments/${id}`, { signal }));
  countAs(first.spec.source === "external" ? first.spec : null);
  document.title = `${nameOf(first)} · Gradient Lab`;
  const stream = `/experiments/${id}/events?replay=false`;
  const { gate, joined } = followOnPage(stream, (name, data) => handlers[name]?.(data), { signal, say });
  const inTime = !isGoing(first) || (await joined());

  /** @param {number} epoch */
  const showEpoch = (epoch) => {
    for (const part of [parts.views, parts.network, parts.boundary]) part?.at(epoch);
  };
  const parts = await partsOf(first, gate, signal, showEpoch);
  const draw = oncePerFrame(() => drawHistory(parts), signal);
  const head = headView(first, signal);
  layOut(page, head.element, parts, first);
  Object.assign(handlers, handlersOf(parts, head, draw, isGoing(first)));
  draw();
  gate.release();
  if (!inTime) gate.joined.then(() => gate.hold(() => readAgain(id, parts, draw, signal))).catch(head.fail);
  const isThere = first.source === "external" || parts.grids.history.lastEpoch !== undefined;
  await Promise.all([isThere && parts.data.read(), parts.steps.read()]);
}

/**
 * Read the experiment and make the parts of its page.
 *
 * @param {Experiment} first
 * @param {EventGate} gate
 * @param {AbortSignal} signal
 * @param {(epoch: number) => void} onEpoch
 */
async function partsOf({ id, spec }, gate, signal, onEpoch) {
  const { seeds, record: recorded } = spec;
  /** @type {{streamed: Grid | null}} */
  const gradients = { streamed: null };
  /** @param {Grid | null} grid */
  const onGrid = (grid) => {
    gradients.streamed = grid;
  };
  const findBoundary = () => boundaryOf(id, seeds, spec.source !== "external", signal);
  const [shapes, history, views, boundary] = await Promise.all([
    shapesOf(spec),
    readHistory(id, signal),
    layerViews({
      id,
      seeds,
      recorded,
      isElsewhere: spec.source === "external",
      signal,
      hold: gate.hold,
      onEpoch,
      onGrid,
    }),
    findBoundary(),
  ]);
  return {
    grids: Object.assign(gradients, { history }),
    views,
    boundary,
    findBoundary,
    diagnosis: diagnosisView({ id, signal, train: (suggestion) => trainSuggestion(suggestion, id, signal) }),
    curves: curves({ id, seeds, names: history.columns }),
    network: networkPanel(shapes, views, onEpoch),
    data: dataPanel(id, spec, signal),
    steps: throughTime(id, spec, signal),
  };
}

/** @param {HTMLElement} page @param {HTMLElement} head @param {Parts} parts @param {Experiment} first */
function layOut(page, head, { views, network, boundary, diagnosis, curves: figures, data, steps }, first) {
  const judgement = boundary ? h("div", { class: "two" }, boundary.element, diagnosis.element) : diagnosis.element;
  const curvesRow = h("div", { class: "two" }, figures.elements);
  const rest = [views.detail, curvesRow, data.element, views.all, steps.element, runsAndSpec(first), wholeFiles(first)];
  fill(page, head, views.map, network?.element, judgement, rest);
}

/** @param {Parts} parts */
function drawHistory({ grids, curves: figures, network }) {
  figures.show(grids.history);
  if (grids.history.lastEpoch !== undefined) network?.reach(grids.history.lastEpoch);
  network?.draw();
}

/** @param {string} id @param {Parts} parts @param {() => void} draw @param {AbortSignal} signal */
async function readAgain(id, { grids, views, boundary }, draw, signal) {
  grids.history = await readHistory(id, signal);
  await views.read();
  await boundary?.read();
  draw();
}

/** @param {Parts} parts Show the boundary that a training elsewhere has sent at its end. */
async function showBoundary(parts) {
  parts.boundary = await parts.findBoundary();
  if (!parts.boundary) return;
  const { element } = parts.diagnosis;
  const row = h("div", { class: "two" });
  element.replaceWith(row);
  fill(row, parts.boundary.element, element);
}

/**
 * A handler for each event of the stream.
 *
 * @param {Parts} parts
 * @param {ReturnType<typeof headView>} head
 * @param {() => void} draw
 * @param {boolean} wasGoing true if the experiment was not over when the page was opened.
 */
function handlersOf(parts, head, draw, wasGoing) {
  const { grids, views, boundary, network, data, diagnosis, steps } = parts;
  return {
    status: head.update,
    epochs(/** @type {EpochsEvent} */ event) {
      appendEpochs(event, grids);
      views.grow();
      boundary?.grow();
      data.grow();
      draw();
    },
    findings(/** @type {Diagnosis} */ event) {
      head.judge(summaryOf(event));
      network?.showFindings(event.findings);
      diagnosis.show(event);
    },
    done(/** @type {{status: string}} */ { status }) {
      if (!wasGoing || status === "deleted") return;
      const readings = [steps, views, boundary, data].map(async (part) => part?.read());
      Promise.all([...readings, diagnosis.done(), boundary ?? showBoundary(parts)]).catch(head.fail);
    },
    problem: head.lose,
  };
}

/**
 * Append the epochs of an event to the grids; what was not finite comes as null.
 *
 * @param {EpochsEvent} event
 * @param {Grids} grids
 */
export function appendEpochs({ runs }, { history, streamed }) {
  for (const { seed, epochs, metrics, gradients } of runs) {
    epochs.forEach((epoch, i) => {
      const numbers = history.columns.map((name) => metrics[name][i] ?? NaN);
      history.append(seed, epoch, numbers);
    });
    gradients?.epochs.forEach((epoch, i) => {
      if (!streamed || epoch <= 0) return;
      const numbers = streamed.columns.map((column) => gradients.layers[layerOf(column)]?.[i] ?? NaN);
      streamed.append(seed, epoch, numbers);
    });
  }
}
