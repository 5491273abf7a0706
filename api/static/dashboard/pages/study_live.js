// A study and its table as they are, kept up to date by the study's event stream.

import { oncePerFrame } from "../charts/canvas.js";
import { get } from "../data/source.js";
import { followOnPage } from "./live.js";

/** @typedef {{study: Study, table: StudyTable | null}} Now */

/**
 * @param {Study} first
 * @param {{show: (study: Study, table: StudyTable) => void, fail: (error: unknown) => void}} listeners `show` is called
 *   at most once in a frame; `fail` where the study is followed no more, or its table could not be read again.
 * @param {Pick<PageOptions, "signal" | "say">} page
 */
export function liveStudy(first, { show, fail }, page) {
  const path = `/studies/${first.id}`;
  /** @type {Now} */
  const now = { study: first, table: null };
  let [isFollowed, hasActed] = [false, false];
  const draw = oncePerFrame(() => now.table && show(now.study, now.table), page.signal);

  async function readTable() {
    now.table = await get(`${path}/table`, { signal: page.signal });
    draw();
  }

  /** Follow the study unless it is followed, and read its table behind the first event: no change falls between. */
  async function follow() {
    if (isFollowed) return;
    [isFollowed, hasActed] = [true, false];
    const stream = followOnPage(`${path}/events?replay=false`, (name, data) => handlers[name]?.(data), page);
    const { gate } = stream;
    const readAgain = () => gate.hold(readTable).catch(fail);
    /** @type {Record<string, (data: any) => void>} */
    const handlers = { ...handlersOf(now, draw, readAgain), problem: fail };
    stream.end.then(() => {
      isFollowed = false;
      // It may have been continued while the last event was on its way.
      if (hasActed && !isOver(now.study)) follow().catch(fail);
    });
    const inTime = isOver(now.study) || (await stream.joined());
    try {
      await readTable();
    } finally {
      gate.release();
    }
    if (!inTime) gate.joined.then(readAgain);
  }

  return {
    follow,
    /** @param {Study} next the answer to a command; one that continues a study begins to follow it anew. */
    update(next) {
      now.study = next;
      hasActed = true;
      draw();
      return follow();
    },
  };
}

/**
 * A handler for each event of the stream, which comes behind the table.
 *
 * @param {Now} now what they change.
 * @param {() => void} draw
 * @param {() => void} readAgain reads the table again.
 * @returns {Record<string, (data: any) => void>}
 */
function handlersOf(now, draw, readAgain) {
  return {
    cells(/** @type {{cells: StudyCell[]}} */ { cells }) {
      now.table &&= withCells(now.table, cells);
      draw();
    },
    status(/** @type {StudySummary} */ next) {
      if (next.revision < now.study.revision) return; // older than the answer to a command
      const isExtended = next.progress.cells !== now.study.progress.cells; // its axes may have further values
      now.study = { ...now.study, ...next };
      now.table &&= { ...now.table, revision: next.revision };
      draw();
      if (isExtended) readAgain();
    },
  };
}

/** @param {Study} study @returns {boolean} true if nothing changes unless somebody continues or extends it. */
function isOver({ status, progress: { cells_by_status: cells } }) {
  return status !== "running" && status !== "paused" && !cells.running && !cells.queued;
}

/**
 * A table with cells in place of its rows at their positions.
 *
 * @param {StudyTable} table
 * @param {StudyCell[]} cells
 * @returns {StudyTable}
 */
export function withCells(table, cells) {
  const rows = new Map(table.rows.map((row) => [row.position, row]));
  for (const cell of cells) rows.set(cell.position, cell);
  return { ...table, rows: [...rows.values()].sort((a, b) => a.position - b.position) };
}

/**
 * The best cell by a study's objective, the first of equals; null before one has a number.
 *
 * @param {StudyTable} table
 * @param {StudySpec["objective"]} objective
 * @returns {StudyCell | null}
 */
export function bestOf({ rows, higher_is_better: higher }, objective) {
  /** @type {(cell: StudyCell) => number | null} */
  const minimised =
    objective === "failing_share"
      ? ({ failing }) => failing && failing.count / failing.of
      : ({ metric }) => metric && (higher ? -metric.median : metric.median);
  /** @type {{cell: StudyCell | null, value: number}} */
  let best = { cell: null, value: Infinity };
  for (const cell of rows) {
    const value = minimised(cell);
    if (value !== null && value < best.value) best = { cell, value };
  }
  return best.cell;
}
