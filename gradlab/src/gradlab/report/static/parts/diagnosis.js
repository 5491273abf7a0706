// The diagnosis of an experiment: what is wrong with it, on what evidence, and what may help.

import { fill, h } from "../shared/element.js";
import { changesWords, extentOf, measureWords, seriousOf, withoutFinding } from "./findings.js";
import { get, hasFiles, messageOf } from "../data/source.js";

/** @typedef {(suggestion: Suggestion) => Promise<void>} Train */
/**
 * @typedef {object} DiagnosisOptions
 * @property {string} id
 * @property {Spec} spec
 * @property {AbortSignal} signal ends the view.
 * @property {Train} [train] trains a suggestion's spec; without it none is trained.
 */

/**
 * The panel of a diagnosis: its findings in short; under them, once it is opened, the evidence and the remedies.
 *
 * @param {DiagnosisOptions} options
 */
export function diagnosisView({ id, spec, signal, train }) {
  const short = h("div", { class: "stack" });
  const whole = evidenceView(id, signal, train);
  const summary = h("summary", {}, "Evidence and remedies");
  /** @type {HTMLDetailsElement} */
  const more = h("details", { ontoggle: () => more.open && whole.read() }, summary, whole.element);
  const rest = h("div", {});
  const element = h("section", { class: "panel stack", "aria-label": "Diagnosis", hidden: true }, short, more, rest);
  return {
    element,
    /** @param {Diagnosis} diagnosis of a findings event. */
    show(diagnosis) {
      element.hidden = false;
      more.hidden = !seriousOf(diagnosis).length;
      fill(short, inShort(diagnosis, id, spec.seeds.length));
      fill(rest, unjudgedView(diagnosis.unjudged ?? []));
      if (more.open) whole.read();
    },
    /** Open the evidence. */
    open() {
      more.open = true;
    },
    /** Read the evidence once more: numbers change no more. */
    done: () => more.open && whole.read(),
  };
}

/**
 * The verdict and the findings.
 *
 * @param {Diagnosis} diagnosis
 * @param {string} id
 * @param {number} seeds how many were trained.
 * @returns {Child[]}
 */
function inShort(diagnosis, id, seeds) {
  const { verdict, root_cause: root } = diagnosis;
  const serious = seriousOf(diagnosis);
  const head = h(
    "div",
    { class: "row" },
    h("h2", {}, "Diagnosis"),
    h("span", { class: "tag", "data-kind": verdict }, verdict),
    hasFiles() && h("a", { class: "small", href: `/experiments/${id}/diagnosis` }, "JSON"),
  );
  if (!serious.length) return [head, h("p", { class: "muted" }, withoutFinding(verdict, diagnosis.unjudged ?? []))];
  return [
    head,
    h(
      "ul",
      { class: "findings" },
      serious.map((finding) => findingItem(finding, root, seeds)),
    ),
  ];
}

/** @param {Finding} finding @param {string | null} root the rule of the root cause. @param {number} seeds */
function findingItem(finding, root, seeds) {
  return h(
    "li",
    {},
    h("span", { class: "tag", "data-kind": finding.severity }, finding.rule === root ? "root cause" : finding.kind),
    h("span", {}, finding.title),
    h("span", { class: "muted small" }, extentOf(finding, seeds)),
  );
}

/** @param {string} id @param {AbortSignal} signal @param {Train} [train] */
function evidenceView(id, signal, train) {
  const element = h("div", { class: "stack evidence" });
  let reads = 0;
  let shown = "";

  async function read() {
    const own = (reads += 1);
    try {
      const diagnosis = /** @type {Diagnosis} */ (await get(`/experiments/${id}/diagnosis`, { signal }));
      const content = JSON.stringify([diagnosis.findings, diagnosis.suggestions]);
      if (own < reads || content === shown) return; // whoever is on a button stays there where nothing is new
      shown = content;
      fill(element, seriousOf(diagnosis).map(evidence), remedies(diagnosis.suggestions, train));
    } catch (error) {
      if (signal.aborted || own < reads) return;
      shown = "";
      fill(element, h("p", { class: "notice" }, messageOf(error)));
    }
  }
  return { element, read };
}

/** @param {Finding} finding */
function evidence({ title, explanation, measures }) {
  const items = measures.map((measure) => h("li", {}, measureWords(measure)));
  return h("article", {}, h("h3", {}, title), h("p", {}, explanation), h("ul", { class: "measures" }, items));
}

/** @param {Suggestion[]} suggestions @param {Train} [train] @returns {Child[]} */
function remedies(suggestions, train) {
  if (!suggestions.length) return [];
  const items = suggestions.map((suggestion) => remedyItem(suggestion, train));
  return [h("h3", {}, "What may help, best first"), h("ul", { class: "remedies" }, items)];
}

/** @param {Suggestion} suggestion @param {Train} [train] */
function remedyItem(suggestion, train) {
  const { title, instructions, changes, spec, code } = suggestion;
  const row = h("div", { class: "row" }, h("strong", {}, title), spec && train && trainButton(suggestion, train));
  const words = h("span", { class: "muted small" }, changes.length ? changesWords(changes) : instructions);
  return h("li", {}, row, words, code && codeOf(title, code));
}

/** @param {string} title @param {string} code to copy from. */
const codeOf = (title, code) =>
  h("pre", { class: "code scroll", tabindex: 0, role: "region", "aria-label": `Code: ${title}` }, code);

/** @param {Unjudged[]} unjudged @returns {Child} the rules that could not be applied, and what would change that. */
function unjudgedView(unjudged) {
  if (!unjudged.length) return null;
  const items = unjudged.map(({ rule, why, advice }) => {
    const words = advice ? `${why}. Pass ${advice}.` : `${why}.`;
    return h("li", {}, h("strong", {}, rule.replaceAll("_", " ")), h("span", { class: "muted small" }, words));
  });
  const count = unjudged.length === 1 ? "1 rule" : `${unjudged.length} rules`;
  return h("details", {}, h("summary", {}, `Not judged: ${count}`), h("ul", { class: "remedies unjudged" }, items));
}

/** @param {Suggestion} suggestion @param {Train} train @returns {Child[]} the button, and what went wrong. */
function trainButton(suggestion, train) {
  const problem = h("span", { class: "small", role: "status" });
  const words = "Train it, and compare";
  async function onclick() {
    button.disabled = true;
    try {
      await train(suggestion);
    } catch (error) {
      button.disabled = false;
      fill(problem, messageOf(error));
    }
  }
  const { remedy, title } = suggestion;
  const attributes = { type: "button", "data-remedy": remedy, "aria-label": `${words}: ${title}`, onclick };
  const button = h("button", attributes, words);
  return [button, problem];
}
