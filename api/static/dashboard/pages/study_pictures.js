// The charts that the service draws of a study, as pictures.

import { penOf } from "../charts/canvas.js";
import { frame } from "../charts/frame.js";
import { noticeView } from "../charts/notice.js";
import { get, send } from "../data/source.js";
import { h } from "../shared/element.js";

const MIN_PAUSE = 10_000; // milliseconds between two drawings while cells are trained
/** @type {CellStatus[]} */
const UNFINISHED = ["waiting", "queued", "running"];

/** @typedef {{name: string, shows: string, svg: string, png: string}} Chart */

/**
 * The chart that answers the recipe of a study, which is known by its name.
 *
 * @param {string} name of the study.
 * @param {StudyRecipe[]} recipes
 * @returns {string | null} null if no recipe has studies of this name.
 */
export const answerOf = (name, recipes) =>
  recipes.find(({ studies }) => Object.values(studies).some((study) => study.name === name))?.chart ?? null;

/**
 * @param {string} id of the study.
 * @param {string | null} answer the chart that is drawn first; null for the first one of the service.
 * @param {AbortSignal} signal of its page.
 */
export function studyPictures(id, answer, signal) {
  const select = h("select", { id: "chart", onchange: () => notice.attempt(draw, signal) });
  const notice = noticeView();
  const canvas = h("canvas", { role: "img", class: "picture", hidden: true });
  const controls = h("div", { class: "choices" }, h("label", {}, "Chart", select));
  const figure = frame({ title: "Charts", about: "", controls, id: "pictures" }, notice.element, canvas);
  figure.element.hidden = true; // until a cell has a result
  /** @type {Chart[]} */
  let charts = [];
  let [drawn, next] = [-1, 0]; // the revision of the table that is drawn, and when another one may be

  async function draw() {
    const chart = charts.find(({ name }) => name === select.value);
    if (!chart) return;
    const response = await send(chart.png, { accept: "image/png", signal });
    // A picture at an address would need the service's key in it; one that is drawn needs none.
    const picture = await createImageBitmap(await response.blob());
    [canvas.width, canvas.height] = [picture.width, picture.height];
    penOf(canvas).drawImage(picture, 0, 0);
    canvas.hidden = false;
    canvas.setAttribute("aria-label", chart.shows);
    figure.setAbout(chart.shows);
    figure.setFiles(filesOf(id, chart));
  }

  async function offer() {
    charts = (await get(`/studies/${id}/charts`, { signal })).charts;
    const options = charts.map(({ name }) => h("option", { value: name, selected: name === answer }, name));
    select.replaceChildren(...options);
  }

  return {
    element: figure.element,
    /**
     * Draw the chosen chart of a table, unless it is drawn.
     *
     * @param {StudyTable} table
     */
    async show({ revision, rows }) {
      if (revision === drawn || !rows.some(({ failing }) => failing)) return;
      if (performance.now() < next && rows.some(({ status }) => UNFINISHED.includes(status))) return;
      [drawn, next] = [revision, performance.now() + MIN_PAUSE];
      figure.element.hidden = false;
      await notice.attempt(async () => {
        if (!charts.length) await offer();
        await draw();
      }, signal);
    },
  };
}

/** @param {string} id @param {Chart} chart @returns {FileLink[]} */
function filesOf(id, { name, svg, png }) {
  return [
    { label: "SVG", path: svg, accept: "image/svg+xml", name: `${id}-${name}.svg` },
    { label: "PNG", path: png, accept: "image/png", name: `${id}-${name}.png` },
  ];
}
