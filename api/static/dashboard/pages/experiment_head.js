// The head of an experiment's page: its state, what can be done with it, and what went wrong.

import { cancelExperiment, deleteExperiment } from "./actions.js";
import { h } from "../shared/element.js";
import { headerView } from "../parts/header.js";
import { noticeView } from "../charts/notice.js";
import { isGoing, statusOf } from "../shared/spec_words.js";
import { treatingView } from "./treating.js";

const SILENCE_MILLISECONDS = 5000; // between two checks for a training elsewhere that has fallen silent

/** @typedef {import("../data/source.js").Problem} Problem */

/**
 * The head of the page, which follows the experiment's state.
 *
 * @param {Experiment} first
 * @param {AbortSignal} signal of the page.
 */
export function headView(first, signal) {
  const notice = noticeView();
  /** @param {() => Promise<void>} act */
  const attempting = (act) => () => notice.attempt(act, signal);
  const header = headerView({ cancel: attempting(cancel), remove: attempting(remove) });
  const treating = treatingView(signal);
  const element = h("header", { class: "stack" }, header.elements, notice.element, treating.element);
  let current = first;
  let summary = first.diagnosis;

  /** @param {Partial<Experiment>} next */
  function update(next) {
    current = { ...current, ...next };
    header.show(current, summary);
    treating.show(current, summary?.verdict ?? null);
  }

  async function cancel() {
    const next = await cancelExperiment(first.id, "Cancel this experiment? What was measured is kept.", signal);
    if (next && isGoing(current)) update(next); // the stream may have brought its end before this answer
  }

  async function remove() {
    const question = "Delete this experiment with all that was measured?";
    if ((await deleteExperiment(first.id, question, signal)) && !signal.aborted) location.hash = "#/";
  }

  /** @param {unknown} error is shown to the reader, unless the page was left. */
  const fail = (error) => signal.aborted || notice.show(error);

  if (first.source === "external" && isGoing(first)) {
    checkSilence(() => statusOf(current) === "silent" && update({}), signal);
  }
  update({});
  return {
    element,
    update,
    fail,
    /** @param {DiagnosisSummary} next */
    judge(next) {
      summary = next;
      update({});
    },
    /** @param {Problem} problem for which the experiment is followed no more; 404 where it was deleted. */
    lose(problem) {
      if (problem.status === 404) update({ status: "deleted" });
      fail(problem);
    },
  };
}

/** @param {() => void} check is called now and then. @param {AbortSignal} signal ends it. */
function checkSilence(check, signal) {
  const timer = setInterval(check, SILENCE_MILLISECONDS);
  signal.addEventListener("abort", () => clearInterval(timer));
}
