// The check of a spec while it is written: marks in the text, and an answer beside it.

import { fill, h } from "../shared/element.js";
import { afterPause } from "../shared/pause.js";
import { messageOf, Problem, send } from "../data/source.js";
import { problemsOf, readyWords, refusal } from "./answer.js";
import { problemMark, syntaxMark } from "./faults.js";
import { fixesOf } from "./fixes.js";
import { readVocabulary } from "./vocabulary.js";

const AWAY_MILLISECONDS = 3000; // before a check that the service did not answer is repeated

/** @typedef {import("./spec_field.js").SpecField} SpecField */
/**
 * @typedef {Validation | null | undefined} Checked null if a text cannot be trained; undefined if that is not known,
 *   for a later check began, or the service did not answer.
 */

/**
 * A check of the text in a field; a later one takes the place of one that is under way.
 *
 * @param {() => SpecField} field
 * @param {AbortSignal} signal ends it.
 * @param {Say} say
 * @param {() => void} again checks the field once more: called a pause after the service did not answer.
 */
export function specCheck(field, signal, say, again) {
  const element = h("section", { id: "checked", class: "panel stack", "aria-live": "polite", "aria-label": "Check" });
  let current = new AbortController();
  const checkAgain = afterPause(again, AWAY_MILLISECONDS);

  /** @param {string} text @returns {Promise<Checked>} */
  async function check(text) {
    current.abort();
    const own = (current = new AbortController());
    const fault = syntaxMark(text);
    if (fault) {
      show("Not JSON yet", [{ mark: fault, field: "", expected: fault.expected, received: "" }]);
      return null;
    }
    try {
      const validation = await validated(text, own.signal);
      if (own.signal.aborted || signal.aborted) return undefined;
      say("", "");
      field().mark([]);
      fill(element, readyWords(validation));
      return validation;
    } catch (error) {
      if (own.signal.aborted || signal.aborted) return undefined;
      await refuse("This cannot be trained", text, error);
      return error instanceof Problem ? null : undefined;
    }
  }

  /** @param {string} title @param {string} text that was refused. @param {unknown} error */
  async function refuse(title, text, error) {
    if (signal.aborted) return;
    if (error instanceof Problem) {
      say("", "");
      const problems = await marked(text, error);
      if (field().text() === text) show(title, problems);
    } else {
      say("lost", "connection lost");
      tell(element, messageOf(error));
      checkAgain();
    }
  }

  /** @param {string} title @param {import("./answer.js").MarkedProblem[]} problems */
  function show(title, problems) {
    field().mark(problems.map(({ mark }) => mark));
    fill(element, refusal(title, problems, field()));
  }

  return { element, check, refuse };
}

/** @param {HTMLElement} element is read out when it changes: the same words are told once. @param {string} words */
function tell(element, words) {
  if (element.textContent !== words) fill(element, h("p", { class: "notice bad" }, words));
}

/** @param {string} text that is JSON. @param {AbortSignal} signal @returns {Promise<Validation>} */
async function validated(text, signal) {
  const body = JSON.stringify(JSON.parse(text));
  return (await send("/experiments/validate", { method: "POST", body, signal })).json();
}

/** @param {string} text @param {Problem} error @returns {Promise<import("./answer.js").MarkedProblem[]>} */
async function marked(text, error) {
  const vocabulary = await readVocabulary().catch(() => null); // without it faults are marked, and have no fixes
  return problemsOf(error).map((problem) => {
    const fixes = vocabulary ? fixesOf(text, problem.field, vocabulary) : [];
    return { ...problem, mark: { ...problemMark(text, problem), fixes } };
  });
}
