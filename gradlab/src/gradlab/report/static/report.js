// The page of a report: a training as it was when the report was written.

import { sourceOf } from "./data/held.js";
import { readHistory } from "./data/measured.js";
import { get, messageOf, readFrom } from "./data/source.js";
import { layerViews } from "./layers/layers.js";
import { boundaryOf } from "./charts/boundary.js";
import { curves } from "./charts/curves.js";
import { dataPanel } from "./parts/data_panel.js";
import { diagnosisView } from "./parts/diagnosis.js";
import { headerView } from "./parts/header.js";
import { networkPanel, shapesOf } from "./parts/network.js";
import { runsAndSpec } from "./parts/runs.js";
import { throughTime } from "./parts/through_time.js";
import { summaryOf } from "./parts/verdict.js";
import { countAs } from "./shared/axis.js";
import { fill, h } from "./shared/element.js";
import { watchTheme } from "./theme.js";

const { signal } = new AbortController(); // a report is left by closing it

/** @param {string} id @returns {HTMLElement} a part of the page. */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`expected an element with the id ${id} in the page`);
  return element;
}

/**
 * Read what the report holds, and make the parts of its page.
 *
 * @param {string} id the experiment's.
 */
async function partsOf(id) {
  const experiment = /** @type {Experiment} */ (await get(`/experiments/${id}`));
  const { seeds, record: recorded } = experiment.spec;
  const isElsewhere = experiment.spec.source === "external";
  countAs(experiment.spec.source === "external" ? experiment.spec : null);
  const [diagnosis, history, shapes, views, boundary] = await Promise.all([
    /** @type {Promise<Diagnosis>} */ (get(`/experiments/${id}/diagnosis`)),
    readHistory(id, signal),
    shapesOf(experiment.spec),
    layerViews({ id, seeds, recorded, isElsewhere, signal, hold: (read) => read(), onEpoch, onGrid: () => {} }),
    boundaryOf(id, seeds, false, signal),
  ]);
  /** @param {number} epoch */
  function onEpoch(epoch) {
    for (const each of [views, network, boundary]) each?.at(epoch);
  }
  const network = networkPanel(shapes, views, onEpoch);
  const judgement = diagnosisView({ id, signal });
  const figures = curves({ id, seeds, names: history.columns });
  return {
    experiment,
    diagnosis,
    history,
    views,
    network,
    boundary,
    judgement,
    figures,
    data: dataPanel(id, experiment.spec, signal),
    steps: throughTime(id, experiment.spec, signal),
  };
}

/** Show the report. */
async function show() {
  const { id, answers } = JSON.parse(part("answers").textContent ?? "");
  readFrom(sourceOf(answers));
  const parts = await partsOf(id);
  const { experiment, diagnosis, history, views, network, boundary, judgement, figures, data, steps } = parts;
  const header = headerView();
  const head = h("header", { class: "stack" }, header.elements, rootCause(diagnosis));
  const curvesRow = h("div", { class: "two" }, figures.elements);
  const dataRow = boundary ? h("div", { class: "two" }, boundary.element, data.element) : data.element;
  const rest = [dataRow, views.all, steps.element, runsAndSpec(experiment)];
  fill(part("page"), head, views.map, network?.element, views.detail, curvesRow, judgement.element, rest);
  header.show(experiment, summaryOf(diagnosis));
  judgement.show(diagnosis);
  judgement.open();
  views.draw();
  figures.show(history);
  if (history.lastEpoch !== undefined) network?.reach(history.lastEpoch);
  network?.showFindings(diagnosis.findings);
  network?.draw();
  await Promise.all([data.read(), steps.read()]);
}

/** @param {Diagnosis} diagnosis @returns {Child} the finding that the others follow from. */
function rootCause({ root_cause: root, findings }) {
  const finding = findings.find(({ rule }) => rule === root);
  if (!finding) return null;
  const words = h("p", { id: "root-cause" }, h("strong", {}, `Root cause: ${finding.title}. `), finding.explanation);
  return h("div", { class: "notice bad" }, words);
}

watchTheme(part("theme"));
show().catch((error) => fill(part("page"), h("p", { class: "notice bad", role: "alert" }, messageOf(error))));
