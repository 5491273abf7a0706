// A page of rows, newest first, which keeps itself up to date.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { noticeView } from "../charts/notice.js";
import { repeat } from "../data/repeat.js";
import { scrolling, table } from "../shared/table.js";
import { get } from "../data/source.js";
import { pageButtons } from "./page_buttons.js";
import { refreshed } from "./refreshed.js";

const REFRESH_MILLISECONDS = 2000;

/**
 * @template Row
 * @typedef {object} RowList
 * @property {string} title of the page.
 * @property {string} path of the newest rows; its last part names the rows in an answer.
 * @property {{name: string, class?: string}[]} headings of the columns.
 * @property {string} none the words where there is no row.
 * @property {(row: Row) => HTMLElement} rowOf the row's element.
 * @property {Child} [above] stands above the rows.
 */

/**
 * Show a page of rows. Resolves once it was read for the first time.
 *
 * @template Row
 * @param {PageOptions} options
 * @param {RowList<Row>} list
 */
export async function listPage({ page, signal, say }, { title, path, headings, none, rowOf, above }) {
  const body = h("tbody");
  const pages = pageButtons(turnTo, ["Newest", "Older"]);
  const notice = noticeView();
  const isNew = isChanged();
  let shown = path; // or that of an older page
  document.title = `${title} · Gradient Lab`;

  async function read() {
    const asked = shown;
    const answer = await get(asked, { signal });
    if (asked !== shown) return; // another page was turned to meanwhile
    if (isNew(answer)) {
      /** @type {Row[]} */
      const rows = answer[path.slice(1)];
      const empty = h("tr", {}, h("td", { colspan: headings.length, class: "muted" }, none));
      fill(body, rows.length ? rows.map(rowOf) : empty);
      pages.show(answer.next, shown !== path);
    }
    say("live", "live");
  }
  const refresh = () => refreshed(read, { signal, say }, notice);

  /** @param {string | null} next */
  function turnTo(next) {
    shown = next ?? path;
    refresh();
  }

  const rows = scrolling(table(headings, [body], { class: "trials" }));
  const panel = h("section", { class: "panel", "aria-label": title }, rows, pages.element);
  fill(page, h("h1", {}, title), above, notice.element, panel);
  await refresh();
  repeat(refresh, REFRESH_MILLISECONDS, signal);
}
