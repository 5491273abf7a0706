// A row of the list of experiments.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { ago, metricWords, number, seedsOf, share } from "../shared/format.js";
import { median } from "../shared/numbers.js";
import { dataOf, isGoing, layersOf, nameOf, statusOf } from "../shared/spec_words.js";
import { trend } from "../charts/trend.js";
import { treatmentLine, trialLine } from "./trial_lines.js";
import { verdictView } from "../parts/verdict.js";

/**
 * @typedef {object} RowListeners
 * @property {(id: string, isChosen: boolean) => void} onChoice
 * @property {(experiment: Experiment) => void} onCancel
 * @property {(experiment: Experiment) => void} onRemove
 * @property {import("./folded_trials.js").FoldedTrials} trials those that are folded under what they treat.
 */

/** @typedef {ReturnType<typeof newCells>} Cells */

/**
 * @param {string} id
 * @param {AbortSignal} signal ends it.
 * @param {RowListeners} listeners
 */
export function experimentRow(id, signal, listeners) {
  const cells = newCells();
  /** @type {HTMLInputElement} */
  const tick = h("input", { type: "checkbox", onchange: () => listeners.onChoice(id, tick.checked) });
  const line = trend(id, signal);
  fill(cells.trend, line.element);
  const element = h("tr", { "data-id": id }, h("td", {}, tick), Object.values(cells));
  const unfold = h("button", { type: "button", class: "quiet", onclick: () => listeners.trials.toggle(id) });
  const isNew = isChanged();
  return {
    element,
    /** @param {Experiment} experiment */
    update(experiment) {
      cells.when.textContent = ago(experiment.created_at);
      const { progress, cancel_requested: isCancelled, runs } = experiment;
      const { trial, treatment, diagnosis } = experiment;
      const isUnfolded = listeners.trials.isUnfolded(id);
      element.classList.toggle("trial", Boolean(trial && listeners.trials.isUnfolded(trial.experiment_id)));
      if (!isNew([statusOf(experiment), progress, isCancelled, runs, diagnosis, treatment, isUnfolded])) return;
      tick.setAttribute("aria-label", `Choose ${nameOf(experiment)} for comparison`);
      const hasFocus = document.activeElement === unfold;
      fillCells(cells, experiment);
      cells.name.append(
        ...[trialLine(experiment), treatmentLine(experiment, unfold, isUnfolded)].filter((each) => each !== null),
      );
      if (hasFocus) unfold.focus();
      fill(cells.actions, actionButton(experiment, listeners));
      line.update(experiment);
    },
  };
}

/** The cells in the order of the list's headings. */
function newCells() {
  return {
    verdict: h("td", { class: "verdict" }),
    name: h("td", { class: "name" }),
    status: h("td", { class: "status" }),
    progress: h("td", { class: "progress" }),
    trend: h("td", { class: "trend" }),
    loss: h("td", { class: "loss right figures" }),
    accuracy: h("td", { class: "accuracy right figures" }),
    when: h("td", { class: "when muted small" }),
    actions: h("td", { class: "actions" }),
  };
}

/** @param {Cells} cells @param {Experiment} experiment */
function fillCells(cells, experiment) {
  const { id, spec, status } = experiment;
  fill(cells.verdict, experiment.diagnosis && verdictView(experiment.diagnosis));
  const { epochs_done: done, epochs_total: total } = experiment.progress;
  const summary = [dataOf(spec), layersOf(spec), seedsOf(spec.seeds)].join(" · ");
  const link = h("a", { class: "name", href: `#/experiment/${id}` }, nameOf(experiment));
  fill(cells.name, link, h("div", { class: "muted small" }, summary));
  fill(cells.status, h("span", { class: "tag", "data-kind": status }, statusOf(experiment)));
  const bar = h("progress", { max: total || 1, value: done, "aria-label": `${done} of ${total} epochs` });
  fill(cells.progress, bar, h("span", { class: "muted small figures" }, `${done} / ${total}`));
  const { loss, accuracy, samples } = finalWords(experiment.runs);
  fill(cells.loss, loss, loss && samples && h("div", { class: "muted small" }, samples));
  fill(cells.accuracy, accuracy, accuracy && samples && h("div", { class: "muted small" }, samples));
}

/**
 * The final loss and accuracy, as the median of the runs; of the validation samples where they are measured.
 *
 * @param {Pick<Run, "final_metrics">[]} runs
 * @returns {{loss: string, accuracy: string, samples: string}} "" where nothing is measured; `samples` is "training"
 *   where the validation is not measured.
 */
export function finalWords(runs) {
  const metrics = runs.flatMap(({ final_metrics: final }) => (final ? [final] : []));
  if (!metrics.length) return { loss: "", accuracy: "", samples: "" };
  const part = "val_loss" in metrics[0] ? "val_" : "";
  /** @param {string} name @param {(value: number) => string} shown */
  const words = (name, shown) => {
    const values = metrics.map((each) => each[part + name] ?? null);
    return metricWords({ [name]: median(values) }, name, shown);
  };
  const accuracy = `${part}accuracy` in metrics[0] ? words("accuracy", share) : "";
  return { loss: words("loss", number), accuracy, samples: part ? "" : "training" };
}

/** @param {Experiment} experiment @param {RowListeners} listeners */
function actionButton(experiment, { onCancel, onRemove }) {
  if (!isGoing(experiment)) {
    return h("button", { type: "button", class: "danger", onclick: () => onRemove(experiment) }, "Delete");
  }
  const disabled = experiment.cancel_requested;
  return h("button", { type: "button", disabled, onclick: () => onCancel(experiment) }, "Cancel");
}
