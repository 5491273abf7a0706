// The head of an experiment's page: its name, its state, what can be done with it.

import { axisName, placeOf } from "../shared/axis.js";
import { h } from "../shared/element.js";
import { ago, seconds, seedsOf } from "../shared/format.js";
import { dataOf, isGoing, layersOf, nameOf, optimizerOf, statusOf } from "../shared/spec_words.js";
import { facts } from "../shared/table.js";
import { verdictView } from "./verdict.js";

/** @typedef {{cancel: () => Promise<void>, remove: () => Promise<void>}} Actions */

/**
 * @param {Experiment} experiment
 * @param {DiagnosisSummary | null} summary of the diagnosis; null before there is one.
 * @param {Actions | null} actions null where nothing can be done.
 * @returns {Child[]}
 */
export function header(experiment, summary, actions = null) {
  const { epochs_done: done, epochs_total: total } = experiment.progress;
  const progress = { max: total || 1, value: done, "aria-label": "epochs done", style: { width: "100%" } };
  return [
    h("div", { class: "head" }, titleRow(experiment), actions && buttonRow(experiment, actions)),
    summary && h("p", { class: "row verdict-line" }, verdictView(summary, "verdict")),
    factsOf(experiment),
    isGoing(experiment) && h("progress", progress),
    statusOf(experiment) === "silent" && h("p", { class: "notice" }, silenceOf(experiment)),
    experiment.error && h("p", { class: experiment.status === "failed" ? "notice bad" : "notice" }, experiment.error),
  ];
}

/** @param {Experiment} experiment */
function titleRow(experiment) {
  return h(
    "div",
    { class: "row" },
    h("h1", {}, nameOf(experiment)),
    h("span", { class: "tag", "data-kind": experiment.status, id: "status" }, statusOf(experiment)),
  );
}

/** @param {Experiment} experiment @param {Actions} actions */
function buttonRow(experiment, { cancel, remove }) {
  const cancelling = { id: "cancel", disabled: experiment.cancel_requested, onclick: cancel };
  return h(
    "div",
    { class: "row" },
    experiment.source !== "external" &&
      h("a", { class: "button", href: `#/new/from/${experiment.id}` }, "Change and run again"),
    isGoing(experiment)
      ? h("button", { type: "button", ...cancelling }, "Cancel")
      : h("button", { type: "button", class: "danger", onclick: remove }, "Delete"),
  );
}

/** @param {Experiment} experiment */
function factsOf({ spec, progress, created_at: created, started_at: start, finished_at: end, stopped_by: cause }) {
  return facts(
    [`${axisName()}s`, `${placeOf(progress.epochs_done)} / ${placeOf(progress.epochs_total)}`],
    ["network", layersOf(spec)],
    ["data", dataOf(spec)],
    ["seeds", seedsOf(spec.seeds)],
    ["optimiser", optimizerOf(spec)],
    ["submitted", ago(created)],
    start && end ? ["took", seconds((new Date(end).getTime() - new Date(start).getTime()) / 1000)] : null,
    cause ? ["stopped by", cause] : null,
  );
}

/** @param {Experiment} experiment */
const silenceOf = ({ expected_by: expected }) =>
  `Nothing has been heard of this training since it was expected, ${ago(expected ?? "")}. ` +
  "Whoever sends it may be dead, or away from the network; what was sent is here.";
