// The page of a treatment: the change that cures, and the table of its trials, which grows while it runs.

import { askToConfirm } from "../shared/dialogs.js";
import { copyable } from "../shared/copying.js";
import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { ago, elapsed } from "../shared/format.js";
import { repeat } from "../data/repeat.js";
import { noticeView } from "../charts/notice.js";
import { refreshed } from "./refreshed.js";
import { nameOf } from "../shared/spec_words.js";
import { facts } from "../shared/table.js";
import { get, post } from "../data/source.js";
import { codeBlock } from "../shared/code.js";
import { changeLines, changesView, changeText } from "./spec_changes.js";
import { trialTable } from "./treatment_table.js";
import { rateWords, trialName } from "./treatment_words.js";

const REFRESH_MILLISECONDS = 1000; // an answer that has not changed costs next to nothing

/** @param {PageOptions} options */
export async function treatment({ page, parts: [experiment, id], signal, say }) {
  const path = `/experiments/${experiment}/treatments/${id}`;
  const first = /** @type {Treatment} */ (await get(path, { signal }));
  document.title = `Treatment · Gradient Lab`;
  const [lost, refused] = [noticeView(), noticeView()]; // what a click could not do stays when it is read again
  const view = treatmentView(first, (step) => refused.attempt(() => act(step), signal));
  fill(page, view.head, lost.element, refused.element, view.cure, view.trials);

  /** @param {Treatment} next */
  function show(next) {
    view.show(next);
    say(next.status === "running" ? "live" : "over", next.status === "running" ? "live" : "");
    return next.status === "running";
  }

  const read = async () => show(await get(path, { signal }));
  const follow = () => repeat(() => refreshed(read, { signal, say }, lost), REFRESH_MILLISECONDS, signal);

  /** @param {"cancel" | "continue"} step */
  async function act(step) {
    const question = "Cancel this treatment? Finished trials are kept, and it can be continued.";
    if (step === "cancel" && !(await askToConfirm(question, "Cancel it", signal))) return;
    show(await post(`${path}/${step}`));
    if (step === "continue") follow();
  }
  if (show(first)) follow();
}

/** @param {Treatment} first @param {(step: "cancel" | "continue") => void} act */
function treatmentView(first, act) {
  const head = h("header", { class: "stack" });
  const cure = h("section", { class: "panel stack", "aria-label": "The change that cures", hidden: true, id: "cure" });
  const rows = trialTable();
  const definition = h("details", {}, h("summary", {}, "What these words mean"), h("p", {}, first.definition));
  const trials = h(
    "section",
    { class: "panel stack", "aria-label": "Trials", id: "trials" },
    h("h2", {}, "Trials"),
    rows.element,
    h("p", { class: "muted small" }, `Effect: on ${first.metric.replaceAll("_", " ")}, over equal seeds.`),
    definition,
  );
  const [isHeadNew, isCureNew] = [isChanged(), isChanged()];
  return {
    head,
    cure,
    trials,
    /** @param {Treatment} next */
    show(next) {
      const { status, summary, error, untreated, control } = next;
      if (isHeadNew([status, summary, error, untreated, control])) fill(head, headOf(next, act));
      if (isCureNew(next.recommended_spec)) fill(cure, cureOf(next)).hidden = next.recommended === null;
      rows.show(next);
    },
  };
}

/** @param {Treatment} treatment @param {(step: "cancel" | "continue") => void} act @returns {Child[]} */
function headOf(treatment, act) {
  const { experiment_id: id, status, summary, error } = treatment;
  const name = nameOf(treatment.trials[0].spec);
  const isOver = status === "completed";
  const step = status === "running" ? "cancel" : "continue";
  const words = step === "cancel" ? "Cancel" : "Continue";
  const link = h("a", { href: `#/experiment/${id}` }, name);
  return [
    h(
      "div",
      { class: "head" },
      h(
        "div",
        { class: "row" },
        h("h1", {}, "Treatment of ", link),
        h("span", { class: "tag", "data-kind": status, id: "status" }, status),
      ),
      !isOver && h("button", { type: "button", id: step, onclick: () => act(step) }, words),
    ),
    factsOf(treatment),
    error && h("p", { class: "notice bad" }, error),
    h("p", { id: "summary" }, summary),
  ];
}

/** @param {Treatment} treatment */
function factsOf({ request, created_at: created, finished_at: end, untreated, control }) {
  return facts(
    ["seeds of each trial", String(request.seeds)],
    ["trials at most", String(request.budget)],
    untreated && ["ill untreated", rateWords(untreated)],
    control && ["ill on fresh seeds", rateWords(control)],
    ["begun", ago(created)],
    end ? ["took", elapsed(created, end)] : null,
  );
}

/** @param {Treatment} treatment @returns {Child[]} what its cure is, with code to copy; [] without one. */
export function cureOf(treatment) {
  const { recommended, recommended_code: code, is_smallest: isSmallest, trials } = treatment;
  if (recommended === null) return [];
  const best = trials[recommended];
  const title = isSmallest ? "The smallest change that cures" : "The recommended change";
  const untreated = trials.find(({ role }) => role === "untreated")?.experiment_id;
  const pair = untreated && best.experiment_id ? `#/compare/${untreated},${best.experiment_id}` : null;
  const spec = JSON.stringify(treatment.recommended_spec, null, 1);
  const label = "Difference of the two specs";
  return [
    h(
      "div",
      { class: "head" },
      h("h2", {}, `${title}: `, h("code", {}, trialName(best))),
      h(
        "div",
        { class: "row" },
        best.experiment_id && h("a", { class: "button", href: `#/experiment/${best.experiment_id}` }, "Open it"),
        pair && h("a", { class: "button", href: pair }, "Compare with untreated"),
      ),
    ),
    h(
      "div",
      { class: "two" },
      copyable(label, changesView(best.changes, label), changeText(changeLines(best.changes))),
      code ? copyable("As Keras code", codeBlock("Keras code", code), code) : null,
    ),
    h("details", {}, h("summary", {}, "Its whole spec"), copyable("The spec", codeBlock("Its spec", spec), spec)),
  ];
}
