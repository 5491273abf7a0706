// What every chart has around it: a title, what it shows, its files.

import { h } from "./element.js";
import { save } from "./service.js";

/**
 * A figure around a chart.
 *
 * @param {object} of `title`, `about` (units, statistic, seeds), `controls`, `files` as from `filesOf`.
 * @param {...Node} body the chart itself.
 */
export function frame({ title, about, controls = null, files = [], id = null }, ...body) {
  const said = h("span", { class: "about" }, about);
  const links = h("div", { class: "files" });
  const element = h(
    "figure",
    { class: "chart panel", id },
    h("div", { class: "head" }, h("figcaption", {}, h("h2", {}, title), said), links),
    controls,
    body,
  );
  const show = (some) => links.replaceChildren(...some.map(link));
  show(files);
  return {
    element,
    links: show,
    say: (words) => {
      said.textContent = words;
    },
  };
}

function link({ label, path, accept, name }) {
  return h(
    "a",
    {
      href: path,
      download: name,
      onclick: (event) => {
        event.preventDefault();
        save(path, accept, name);
      },
    },
    label,
  );
}

/**
 * Where a view is had as files.
 *
 * @param {string} id the experiment's.
 * @param {string} series the path of its numbers.
 * @param {object} query what is asked for.
 * @param {string} chart the one that the service draws of the same.
 */
export function filesOf(id, series, query, chart) {
  const asked = new URLSearchParams(query).toString();
  const tail = asked ? `?${asked}` : "";
  const base = `/experiments/${id}/${series}${tail}`;
  const stem = `${id}-${series.replace("/", "-")}`;
  const drawn = new URLSearchParams(query);
  drawn.delete("of"); // which histograms is in the chart's name
  const picture = (form) => `/experiments/${id}/charts/${chart}.${form}${String(drawn) ? `?${drawn}` : ""}`;
  return [
    { label: "JSON", path: base, accept: "application/json", name: `${stem}.json` },
    { label: "CSV", path: base, accept: "text/csv", name: `${stem}.csv` },
    { label: "SVG", path: picture("svg"), accept: "image/svg+xml", name: `${id}-${chart}.svg` },
    { label: "PNG", path: picture("png"), accept: "image/png", name: `${id}-${chart}.png` },
  ];
}
