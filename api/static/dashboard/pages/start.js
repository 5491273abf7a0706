// The offers of a dashboard without experiments: networks to train by one click, and lines for one's own script.

import { copyButton } from "../shared/copy.js";
import { h } from "../shared/element.js";
import { noticeView } from "../charts/notice.js";
import { hasKey } from "../data/source.js";
import { NETWORKS, trainNetwork } from "./tutorial.js";
import { FRAMEWORKS, watchLines } from "./watch_lines.js";

/**
 * The part of the page for a dashboard without experiments, hidden at first.
 *
 * @param {AbortSignal} signal of the page.
 */
export function emptyStart(signal) {
  const own = ownTraining();
  const element = h("div", { id: "start", class: "two", hidden: true }, tutorial(signal), own.element);
  return {
    element,
    /** @param {boolean} isShown */
    toggle(isShown) {
      if (isShown && element.hidden) own.read(); // the reader may have entered the service's key meanwhile
      element.hidden = !isShown;
    },
  };
}

/** @param {AbortSignal} signal of the page. */
function tutorial(signal) {
  const notice = noticeView();
  const buttons = NETWORKS.map(({ key, about }, i) => {
    const attributes = { type: "button", "data-train": key, onclick: () => train(key) };
    return h("button", attributes, h("strong", {}, `Train network ${i + 1}`), h("span", { class: "muted" }, about));
  });

  /** @param {string} key */
  async function train(key) {
    for (const button of buttons) button.disabled = true;
    await notice.attempt(() => trainNetwork(key, signal), signal);
    for (const button of buttons) button.disabled = false;
  }

  return h(
    "section",
    { class: "panel stack" },
    h("h2", {}, "Train a network of the tutorial"),
    h("p", {}, "Three small networks on the same two classes, five seeds each. One click trains one, and shows how."),
    h("div", { class: "recipes" }, buttons),
    notice.element,
  );
}

function ownTraining() {
  const lines = h("code", {});
  const then = h("code", {});
  const extra = h("code", {});
  const buttons = FRAMEWORKS.map((framework) => {
    return h("button", { type: "button", onclick: () => show(framework) }, framework.name);
  });
  const choice = h("div", { class: "row", role: "group", "aria-label": "Framework" }, buttons);
  const key = h("p", {}, "Set ", h("code", {}, "GRADLAB_API_KEY"), " to the service's key where the script runs.");
  let chosen = FRAMEWORKS[0];

  /** @param {(typeof FRAMEWORKS)[number]} framework */
  function show(framework) {
    chosen = framework;
    lines.textContent = watchLines(framework, location.origin, hasKey());
    then.textContent = framework.then;
    extra.textContent = `pip install './gradlab${framework.extra}'`;
    key.hidden = !hasKey();
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(FRAMEWORKS[i] === framework)));
  }

  const element = h(
    "section",
    { class: "panel stack" },
    h("h2", {}, "Or watch a training of your own"),
    h("p", {}, "Paste these lines into its script. It is shown here as it trains; no sample leaves its process."),
    h(
      "div",
      { class: "head" },
      choice,
      copyButton(() => lines.textContent ?? ""),
    ),
    h("pre", { id: "watch-lines", class: "code wrapped", "aria-label": "Lines for a script" }, lines),
    h("p", {}, "Then: ", then),
    key,
    h("p", { class: "muted small" }, "The library is installed from a clone of Gradient Lab: ", extra),
  );
  return { element, read: () => show(chosen) };
}
