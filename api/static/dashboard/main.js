// The dashboard: the page that is shown, its theme, and whether it is live.

import { compare } from "./pages/compare.js";
import { editor } from "./pages/editor.js";
import { countAs } from "./shared/axis.js";
import { fill, h } from "./shared/element.js";
import { experiment } from "./pages/experiment.js";
import { experiments } from "./pages/experiments.js";
import { watchReadiness } from "./readiness.js";
import { SERVICE } from "./data/service.js";
import { messageOf, readFrom } from "./data/source.js";
import { watchTheme } from "./theme.js";

/** @type {Record<string, (options: PageOptions) => Promise<void>>} */
const PAGES = { "": experiments, experiment, compare, new: editor };

const page = part("page");
const connection = part("connection");
let leave = new AbortController();

/** @param {string} id @returns {HTMLElement} a part of index.html. */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`expected an element with the id ${id} in the page`);
  return element;
}

/** @type {Say} */
function say(state, words) {
  connection.dataset.state = state;
  if (connection.textContent !== words) connection.textContent = words;
}

/** Show the page of the address. */
async function show() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const [name = "", ...parts] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  say("", "");
  countAs(null); // a page of one experiment names its own
  markCurrent(name === "new" ? "#/new" : "#/");
  document.title = "Gradient Lab";
  fill(page, h("p", { class: "muted" }, "Reading …"));
  window.scrollTo(0, 0);
  try {
    await (PAGES[name] ?? experiments)({ page, parts, signal, say });
  } catch (error) {
    if (signal.aborted) return;
    fill(
      page,
      h("h1", {}, "Nothing to show"),
      h("p", { class: "notice bad", role: "alert" }, messageOf(error)),
      h("p", {}, h("a", { href: "#/" }, "All experiments")),
    );
  }
}

/** @param {string} address the link that leads to the page that is shown. */
function markCurrent(address) {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === address) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

readFrom(SERVICE);
watchTheme(part("theme"));
window.addEventListener("hashchange", () => {
  show();
  page.focus({ preventScroll: true });
});
show();
watchReadiness(part("readiness"));
