// The runs of an experiment as a table, and its spec.

import { h } from "../shared/element.js";
import { metricWords, share } from "../shared/format.js";
import { row, scrolling, table } from "../shared/table.js";

const HEADINGS = ["seed", "epochs", "loss", "val loss", "accuracy", "val accuracy", "stopped by"];

/** @param {Experiment} experiment */
export function runsAndSpec({ runs, spec }) {
  const text = JSON.stringify(spec, null, 1);
  return h(
    "details",
    { class: "panel" },
    h("summary", {}, h("strong", {}, "Runs and spec")),
    scrolling(
      table(
        HEADINGS,
        runs.map((run) => row(runCells(run))),
        { class: "figures" },
      ),
    ),
    h("pre", { class: "figures scroll", tabindex: 0, "aria-label": "Spec" }, text),
  );
}

/** @param {Run} run @returns {string[]} a cell for each heading. */
export function runCells({ seed, epochs_done: epochs, final_metrics: metrics, error, stopped_by: cause }) {
  const losses = ["loss", "val_loss"].map((name) => metricWords(metrics, name));
  const accuracies = ["accuracy", "val_accuracy"].map((name) => metricWords(metrics, name, share));
  return [String(seed), String(epochs), ...losses, ...accuracies, error ?? cause ?? ""];
}
