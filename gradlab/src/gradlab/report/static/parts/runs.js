// The runs of an experiment as a table, and its spec.

import { metricBeside } from "../charts/curves.js";
import { h } from "../shared/element.js";
import { metricWords, share } from "../shared/format.js";
import { metricsOf, outputsOf } from "../shared/outputs.js";
import { row, scrolling, table } from "../shared/table.js";

const MEASURED = ["loss", "val_loss", "accuracy", "val_accuracy"];

/** @param {Experiment} experiment */
export function runsAndSpec({ runs, spec }) {
  const text = JSON.stringify(spec, null, 1);
  const columns = columnsOf(runs);
  const headings = ["seed", "epochs", ...columns.map((name) => name.replaceAll("_", " ")), "stopped by"];
  return h(
    "details",
    { class: "panel" },
    h("summary", {}, h("strong", {}, "Runs and spec")),
    scrolling(
      table(
        headings,
        runs.map((run) => row(runCells(run, columns))),
        { class: "figures" },
      ),
    ),
    h("pre", { class: "figures scroll", tabindex: 0, "aria-label": "Spec" }, text),
  );
}

/**
 * The metrics that are shown of each run; of several outputs the loss and a metric of each, on validation samples.
 *
 * @param {Pick<Run, "final_metrics">[]} runs
 * @returns {string[]}
 */
export function columnsOf(runs) {
  const names = Object.keys(runs.find(({ final_metrics: metrics }) => metrics)?.final_metrics ?? {});
  const outputs = outputsOf(names);
  if (!outputs.length) return MEASURED;
  const ofEach = outputs.flatMap((output) => {
    const own = metricsOf(names, output);
    return ["loss", metricBeside([...own.keys()])].map((name) => name && (own.get(`val_${name}`) ?? own.get(name)));
  });
  return ["loss", "val_loss", ...ofEach.filter((name) => typeof name === "string")];
}

/** @param {Run} run @param {string[]} [columns] names of metrics. @returns {string[]} a cell for each heading. */
export function runCells(
  { seed, epochs_done: epochs, final_metrics: metrics, error, stopped_by: cause },
  columns = MEASURED,
) {
  const cells = columns.map((name) => metricWords(metrics, name, name.includes("accuracy") ? share : undefined));
  return [String(seed), String(epochs), ...cells, error ?? cause ?? ""];
}
