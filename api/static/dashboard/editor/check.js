// The check of a spec while it is written: marks in the text, and an answer beside it.

import { fill, h } from "../shared/element.js";
import { messageOf, Problem, send } from "../data/source.js";
import { problemsOf, readyWords, refusal } from "./answer.js";
import { problemMark, syntaxMark } from "./faults.js";
import { fixesOf } from "./fixes.js";
import { readVocabulary } from "./vocabulary.js";

/** @typedef {import("./spec_field.js").SpecField} SpecField */

/**
 * A check of the text in a field; a later one takes the place of one that is under way.
 *
 * @param {() => SpecField} field
 * @param {AbortSignal} signal ends it.
 * @param {Say} say
 */
export function specCheck(field, signal, say) {
  const element = h("section", { id: "checked", class: "panel stack", "aria-live": "polite", "aria-label": "Check" });
  let current = new AbortController();

  /**
   * @param {string} text
   * @returns {Promise<Validation | null | undefined>} null if it cannot be trained, undefined if a later check began.
   */
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
      return null;
    }
  }

  /** @param {string} title @param {string} text that was refused. @param {unknown} error */
  async function refuse(title, text, error) {
    if (error instanceof Problem) {
      const problems = await marked(text, error);
      if (field().text() === text) show(title, problems);
    } else {
      say("lost", "connection lost");
      fill(element, h("p", { class: "notice bad" }, messageOf(error)));
    }
  }

  /** @param {string} title @param {import("./answer.js").MarkedProblem[]} problems */
  function show(title, problems) {
    field().mark(problems.map(({ mark }) => mark));
    fill(element, refusal(title, problems, field()));
  }

  return { element, check, refuse };
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
