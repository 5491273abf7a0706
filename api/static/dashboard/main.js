// The dashboard: which page is shown, in which theme, and whether it is live.

import { fill, h } from "./element.js";
import { compare } from "./compare.js";
import { experiment } from "./experiment.js";
import { experiments } from "./experiments.js";
import { editor } from "./editor.js";
import { watchReadiness } from "./readiness.js";

const PAGES = { "": experiments, experiment, compare, new: editor };
const THEMES = ["auto", "light", "dark"];

const page = document.getElementById("page");
const connection = document.getElementById("connection");
const theme = document.getElementById("theme");
const wantsDark = matchMedia("(prefers-color-scheme: dark)");
let leave = new AbortController();

/** Say in the head of the page whether it is live. */
function say(state, words) {
  connection.dataset.state = state;
  if (connection.textContent !== words) connection.textContent = words;
}

async function show() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const [name = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  say("", "");
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.getAttribute("href") === (name === "new" ? "#/new" : "#/");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = "Gradient Lab";
  fill(page, h("p", { class: "muted" }, "Reading …"));
  window.scrollTo(0, 0);
  try {
    await (PAGES[name] ?? experiments)({ page, parts: rest, signal, say });
  } catch (error) {
    if (signal.aborted) return;
    fill(
      page,
      h("h1", {}, "Nothing to show"),
      h("p", { class: "notice bad", role: "alert" }, error.message),
      h("p", {}, h("a", { href: "#/" }, "All experiments")),
    );
  }
}

function wear(wanted) {
  const dark = wanted === "dark" || (wanted === "auto" && wantsDark.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  theme.textContent = { auto: "◐ auto", light: "○ light", dark: "● dark" }[wanted];
  theme.setAttribute("aria-label", `Theme: ${wanted}`);
  window.dispatchEvent(new Event("themechange"));
}

const chosen = () =>
  THEMES.includes(localStorage.getItem("gradlab-theme")) ? localStorage.getItem("gradlab-theme") : "auto";
theme.addEventListener("click", () => {
  localStorage.setItem("gradlab-theme", THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length]);
  wear(chosen());
});
wantsDark.addEventListener("change", () => wear(chosen()));
wear(chosen());
window.addEventListener("hashchange", () => {
  show();
  page.focus({ preventScroll: true });
});
show();
watchReadiness(document.getElementById("readiness"));
