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
  const elsewhere = spec.source === "external";
  const short = h("div", { class: "stack" });
  const whole = evidenceView(id, signal, train);
  const summary = h("summary", {}, elsewhere ? "Evidence" : "Evidence and remedies");
  /** @type {HTMLDetailsElement} */
  const more = h("details", { ontoggle: () => more.open && whole.read() }, summary, whole.element);
  const element = h("section", { class: "panel stack", "aria-label": "Diagnosis", hidden: true }, short, more);
  return {
    element,
    /** @param {Diagnosis} diagnosis of a findings event. */
    show(diagnosis) {
      element.hidden = false;
      more.hidden = !seriousOf(diagnosis).length;
      fill(short, inShort(diagnosis, id, spec.seeds.length, elsewhere));
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
 * @param {boolean} elsewhere true for a training elsewhere.
 * @returns {Child[]}
 */
function inShort(diagnosis, id, seeds, elsewhere) {
  const { verdict, root_cause: root } = diagnosis;
  const serious = seriousOf(diagnosis);
  const head = h(
    "div",
    { class: "row" },
    h("h2", {}, "Diagnosis"),
    h("span", { class: "tag", "data-kind": verdict }, verdict),
    hasFiles() && h("a", { class: "small", href: `/experiments/${id}/diagnosis` }, "JSON"),
  );
  if (!serious.length) return [head, h("p", { class: "muted" }, withoutFinding(verdict, elsewhere))];
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
  const { title, changes } = suggestion;
  const row = h("div", { class: "row" }, h("strong", {}, title), train && trainButton(suggestion, train));
  return h("li", {}, row, h("span", { class: "muted small" }, changesWords(changes)));
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
