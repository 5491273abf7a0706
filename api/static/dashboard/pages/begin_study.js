// The form that begins a study: a recipe, what of it is changed, and what it is going to take.

import { buttonOnce, noticeView } from "../charts/notice.js";
import { post, Problem, send } from "../data/source.js";
import { idempotencyKeys } from "../editor/idempotency.js";
import { problemsOf } from "../editor/answer.js";
import { fill, h } from "../shared/element.js";
import { seconds } from "../shared/format.js";
import { afterPause, TYPING_MILLISECONDS } from "../shared/pause.js";
import { facts } from "../shared/table.js";
import { choicesOf, countOf, requestOf } from "./study_request.js";

/**
 * @param {StudyRecipe[]} recipes
 * @param {AbortSignal} signal of the page.
 */
export function beginStudy(recipes, signal) {
  const form = h("div", { class: "panel stack", id: "begin", hidden: true });
  const buttons = recipes.map((recipe) => {
    const attributes = {
      type: "button",
      "data-recipe": recipe.name,
      "aria-pressed": "false",
      onclick: () => choose(recipe),
    };
    return h("button", attributes, h("strong", {}, recipe.title), h("span", { class: "muted small" }, recipe.question));
  });

  /** @param {StudyRecipe} recipe */
  function choose(recipe) {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.recipe === recipe.name));
    }
    fill(form, recipeForm(recipe, signal)).hidden = false;
  }

  const title = h("h2", {}, "Begin with a recipe");
  return h(
    "section",
    { class: "stack", "aria-label": "Recipes" },
    title,
    h("div", { class: "recipes" }, buttons),
    form,
  );
}

/** @param {StudyRecipe} recipe @param {AbortSignal} signal @returns {Child[]} */
function recipeForm(recipe, signal) {
  const own = choicesOf(recipe);
  const activations = Object.keys(recipe.studies).map((name) => h("option", { value: name }, name));
  const byFields = () => changed(ofFields);
  const activation = h("select", { id: "activation", onchange: byFields }, activations);
  const seeds = numberField("seeds", own.seeds, byFields);
  const epochs = numberField("epochs", own.epochs, byFields);
  const oninput = () => changed(ofText);
  const attributes = { id: "study", rows: 18, spellcheck: "false", "aria-label": "The study", oninput };
  const text = h("textarea", attributes);
  const check = studyCheck(signal);
  const checkSoon = afterPause(() => check.check(request), TYPING_MILLISECONDS);
  let request = ofFields; // reads the study from what was changed last; throws where it is none
  const [begin, problem] = beginButton(() => request(), signal);

  /** Read the study from the fields, and show it. */
  function ofFields() {
    const counts = { seeds: countOf(seeds.value, "seeds"), epochs: countOf(epochs.value, "epochs") };
    const study = requestOf(recipe, { activation: activation.value, ...counts });
    text.value = JSON.stringify(study, null, 1);
    return study;
  }

  /** @returns {StudySpec} */
  function ofText() {
    return JSON.parse(text.value);
  }

  /** @param {() => StudySpec} read */
  function changed(read) {
    request = read;
    checkSoon();
  }

  check.check(request);
  const chosen = [
    activations.length > 1 && h("label", {}, "Activation", activation),
    h("label", {}, "Seeds of each cell", seeds),
    h("label", {}, "Epochs", epochs),
    begin,
    problem,
  ];
  return [
    h("h2", {}, recipe.title),
    h("p", {}, recipe.question),
    h("div", { class: "choices" }, chosen),
    check.element,
    h("details", {}, h("summary", {}, "The whole study, to be changed at will"), text),
  ];
}

/** @param {() => StudySpec} request reads the study; it may throw. @param {AbortSignal} signal */
function beginButton(request, signal) {
  const keyOf = idempotencyKeys();
  return buttonOnce({ class: "primary", id: "begin-study" }, "Begin it", async () => {
    const study = request();
    const begun = await post("/studies", study, { "Idempotency-Key": keyOf(study) });
    if (!signal.aborted) location.hash = `#/study/${begun.id}`;
  });
}

/** @param {string} id @param {number | null} value @param {() => void} oninput */
const numberField = (id, value, oninput) =>
  h("input", { id, type: "number", min: 1, step: 1, value: String(value), oninput });

/**
 * A check of the study in the form; a later one takes the place of one that is under way.
 *
 * @param {AbortSignal} signal of the page.
 */
export function studyCheck(signal) {
  const notice = noticeView();
  const answer = h("div", { id: "study-check", role: "status" });
  let current = new AbortController();
  signal.addEventListener("abort", () => current.abort());

  /** @param {() => unknown} request reads the study; it may throw. @returns {Promise<void>} */
  async function check(request) {
    current.abort();
    const { signal: own } = (current = new AbortController());
    await notice.attempt(async () => {
      try {
        const options = { method: "POST", body: JSON.stringify(request()), signal: own };
        const validation = await (await send("/studies/validate", options)).json();
        if (!own.aborted) fill(answer, validationFacts(validation));
      } catch (error) {
        if (!own.aborted) fill(answer);
        throw error instanceof Problem ? new Error(problemsOf(error).map(problemWords).join("; ")) : error;
      }
    }, own);
  }

  return { element: h("div", { class: "stack" }, notice.element, answer), check };
}

/** @param {FieldProblem} problem */
const problemWords = ({ field, expected, received }) =>
  `${field ? `${field}: expected ` : ""}${expected}${received ? `, received ${received}` : ""}`;

/** @param {StudyValidation} validation */
function validationFacts({ cells, trainings, seconds: time, seconds_interval: between }) {
  return facts(
    ["cells", cells.toLocaleString("en")],
    ["trainings", trainings.toLocaleString("en")],
    ["time of one worker, about", `${seconds(time)} (${between.map(seconds).join(" to ")})`],
  );
}
