// The triage of a spec while it is written: what theory and its untrained network foretell, and what may help.

import { fill, h } from "../shared/element.js";
import { messageOf, send } from "../data/source.js";
import { chainView } from "../parts/chain.js";
import { changesWords, seriousOf } from "../parts/findings.js";
import { summaryOf, verdictView } from "../parts/verdict.js";
import { editsTowards } from "./edits.js";
import { readVocabulary } from "./vocabulary.js";

// Without a change of the spec before it is triaged: a worker builds and measures its networks for each.
const PAUSE_MILLISECONDS = 800;

/** @typedef {import("./spec_field.js").SpecField} SpecField */
/** @typedef {{text: string, spec: Spec}} Written a spec with all its fields, and the text that it was read from. */
/** @typedef {(suggestion: Suggestion) => void} Apply */

/**
 * The panel of the triage. A later spec takes the place of one whose triage is under way.
 *
 * @param {() => SpecField} field
 * @param {AbortSignal} signal ends it.
 */
export function triageView(field, signal) {
  const { element, fillWith } = panel();
  let current = new AbortController();
  let triaged = ""; // the spec whose triage is shown, or is on its way
  /** @type {Written | null} */
  let written = null;

  /** @param {Suggestion} suggestion */
  async function apply({ spec }) {
    if (!written || !spec) return;
    const { text, spec: before } = written;
    field().changeFrom(text, editsTowards(text, before, spec, await readVocabulary()));
  }

  /** @param {Spec} spec @param {AbortSignal} own */
  async function read(spec, own) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    if (own.aborted) return;
    fillWith(aside("triage under way …"));
    try {
      const diagnosis = await triage(spec, own);
      if (own.aborted) return;
      fillWith(verdictView(summaryOf(diagnosis)), findings(diagnosis), remedies(diagnosis, apply));
    } catch (error) {
      if (own.aborted) return;
      triaged = ""; // the same spec is triaged once more when it is checked again
      fillWith(aside("not triaged"), h("p", { class: "muted" }, messageOf(error)));
    }
  }

  signal.addEventListener("abort", () => current.abort());
  return {
    element,
    /** @param {Written | null} next null where there is no spec that can be trained. */
    show(next) {
      written = next;
      const key = next ? JSON.stringify(next.spec) : "";
      if (key === triaged && next) return;
      current.abort();
      current = new AbortController();
      triaged = key;
      element.hidden = !next || element.hidden;
      if (next) read(next.spec, current.signal);
    },
  };
}

/** The panel with its heading; it is shown once it is filled. */
function panel() {
  const heading = h("div", { class: "row" });
  const body = h("div", { class: "stack" });
  const attributes = { id: "triage", class: "panel stack", "aria-live": "polite", "aria-label": "Before training" };
  const element = h("section", { ...attributes, hidden: true }, heading, body);
  /** @param {Child} behind the heading. @param {Child[]} content */
  function fillWith(behind, ...content) {
    element.hidden = false;
    fill(heading, h("h2", {}, "Before training"), behind);
    fill(body, content);
  }
  return { element, fillWith };
}

/** @param {string} words */
const aside = (words) => h("span", { class: "muted small" }, words);

/** @param {Spec} spec @param {AbortSignal} signal @returns {Promise<Diagnosis>} */
const triage = async (spec, signal) =>
  (await send("/experiments/triage", { method: "POST", body: JSON.stringify(spec), signal })).json();

/** @param {Diagnosis} diagnosis @returns {Child} */
function findings(diagnosis) {
  const serious = seriousOf(diagnosis);
  if (!serious.length) return h("p", { class: "muted" }, "Nothing stands in the way before the first update.");
  const chain = chainView();
  chain.show(serious, diagnosis.root_cause);
  return chain.element;
}

/** @param {Diagnosis} diagnosis @param {Apply} apply @returns {Child[]} */
function remedies({ suggestions }, apply) {
  if (!suggestions.length) return [];
  const items = suggestions.map((suggestion) => {
    const { remedy, title, changes, instructions } = suggestion;
    const onclick = () => apply(suggestion);
    const attributes = { type: "button", "data-remedy": remedy, "aria-label": `Apply: ${title}`, onclick };
    return h(
      "li",
      {},
      h("div", { class: "row" }, h("strong", {}, title), h("button", attributes, "Apply")),
      h("span", { class: "muted small" }, changes.length ? changesWords(changes) : instructions),
    );
  });
  return [h("h3", {}, "What may help, best first"), h("ul", { class: "remedies" }, items)];
}
