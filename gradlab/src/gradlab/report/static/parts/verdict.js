// A verdict in its one form: verdict, root cause with its rule, one word of confidence, rules that are unjudged.

import { h } from "../shared/element.js";

/**
 * The summary of a diagnosis, as the service stores it of experiments.
 *
 * @param {Diagnosis} diagnosis
 * @returns {DiagnosisSummary}
 */
export function summaryOf({ verdict, root_cause: root, findings, confidence, unjudged }) {
  const title = findings.find(({ rule }) => rule === root)?.title ?? null;
  return { verdict, root_cause: root, title, confidence, unjudged: unjudged?.length ?? 0, stale: false };
}

/** @param {DiagnosisSummary} summary @returns {string} the verdict, restricted where not all of it was judged. */
export const verdictWords = ({ verdict, unjudged }) =>
  verdict === "healthy" && unjudged ? "healthy on what was measured" : verdict;

/** @param {DiagnosisSummary} summary @returns {string} what stands behind the verdict in its line. */
export function behindVerdict({ verdict, root_cause: root, title, confidence, unjudged, stale }) {
  const cause = root && `${title} (${root})`;
  const sure = verdict !== "undecided" && confidence;
  const count = unjudged > 0 && `${unjudged} rule${unjudged === 1 ? "" : "s"} unjudged`;
  const first = [cause, sure].filter(Boolean).join(", ");
  return [first, count, stale && "stale"].filter(Boolean).join("; ");
}

/**
 * The verdict as a tag, and behind it the rest of its line.
 *
 * @param {DiagnosisSummary} summary
 * @param {string | null} [id] of the tag.
 * @returns {Child[]}
 */
export function verdictView(summary, id = null) {
  const behind = behindVerdict(summary);
  const title = summary.stale && "Other rules than this version's said so. It is computed anew soon.";
  return [
    h("span", { class: "tag", "data-kind": summary.verdict, id }, verdictWords(summary)),
    behind && h("span", { class: "behind", title }, behind),
  ];
}
