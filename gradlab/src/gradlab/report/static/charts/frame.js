// The frame of every chart: a title, what it shows, its files.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { hasFiles, hasKey, messageOf, save } from "../data/source.js";

/**
 * @typedef {object} FrameOptions
 * @property {string} title
 * @property {string} about units, statistic, seeds.
 * @property {Child} [controls]
 * @property {FileLink[]} [files]
 * @property {string | null} [id] of the element.
 */

/**
 * A figure around a chart.
 *
 * @param {FrameOptions} options
 * @param {...Child} body the chart itself.
 */
export function frame({ title, about, controls = null, files = [], id = null }, ...body) {
  const heading = h("h2", {}, title);
  const caption = h("span", { class: "about" }, about);
  const links = h("div", { class: "files", hidden: !hasFiles() });
  const head = h("div", { class: "head" }, h("figcaption", {}, heading, caption), links);
  const areNew = isChanged();

  /**
   * Show links to files. Those that are there already stay, with the focus and with what they say of a failure.
   *
   * @param {FileLink[]} next
   */
  function setFiles(next) {
    if (areNew([hasKey(), next])) fill(links, next.map(fileLink));
  }

  setFiles(files);
  return {
    element: h("figure", { class: "chart panel", id }, head, controls, body),
    setFiles,
    /** @param {string} words */
    setTitle: (words) => {
      heading.textContent = words;
    },
    /** @param {string} words */
    setAbout: (words) => {
      caption.textContent = words;
    },
  };
}

/**
 * The files of a view.
 *
 * @param {string} id the experiment's.
 * @param {string} series the path of its numbers.
 * @param {Record<string, string>} query
 * @param {string} chart the chart that the service draws of the same numbers.
 * @returns {FileLink[]}
 */
export function filesOf(id, series, query, chart) {
  const numbers = `/experiments/${id}/${series}${queryText(query)}`;
  const stem = `${id}-${series.replace("/", "-")}`;
  const drawn = { ...query };
  delete drawn.of; // the chart's own name says of which tensors it shows histograms
  /** @param {string} format */
  const picture = (format) => `/experiments/${id}/charts/${chart}.${format}${queryText(drawn)}`;
  return [
    { label: "JSON", path: numbers, accept: "application/json", name: `${stem}.json` },
    { label: "CSV", path: numbers, accept: "text/csv", name: `${stem}.csv` },
    { label: "SVG", path: picture("svg"), accept: "image/svg+xml", name: `${id}-${chart}.svg` },
    { label: "PNG", path: picture("png"), accept: "image/png", name: `${id}-${chart}.png` },
  ];
}

/** @param {Record<string, string>} query @returns {string} "" if it is empty. */
function queryText(query) {
  const text = new URLSearchParams(query).toString();
  return text && `?${text}`;
}

/**
 * A link to a file where its address can be opened; a button where that needs a key. It says why a file was not saved.
 *
 * @param {FileLink} file
 */
export function fileLink({ label, path, accept, name }) {
  const element = hasKey() ? h("button", { type: "button" }, label) : h("a", { href: path, download: name }, label);
  element.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      await save(path, accept, name);
      element.textContent = label;
    } catch (error) {
      element.textContent = `${label}: ${messageOf(error)}`;
    }
  });
  return element;
}
