// The page of a study: its progress, its map, the cell that was chosen, its table; live while it runs.

import { readCatalogue } from "../data/catalogue.js";
import { repeat } from "../data/repeat.js";
import { get, post } from "../data/source.js";
import { noticeView } from "../charts/notice.js";
import { isChanged } from "../shared/changed.js";
import { askToConfirm } from "../shared/dialogs.js";
import { fill, h } from "../shared/element.js";
import { ago, elapsed, number, seconds } from "../shared/format.js";
import { nameOf } from "../shared/spec_words.js";
import { facts } from "../shared/table.js";
import { refreshed } from "./refreshed.js";
import { pointWords } from "./study_axes.js";
import { studyField } from "./study_field.js";
import { progressView, trainingsWords } from "./study_progress.js";
import { studyRows } from "./study_rows.js";

const REFRESH_MILLISECONDS = 1000; // an answer that has not changed costs next to nothing
// The table of a large study takes long: it is read again after a pause of so many times what it took.
const PAUSE = 4;

/** @typedef {"pause" | "continue" | "cancel"} Step */
/** @type {Record<Step, string>} */
const STEPS = { pause: "Pause", continue: "Continue", cancel: "Cancel" };
/** @type {Record<StudyStatus, Step[]>} */
const OFFERED = {
  running: ["pause", "cancel"],
  paused: ["continue", "cancel"],
  cancelled: ["continue"],
  failed: ["continue"],
  completed: [],
};

/** @param {PageOptions} options */
export async function study({ page, parts: [id], signal, say }) {
  const path = `/studies/${encodeURIComponent(id)}`;
  const [first, catalogue] = await Promise.all([get(path, { signal }), readCatalogue()]);
  const [lost, refused] = [noticeView(), noticeView()];
  const head = studyHead((step) => refused.attempt(() => act(step), signal));
  const field = studyField(first, catalogue, signal);
  const rows = studyRows(first.id);
  const titles = new Map(
    catalogue.rules.map((/** @type {{name: string, title: string}} */ rule) => [rule.name, rule.title]),
  );
  const readTable = tableReader(`${path}/table`, signal);
  document.title = "Study · Gradient Lab";
  fill(page, head.element, lost.element, refused.element, field.element, rows.element);

  /** @param {Study} next */
  async function show(next) {
    head.show(next);
    const table = await readTable(next);
    if (table) {
      field.show(table, titles);
      rows.show(table, titles);
    }
    const isLive = next.status === "running" || isGoing(next);
    say(isLive ? "live" : "over", isLive ? "live" : "");
    return isLive || !table;
  }

  const read = async () => show(await get(path, { signal }));
  const refresh = () => refreshed(read, { signal, say }, lost);
  let isFollowed = false;

  async function follow() {
    if (isFollowed) return;
    isFollowed = true;
    await repeat(refresh, REFRESH_MILLISECONDS, signal);
    isFollowed = false;
  }

  /** @param {Step} step */
  async function act(step) {
    const question = "Cancel this study? Finished cells are kept, and it can be continued.";
    if (step === "cancel" && !(await askToConfirm(question, "Cancel it", signal))) return;
    if (await show(await post(`${path}/${step}`))) follow();
  }
  if (await show(first)) follow();
}

/** @param {Study} study @returns {boolean} true while cells train that had begun before it was paused or cancelled. */
const isGoing = ({ progress: { cells_by_status: cells } }) => Boolean(cells.running || cells.queued);

/**
 * The reader of a study's table: where it is new, and not too often.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {(study: Study) => Promise<StudyTable | null>} null where it is not read yet.
 */
function tableReader(path, signal) {
  /** @type {StudyTable | null} */
  let table = null;
  let next = 0;
  return async ({ revision, status }) => {
    if (table?.revision === revision) return table;
    const start = performance.now();
    if (start < next && status === "running") return null;
    table = await get(path, { signal });
    next = performance.now() + PAUSE * (performance.now() - start);
    return table;
  };
}

/** @param {(step: Step) => void} act */
function studyHead(act) {
  const element = h("header", { class: "stack" });
  const progress = progressView();
  const isNew = isChanged();
  return {
    element,
    /** @param {Study} study */
    show(study) {
      const { status, error, progress: done, best, stopped } = study;
      if (!isNew([status, error, done, best, stopped, study.spec])) return;
      progress.show(done);
      fill(
        element,
        titleOf(study, act),
        factsOf(study),
        progress.element,
        error && h("p", { class: "notice bad" }, error),
      );
    },
  };
}

/** @param {Study} study @param {(step: Step) => void} act */
function titleOf(study, act) {
  const { status } = study;
  const buttons = OFFERED[status].map((step) =>
    h("button", { type: "button", id: step, onclick: () => act(step) }, STEPS[step]),
  );
  const tag = h("span", { class: "tag", "data-kind": status, id: "status" }, status);
  const title = h("div", { class: "row" }, h("h1", {}, nameOf(study)), tag);
  return h("div", { class: "head" }, title, h("div", { class: "row" }, buttons));
}

/** @param {Study} study */
function factsOf({ progress, best, metric, created_at: created, finished_at: end, stopped }) {
  const link = best?.experiment_ids[0] ? `#/experiment/${best.experiment_ids[0]}` : null;
  const words = best && `${pointWords(best)}${best.metric ? `: ${number(best.metric.median)}` : ""}`;
  return facts(
    ["trainings", trainingsWords(progress)],
    progress.cells_reused > 0 && ["cells trained before", String(progress.cells_reused)],
    ["trained for", seconds(progress.seconds)],
    words ? [`best ${metric.replaceAll("_", " ")}`, link ? h("a", { href: link }, words) : words] : null,
    ["begun", ago(created)],
    end ? ["took", elapsed(created, end)] : null,
    stopped && stopped !== "all cells" ? ["ended by", stopped] : null,
  );
}
