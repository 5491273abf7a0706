// What is wrong with an experiment, on what evidence, and what may help.

import { fill, h } from "./element.js";
import { number } from "./format.js";
import { get, post } from "./service.js";

const NOTHING = {
  elsewhere: "Nothing was found in what was sent. Whether it learns cannot be judged: its data are not known here.",
  undecided: "Too early to say.",
  healthy: "Nothing was found that stands in the way.",
};

/**
 * The panel of a diagnosis: its findings in short, and under them, once it is asked for, the whole of it.
 *
 * @returns {{element: HTMLElement, show: function(object): void, done: function(): void}} `show` takes what a findings event
 *   says; after `done` numbers change no more.
 */
export function diagnosisView({ id, seeds, elsewhere, signal }) {
  const short = h("div", { class: "stack" });
  const whole = h("div", { class: "stack evidence" });
  const more = h(
    "details",
    { ontoggle: () => more.open && read() },
    h("summary", {}, elsewhere ? "Evidence" : "Evidence and remedies"),
    whole,
  );
  let reads = 0;
  let shown = "";
  const element = h("section", { class: "panel stack", "aria-label": "Diagnosis", hidden: true }, short, more);

  function show(found) {
    const serious = seriousOf(found);
    element.hidden = false;
    more.hidden = !serious.length;
    fill(
      short,
      h(
        "div",
        { class: "row" },
        h("h2", {}, "Diagnosis"),
        h("span", { class: "tag", "data-kind": found.verdict }, found.verdict),
        h("a", { class: "small", href: `/experiments/${id}/diagnosis` }, "JSON"),
      ),
      serious.length > 0 &&
        h(
          "ul",
          { class: "findings" },
          serious.map((each) => inShort(each, found.root_cause)),
        ),
      !serious.length &&
        h("p", { class: "muted" }, elsewhere ? NOTHING.elsewhere : (NOTHING[found.verdict] ?? NOTHING.healthy)),
    );
    if (more.open) read();
  }

  const inShort = (each, root) =>
    h(
      "li",
      {},
      h("span", { class: "tag", "data-kind": each.severity }, each.rule === root ? "root cause" : each.kind),
      h("span", {}, each.title),
      h(
        "span",
        { class: "muted small" },
        [where(each.layers), `since epoch ${each.since_epoch}`, `${each.seeds.length} of ${seeds.length} seeds`]
          .filter(Boolean)
          .join(" · "),
      ),
    );

  async function read() {
    const mine = (reads += 1);
    try {
      const found = await get(`/experiments/${id}/diagnosis`, { signal });
      const told = JSON.stringify([found.findings, found.suggestions]);
      if (mine < reads || told === shown) return; // whoever is on a button stays there where nothing is new
      shown = told;
      fill(
        whole,
        seriousOf(found).map(evidence),
        found.suggestions.length > 0 && [
          h("h3", {}, "What may help, best first"),
          h("ul", { class: "remedies" }, found.suggestions.map(remedy)),
        ],
      );
    } catch (error) {
      if (error.name === "AbortError" || mine < reads) return;
      shown = "";
      fill(whole, h("p", { class: "notice" }, error.message));
    }
  }

  const evidence = (each) =>
    h(
      "article",
      {},
      h("h3", {}, each.title),
      h("p", {}, each.explanation),
      h(
        "ul",
        { class: "measures" },
        each.measures.map((measure) => h("li", {}, measured(measure))),
      ),
    );

  function remedy({ remedy: name, title, changes, spec }) {
    const said = h("span", { class: "small", role: "status" });
    const attempt = async () => {
      button.disabled = true;
      try {
        const made = await post("/experiments", spec, { "Idempotency-Key": `dashboard ${id} ${name}` });
        if (!signal.aborted) location.hash = `#/compare/${id},${made.id}`; // unless the reader has gone elsewhere meanwhile
      } catch (error) {
        button.disabled = false;
        fill(said, error.message);
      }
    };
    const button = h(
      "button",
      { type: "button", "data-remedy": name, "aria-label": `Train it, and compare: ${title}`, onclick: attempt },
      "Train it, and compare",
    );
    return h(
      "li",
      {},
      h("div", { class: "row" }, h("strong", {}, title), button, said),
      h("span", { class: "muted small" }, changed(changes)),
    );
  }

  return { element, show, done: () => more.open && read() };
}

const seriousOf = (found) => found.findings.filter((each) => each.severity !== "info");

const where = (layers) => (layers.length > 2 ? `${layers[0]} … ${layers.at(-1)}` : layers.join(", "));

function measured({ name, value, comparison, threshold, unit }) {
  const bound = threshold === null ? "" : ` ${comparison} ${number(threshold)}`;
  return `${name.replaceAll("_", " ")} ${number(value)}${bound}${unit ? ` ${unit}` : ""}`;
}

/** The first changes of a spec in words; the rest is counted. */
function changed(changes) {
  const told = changes.slice(0, 2).map(({ path, before, after }) => `${path}: ${inWords(before)} → ${inWords(after)}`);
  return [...told, changes.length > 2 && `${changes.length - 2} more`].filter(Boolean).join(" · ");
}

function inWords(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "object") return value.kind ?? JSON.stringify(value).slice(0, 60);
  return typeof value === "number" ? number(value) : String(value);
}
