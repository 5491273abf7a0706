// The head of an experiment's page: its name, its state, what can be done with it.

import { axisName, placeOf } from "../shared/axis.js";
import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { ago, elapsed, seedsOf } from "../shared/format.js";
import { dataOf, isGoing, layersOf, nameOf, optimizerOf, statusOf } from "../shared/spec_words.js";
import { facts } from "../shared/table.js";
import { verdictView } from "./verdict.js";

/** @typedef {{cancel: () => Promise<void>, remove: () => Promise<void>}} Actions */

/**
 * The head, which follows the experiment. Its buttons stay where they are while they show the same: whoever is on one
 * keeps the focus, and a click that has begun.
 *
 * @param {Actions | null} actions null where nothing can be done.
 */
export function headerView(actions = null) {
  const title = h("div", { class: "row" });
  const buttons = h("div", { class: "row" });
  const state = h("div", { class: "stack" });
  const areNew = isChanged();
  return {
    elements: [h("div", { class: "head" }, title, actions && buttons), state],
    /** @param {Experiment} experiment @param {DiagnosisSummary | null} summary null before there is a diagnosis. */
    show(experiment, summary) {
      fill(title, titleOf(experiment));
      fill(state, stateOf(experiment, summary));
      const { source, status, cancel_requested: isCancelled } = experiment;
      const key = [source, isGoing(experiment), status === "deleted", isCancelled];
      if (actions && areNew(key)) fill(buttons, buttonsOf(experiment, actions));
    },
  };
}

/** @param {Experiment} experiment @param {DiagnosisSummary | null} summary @returns {Child[]} */
function stateOf(experiment, summary) {
  const { epochs_done: done, epochs_total: total } = experiment.progress;
  const progress = { max: total || 1, value: done, "aria-label": "epochs done", style: { width: "100%" } };
  return [
    summary && h("p", { class: "row verdict-line" }, verdictView(summary, "verdict")),
    factsOf(experiment),
    isGoing(experiment) && h("progress", progress),
    statusOf(experiment) === "silent" && h("p", { class: "notice" }, silenceOf(experiment)),
    experiment.error && h("p", { class: experiment.status === "failed" ? "notice bad" : "notice" }, experiment.error),
  ];
}

/** @param {Experiment} experiment @returns {Child[]} */
const titleOf = (experiment) => [
  h("h1", {}, nameOf(experiment)),
  h("span", { class: "tag", "data-kind": experiment.status, id: "status" }, statusOf(experiment)),
];

/** @param {Experiment} experiment @param {Actions} actions @returns {Child[]} none where it was deleted. */
function buttonsOf(experiment, { cancel, remove }) {
  if (experiment.status === "deleted") return [];
  const cancelling = { id: "cancel", disabled: experiment.cancel_requested, onclick: cancel };
  return [
    experiment.source !== "external" &&
      h("a", { class: "button", href: `#/new/from/${experiment.id}` }, "Change and run again"),
    isGoing(experiment)
      ? h("button", { type: "button", ...cancelling }, "Cancel")
      : h("button", { type: "button", class: "danger", onclick: remove }, "Delete"),
  ];
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
    start && end ? ["took", elapsed(start, end)] : null,
    cause ? ["stopped by", cause] : null,
  );
}

/** @param {Experiment} experiment */
const silenceOf = ({ expected_by: expected }) =>
  `Nothing has been heard of this training since it was expected, ${ago(expected ?? "")}. ` +
  "Whoever sends it may be dead, or away from the network; what was sent is here.";
