// The views of the doctor's parts: of each that has ended, and of the one that runs.

import { isChanged } from "../shared/changed.js";
import { fill, h, withCode } from "../shared/element.js";
import { diagnosisView } from "../parts/diagnosis.js";
import { summaryOf, verdictView } from "../parts/verdict.js";
import { PARTS } from "./examining.js";
import { warningsList } from "./profile_parts.js";
import { treatmentPath } from "./trial_lines.js";
import { cureOf } from "./treatment.js";
import { trialTable } from "./treatment_table.js";

/** @typedef {import("./examining.js").Examination} Examination */
/** @typedef {import("./examining.js").Part} Part */

const TITLES = {
  data: "Samples",
  draft: "Model and samples together",
  triage: "Before any training",
  training: "Training",
  diagnosis: "Diagnosis",
  treatment: "Treatment",
};

/** @param {AbortSignal} signal of the page. */
export function doctorView(signal) {
  const outcome = h("p", { class: "notice", role: "status", id: "outcome", hidden: true });
  const views = PARTS.map((part) => partView(part, signal));
  const element = h(
    "div",
    { class: "stack" },
    outcome,
    views.map((view) => view.element),
  );
  return {
    element,
    /** @param {Examination} so */
    show(so) {
      for (const view of views) view.show(so);
    },
    /** @param {string} words */
    end(words) {
      outcome.hidden = false;
      outcome.textContent = words;
    },
    /** Take away what says that a part runs. */
    stop() {
      for (const view of views) view.stop();
    },
  };
}

/** @param {Part} part @param {AbortSignal} signal */
function partView(part, signal) {
  const seconds = h("span", { class: "muted small" });
  const body = h("div", { class: "stack" });
  const heading = h("div", { class: "row" }, h("h2", {}, TITLES[part]), seconds);
  const isPanel = part !== "diagnosis"; // which has a panel of its own
  const element = isPanel
    ? h("section", { class: "panel stack", "aria-label": TITLES[part], hidden: true }, heading, body)
    : h("div", { class: "stack", hidden: true }, heading, body);
  const content = CONTENTS[part](signal);
  const isNew = isChanged();
  fill(body, content.element);
  return {
    element,
    /** @param {Examination} so */
    show(so) {
      const took = so.seconds[part];
      element.hidden = took === undefined && so.running !== part;
      if (element.hidden) return;
      heading.hidden = !isPanel && took !== undefined;
      seconds.textContent = took === undefined ? "…" : `${took.toFixed(1)} s`;
      if (isNew([took, content.watched(so)])) content.show(so);
    },
    stop() {
      if (seconds.textContent === "…") seconds.textContent = "broken off";
    },
  };
}

/**
 * @typedef {object} Content
 * @property {HTMLElement} element
 * @property {(so: Examination) => unknown} watched what it shows.
 * @property {(so: Examination) => void} show
 */

/** @param {(so: Examination) => unknown} watched @param {(so: Examination) => Child} made @returns {Content} */
function plain(watched, made) {
  const element = h("div", { class: "stack" });
  return { element, watched, show: (so) => void fill(element, watched(so) ? made(so) : null) };
}

/** @type {Record<Part, (signal: AbortSignal) => Content>} */
const CONTENTS = {
  data: () => plain(({ profile }) => profile, dataOf),
  draft: () => plain(({ draft }) => draft, draftOf),
  triage: () =>
    plain(
      ({ triage }) => triage,
      ({ triage }) => triage && judgedOf(triage),
    ),
  training: () => plain(({ experiment }) => experiment && [experiment.status, experiment.progress], trainingOf),
  diagnosis: diagnosisContent,
  treatment: treatmentContent,
};

/** @param {Examination} so */
function dataOf({ dataset, profile }) {
  if (!dataset || !profile) return null;
  const link = h("a", { href: `#/dataset/${dataset.id}` }, dataset.name);
  const words = ` ${profile.rows} rows, ${profile.column_count} column${profile.column_count === 1 ? "" : "s"}`;
  return [h("p", {}, link, words), profile.warnings.length > 0 && warningsList(profile)];
}

/** @param {Examination} so */
function draftOf({ draft }) {
  if (!draft) return null;
  const lines = [...draft.assumptions, ...draft.notes];
  return [
    h("h3", {}, "Assumed"),
    h(
      "ul",
      {},
      lines.map((line) => h("li", {}, withCode(line))),
    ),
  ];
}

/** @param {Diagnosis} diagnosis @returns {Child} */
function judgedOf(diagnosis) {
  const root = diagnosis.findings.find(({ rule }) => rule === diagnosis.root_cause);
  return [h("p", { class: "row" }, verdictView(summaryOf(diagnosis))), root && h("p", {}, withCode(root.explanation))];
}

/** @param {Examination} so */
function trainingOf({ experiment }) {
  if (!experiment) return null;
  const { epochs_done: done, epochs_total: total } = experiment.progress;
  const link = h("a", { href: `#/experiment/${experiment.id}` }, "Its page");
  return h("p", {}, `${experiment.status}, ${done} of ${total} epochs · `, link);
}

/** @param {AbortSignal} signal @returns {Content} */
function diagnosisContent(signal) {
  const element = h("div", { class: "stack" });
  return {
    element,
    watched: ({ diagnosis }) => diagnosis,
    show({ diagnosis, experiment }) {
      if (!diagnosis || !experiment) return;
      const view = diagnosisView({ id: experiment.id, signal });
      fill(element, view.element);
      view.show(diagnosis);
    },
  };
}

/** @returns {Content} */
function treatmentContent() {
  const trials = trialTable();
  const cure = h("div", { class: "stack", id: "cure" });
  const link = h("p");
  const element = h("div", { class: "stack" }, cure, link, trials.element);
  return {
    element,
    watched: ({ treatment }) => treatment,
    show({ treatment }) {
      if (!treatment) return;
      fill(
        link,
        h("a", { href: treatmentPath(treatment.experiment_id, treatment.id) }, "Its page"),
        ` · ${treatment.summary}`,
      );
      fill(cure, cureOf(treatment));
      trials.show(treatment);
    },
  };
}
