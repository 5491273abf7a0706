// The doctor's parts in order: data, draft, triage, training, diagnosis, treatment. Each is an answer of the service.

import { get, post } from "../data/source.js";
import { upload } from "../data/upload.js";
import { isGoing } from "../shared/spec_words.js";

const PAUSE_MILLISECONDS = 500;
const BAD = ["fails", "diverged"]; // outcomes of a seed that a cure is for

export const PARTS = /** @type {const} */ (["data", "draft", "triage", "training", "diagnosis", "treatment"]);

/** @typedef {typeof PARTS[number]} Part */
/**
 * @typedef {object} Examination what is known so far; a part that has not been reached is missing.
 * @property {Partial<Record<Part, number>>} seconds that each part took.
 * @property {Part | null} running
 * @property {UploadedDataset} [dataset]
 * @property {DataProfile} [profile]
 * @property {Draft} [draft]
 * @property {Diagnosis} [triage]
 * @property {Experiment} [experiment]
 * @property {Diagnosis} [diagnosis]
 * @property {Treatment} [treatment]
 */

/**
 * Find out why a network does not learn, and which smallest change cures it.
 *
 * @param {{configuration: string, name: string, data: File, choices: Record<string, unknown>}} files
 * @param {(so: Examination) => void} show is called after each change.
 * @param {AbortSignal} signal of the page.
 * @returns {Promise<Examination>}
 */
export async function examine({ configuration, name, data, choices }, show, signal) {
  /** @type {Examination} */
  const so = { seconds: {}, running: null };
  const { during, follow } = stepsOf(so, show, signal);
  await during("data", () => readSamples(so, data, follow, signal));
  await during("draft", async () => {
    so.draft = await post("/models/draft", { configuration, name, dataset: so.dataset?.id, ...choices });
  });
  await during("triage", async () => {
    so.triage = await post("/experiments/triage", so.draft?.spec);
  });
  await during("training", async () => {
    const { id } = await post("/experiments", so.draft?.spec);
    await follow(`/experiments/${id}`, isGoing, (next) => (so.experiment = next));
  });
  await during("diagnosis", async () => {
    so.diagnosis = await get(`/experiments/${so.experiment?.id}/diagnosis`, { signal });
  });
  if (so.diagnosis && isIll(so.diagnosis) && so.experiment?.status === "completed") {
    await during("treatment", async () => {
      const own = `/experiments/${so.experiment?.id}/treatments`;
      const { id } = await post(own, { seeds: so.draft?.spec.seeds.length });
      await follow(
        `${own}/${id}`,
        ({ status }) => status === "running",
        (next) => (so.treatment = next),
      );
    });
  }
  return so;
}

/** @typedef {(path: string, goesOn: (answer: any) => boolean, keep: (answer: any) => void) => Promise<void>} Follow */

/**
 * The steps of a part: it is timed, and an answer is read again until it changes no more.
 *
 * @param {Examination} so
 * @param {(so: Examination) => void} show
 * @param {AbortSignal} signal
 */
function stepsOf(so, show, signal) {
  /** @param {Part} part @param {() => Promise<unknown>} act */
  async function during(part, act) {
    const begun = performance.now();
    so.running = part;
    show(so);
    await act();
    signal.throwIfAborted();
    so.seconds[part] = (performance.now() - begun) / 1000;
    so.running = null;
    show(so);
  }
  /** @type {Follow} */
  async function follow(path, goesOn, keep) {
    for (;;) {
      const answer = await get(path, { signal });
      keep(answer);
      show(so);
      if (!goesOn(answer)) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
      signal.throwIfAborted();
    }
  }
  return { during, follow };
}

/** @param {Examination} so @param {File} file @param {Follow} follow @param {AbortSignal} signal */
async function readSamples(so, file, follow, signal) {
  const path = `/datasets/${(await upload(file, signal)).id}`;
  await follow(
    path,
    ({ status }) => status === "checking",
    (next) => (so.dataset = next),
  );
  if (so.dataset?.problem) throw new Error(`${file.name}: ${so.dataset.problem.detail}`);
  so.profile = await get(`${path}/profile`, { signal });
}

/** @param {Diagnosis} diagnosis @returns {boolean} true if it is ill, or one of its seeds does not learn. */
export const isIll = ({ verdict, outcomes = [] }) =>
  verdict === "ill" || outcomes.some(({ outcome }) => BAD.includes(outcome));

/** @param {Examination} examination @returns {string} what it comes to, in a sentence. */
export function outcomeWords({ experiment, diagnosis, treatment }) {
  if (experiment?.status !== "completed" || !diagnosis) return "The training did not end, so there is no answer.";
  if (treatment) {
    return treatment.recommended === null
      ? "The cause is known; no change that was tried is proved to cure it."
      : "A change is proved to cure it. Try it in your own script.";
  }
  if (diagnosis.verdict === "healthy") return "Nothing is wrong with this training.";
  if (diagnosis.verdict === "at risk" && diagnosis.root_cause === "target_encoding") {
    return "It learns, with the classes numbered from 0. Number them in your own script as well: see the root cause.";
  }
  if (diagnosis.verdict === "at risk") return "It learns on every seed, and may not on others: see the root cause.";
  return "The evidence does not settle whether something is wrong.";
}
