// The diagnosis of an experiment: what is wrong with it, on what evidence, and what may help.

import { isChanged } from "../shared/changed.js";
import { codeBlock } from "../shared/code.js";
import { fill, h, withCode } from "../shared/element.js";
import { fileLink } from "../charts/frame.js";
import { buttonOnce } from "../charts/notice.js";
import { chainView } from "./chain.js";
import { byReason, changesWords, seriousOf, withoutFinding } from "./findings.js";
import { summaryOf, verdictView } from "./verdict.js";
import { get, hasFiles, hasKey, messageOf } from "../data/source.js";

/** @typedef {(suggestion: Suggestion) => Promise<void>} Train */
/**
 * @typedef {object} DiagnosisOptions
 * @property {string} id
 * @property {AbortSignal} signal ends the view.
 * @property {Train} [train] trains a suggestion's spec; without it none is trained.
 */

/**
 * The panel of a diagnosis: the chain of its findings with their evidence, what would settle the verdict, remedies once
 * they are opened, and what is not judged.
 *
 * @param {DiagnosisOptions} options
 */
export function diagnosisView({ id, signal, train }) {
  const head = h("div", { class: "row" });
  const nothing = h("p", { class: "muted" });
  const chain = chainView();
  const whole = remediesView(id, signal, train);
  const label = h("summary", {}, "What may help");
  /** @type {HTMLDetailsElement} */
  const more = h("details", { ontoggle: () => more.open && whole.read() }, label, whole.element);
  const rest = h("div", { class: "stack" });
  const [isHeadNew, isRestNew] = [isChanged(), isChanged()];
  const panel = { class: "panel stack", "aria-label": "Diagnosis", hidden: true };
  const element = h("section", panel, head, nothing, chain.element, more, rest);
  return {
    element,
    /** @param {Diagnosis} diagnosis of a findings event. */
    show(diagnosis) {
      const { verdict, root_cause: root, unjudged = [], settled_by: settled = [] } = diagnosis;
      const serious = seriousOf(diagnosis);
      element.hidden = false;
      chain.element.hidden = more.hidden = !serious.length;
      nothing.hidden = serious.length > 0;
      nothing.textContent = withoutFinding(verdict, unjudged);
      const summary = summaryOf(diagnosis);
      if (isHeadNew([summary, hasKey()])) fill(head, headOf(summary, id));
      chain.show(serious, root);
      if (isRestNew([settled, unjudged])) fill(rest, settlingView(settled), unjudgedView(unjudged));
      if (more.open) whole.read();
    },
    /** Open the evidence and the remedies. */
    open() {
      chain.open();
      more.open = true;
    },
    /** Read the remedies once more: numbers change no more. */
    done: () => more.open && whole.read(),
  };
}

/** @param {DiagnosisSummary} summary @param {string} id @returns {Child[]} */
const headOf = (summary, id) => [
  h("h2", {}, "Diagnosis"),
  verdictView(summary),
  hasFiles() && h("div", { class: "files" }, fileLink(fileOf(id))),
];

/** @param {string} id @returns {FileLink} */
const fileOf = (id) => ({
  label: "JSON",
  path: `/experiments/${id}/diagnosis`,
  accept: "application/json",
  name: `${id}-diagnosis.json`,
});

/** @param {Settling[]} settled @returns {Child} what would settle the verdict. */
function settlingView(settled) {
  if (!settled.length) return null;
  const items = settled.map(({ by, what }) => h("li", { "data-by": by }, withCode(what)));
  return h("div", { id: "settling" }, h("h3", {}, "What would settle it"), h("ul", { class: "settling" }, items));
}

/** @param {string} id @param {AbortSignal} signal @param {Train} [train] */
function remediesView(id, signal, train) {
  const element = h("div", { class: "stack evidence" });
  const areNew = isChanged();
  let reads = 0;

  async function read() {
    const own = (reads += 1);
    try {
      const { suggestions } = /** @type {Diagnosis} */ (await get(`/experiments/${id}/diagnosis`, { signal }));
      if (own === reads && areNew(suggestions)) fill(element, remedies(suggestions, train));
    } catch (error) {
      if (signal.aborted || own < reads) return;
      if (areNew(messageOf(error))) fill(element, h("p", { class: "notice" }, messageOf(error)));
    }
  }
  return { element, read };
}

/** @param {Suggestion[]} suggestions @param {Train} [train] @returns {Child[]} */
function remedies(suggestions, train) {
  if (!suggestions.length) return [h("p", { class: "muted" }, "No remedy is known for this root cause.")];
  const items = suggestions.map((suggestion) => remedyItem(suggestion, train));
  return [h("p", { class: "muted small" }, "Best first."), h("ul", { class: "remedies" }, items)];
}

/** @param {Suggestion} suggestion @param {Train} [train] */
function remedyItem(suggestion, train) {
  const { title, instructions, changes, spec, code } = suggestion;
  const row = h("div", { class: "row" }, h("strong", {}, title), spec && train && trainButton(suggestion, train));
  const words = h("span", { class: "muted small" }, changes.length ? changesWords(changes) : instructions);
  return h("li", {}, row, words, code && codeBlock(`Code: ${title}`, code));
}

/** @param {Unjudged[]} unjudged @returns {Child} the rules that could not be applied, and what would change that. */
function unjudgedView(unjudged) {
  if (!unjudged.length) return null;
  const items = byReason(unjudged).map(({ words, rules }) =>
    h(
      "li",
      {},
      h("strong", {}, rules.join(", ").replaceAll("_", " ")),
      h("span", { class: "muted small" }, withCode(words)),
    ),
  );
  const count = unjudged.length === 1 ? "1 rule" : `${unjudged.length} rules`;
  return h("details", {}, h("summary", {}, `Not judged: ${count}`), h("ul", { class: "remedies unjudged" }, items));
}

/** @param {Suggestion} suggestion @param {Train} train @returns {Child[]} the button, and what went wrong. */
function trainButton(suggestion, train) {
  const words = "Train it, and compare";
  const { remedy, title } = suggestion;
  return buttonOnce({ "data-remedy": remedy, "aria-label": `${words}: ${title}` }, words, () => train(suggestion));
}
