// The causal chain of a diagnosis: each finding below the one that it follows from, with its evidence at hand.

import { isChanged } from "../shared/changed.js";
import { h } from "../shared/element.js";
import { extentOf, layersWords, measureWords } from "./findings.js";

// Rules whose findings about one output are felt in others, as in `gradlab.diagnosis.finding`.
const SPREADING = ["target_range", "initial_loss", "loss_blow_up", "negative_crossentropy"];
const MAX_DECISIVE = 2; // measures that stand beside a finding; all are in its evidence

/**
 * @typedef {object} Link a finding, and what directly follows from it.
 * @property {Finding} finding
 * @property {string[]} also further rules that it follows from.
 * @property {Link[]} effects
 */

/**
 * The findings as trees, the root cause's first. A finding with several causes stands below the first that is reached.
 *
 * @param {Finding[]} findings causes before their consequences.
 * @param {string | null} root the rule of the root cause.
 * @returns {Link[]}
 */
export function chainOf(findings, root) {
  const causes = new Map(findings.map((finding) => [finding, causesOf(finding, findings)]));
  /** @type {Set<Finding>} */
  const placed = new Set();

  /** @param {Finding} finding @param {Finding | null} above @returns {Link} */
  function linkOf(finding, above) {
    placed.add(finding);
    const others = new Set(causes.get(finding)?.map(({ rule }) => rule));
    const also = finding.caused_by.filter((rule) => rule !== above?.rule && others.has(rule));
    /** @type {Link[]} */
    const effects = [];
    for (const each of findings) {
      const isNext = causes.get(each)?.includes(finding) && !placed.has(each);
      if (isNext) effects.push(linkOf(each, finding));
    }
    return { finding, also, effects };
  }

  const sources = findings.filter((finding) => !causes.get(finding)?.length);
  sources.sort((a, b) => Number(b.rule === root) - Number(a.rule === root));
  return sources.map((source) => linkOf(source, null));
}

/**
 * The findings that `caused_by` of a finding names; of several outputs those that concern it.
 *
 * @param {Finding} effect
 * @param {Finding[]} findings
 */
function causesOf(effect, findings) {
  /** @param {Finding} cause */
  const concerns = ({ rule, output }) =>
    !output || !effect.output || output === effect.output || SPREADING.includes(rule);
  return findings.filter((cause) => effect.caused_by.includes(cause.rule) && concerns(cause));
}

/** @param {Finding} finding @returns {string} what distinguishes it from the others. */
const keyOf = ({ rule, output = "" }) => `${rule} ${output}`;

/** The chain, drawn. Evidence that was opened stays open when it is shown anew. */
export function chainView() {
  const element = h("div", { class: "chain" });
  /** @type {Map<string, boolean>} */
  const opened = new Map(); // by rule and output; what nobody has touched is not in it
  const isNew = isChanged();

  /** @param {Link} link @param {string | null} root */
  function itemOf({ finding, also, effects }, root) {
    const key = keyOf(finding);
    const evidence = h("details", { open: opened.get(key) ?? finding.rule === root }, evidenceOf(finding));
    evidence.addEventListener("toggle", () => opened.set(key, evidence.open));
    return h(
      "li",
      { "data-rule": finding.rule, "data-output": finding.output || null },
      headOf(finding, root),
      also.length > 0 && h("p", { class: "muted small" }, `also follows from ${also.join(", ")}`),
      evidence,
      effects.length > 0 && listOf(effects, root),
    );
  }

  /** @param {Link[]} links @param {string | null} root @returns {HTMLElement} */
  const listOf = (links, root) =>
    h(
      "ol",
      {},
      links.map((link) => itemOf(link, root)),
    );

  return {
    element,
    /** @param {Finding[]} findings @param {string | null} root the rule of the root cause. */
    show(findings, root) {
      if (isNew([findings, root])) element.replaceChildren(listOf(chainOf(findings, root), root));
    },
    /** Open the evidence of all findings. */
    open() {
      for (const evidence of element.querySelectorAll("details")) evidence.open = true;
    },
  };
}

/** @param {Finding} finding @param {string | null} root */
function headOf(finding, root) {
  const kind = finding.rule === root ? "root cause" : finding.kind;
  return h(
    "div",
    { class: "link" },
    h("span", { class: "tag", "data-kind": finding.severity }, kind),
    h("strong", {}, finding.title),
    h("code", { class: "muted" }, finding.rule),
    h("span", { class: "muted small" }, extentOf(finding)),
  );
}

/** @param {Finding} finding @returns {Child[]} its decisive numbers; once it is opened, the rest. */
function evidenceOf({ explanation, measures, layers }) {
  const decisive = measures.filter(({ threshold }) => threshold !== null).slice(0, MAX_DECISIVE);
  const short = decisive.map(measureWords).join(" · ") || "Evidence";
  const items = measures.map((measure) => h("li", {}, measureWords(measure)));
  return [
    h("summary", { class: "figures" }, short),
    h("p", {}, explanation),
    h("ul", { class: "measures" }, items),
    layersWords(layers) !== layers.join(", ") && h("p", { class: "muted small" }, `In ${layers.join(", ")}.`),
  ];
}
