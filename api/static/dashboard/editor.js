// A new experiment: a recipe to begin with, a spec that is checked while it is written.

import { fill, h } from "./element.js";
import { bytes, seconds } from "./format.js";
import { RECIPES } from "./recipes.js";
import { ask, get, post, Problem } from "./service.js";

const PAUSE = 250; // milliseconds without a key before the spec is checked

export async function editor({ page, parts: [first, id], signal, say }) {
  const recipe = RECIPES.find((each) => each.key === first);
  const begun =
    first === "from" && id ? (await get(`/experiments/${id}`, { signal })).spec : (recipe ?? RECIPES[2]).spec;
  const text = h("textarea", {
    id: "spec",
    rows: 30,
    spellcheck: "false",
    "aria-describedby": "checked",
    oninput: later,
    value: JSON.stringify(begun, null, 2),
  });
  const checked = h("section", { id: "checked", class: "panel stack", "aria-live": "polite", "aria-label": "Check" });
  const send = h(
    "button",
    { type: "button", class: "primary", id: "submit", disabled: true, onclick: submit },
    "Train it",
  );
  const choose = (each) => () => {
    text.value = JSON.stringify(each.spec, null, 2);
    check();
    text.focus();
  };
  let timer = null;
  let asking = null;

  fill(
    page,
    h("div", { class: "head" }, h("h1", {}, "New experiment"), send),
    h(
      "section",
      { class: "stack", "aria-label": "Recipes" },
      h("h2", {}, "Begin with a recipe"),
      h(
        "div",
        { class: "recipes" },
        RECIPES.map((each) =>
          h(
            "button",
            { type: "button", "data-recipe": each.key, onclick: choose(each) },
            h("strong", {}, each.title),
            h("span", { class: "muted small" }, each.about),
          ),
        ),
      ),
    ),
    h(
      "div",
      { class: "editor" },
      h("div", { class: "stack" }, h("label", { for: "spec" }, "Spec, JSON"), text),
      checked,
    ),
  );

  function later() {
    send.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  }

  async function check() {
    asking?.abort();
    asking = new AbortController();
    const mine = asking;
    send.disabled = true;
    let spec;
    try {
      spec = JSON.parse(text.value);
    } catch (error) {
      fill(checked, h("h2", {}, "Not JSON yet"), h("p", {}, error.message));
      return;
    }
    try {
      const found = await ask("/experiments/validate", {
        method: "POST",
        body: JSON.stringify(spec),
        signal: mine.signal,
      });
      const answer = await found.json();
      if (mine.signal.aborted || signal.aborted) return;
      say("", "");
      accept(answer);
    } catch (error) {
      if (mine.signal.aborted || signal.aborted) return;
      if (error instanceof Problem)
        fill(checked, h("h2", {}, "This cannot be trained"), h("ul", { class: "problems" }, problemsOf(error)));
      else {
        say("lost", "connection lost");
        fill(checked, h("p", { class: "notice bad" }, error.message));
      }
    }
  }

  function accept({ layers, estimate }) {
    send.disabled = false;
    fill(
      checked,
      h("h2", {}, "Ready to train"),
      h(
        "dl",
        { class: "facts" },
        [
          ["parameters", estimate.parameters.toLocaleString("en")],
          [
            "time, about",
            `${seconds(estimate.seconds)} (${estimate.seconds_interval.map(seconds).join(" to ")}, ${estimate.source})`,
          ],
          ["series", bytes(estimate.series_bytes)],
          ["memory", `${bytes(estimate.memory_bytes)} (${estimate.memory_interval.map(bytes).join(" to ")})`],
        ].map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
      ),
      h(
        "div",
        { class: "scroll", tabindex: 0 },
        h(
          "table",
          { class: "figures" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["layer", "output", "parameters"].map((each, i) =>
                h("th", { scope: "col", class: i === 2 ? "right" : null }, each),
              ),
            ),
          ),
          h(
            "tbody",
            {},
            layers.map((each) =>
              h(
                "tr",
                {},
                h("td", {}, each.layer),
                h("td", {}, each.output_shape.join(" × ")),
                h("td", { class: "right" }, each.parameters.toLocaleString("en")),
              ),
            ),
          ),
        ),
      ),
    );
  }

  async function submit() {
    send.disabled = true;
    try {
      const made = await post("/experiments", JSON.parse(text.value), {
        "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`,
      });
      location.hash = `#/experiment/${made.id}`;
    } catch (error) {
      fill(
        checked,
        h("h2", {}, "It was not taken"),
        error instanceof Problem
          ? h("ul", { class: "problems" }, problemsOf(error))
          : h("p", { class: "notice bad" }, error.message),
      );
    }
  }

  await check();
}

function problemsOf(error) {
  const told = error.errors.length ? error.errors : [{ field: "", expected: error.message, received: "" }];
  return told.map(({ field, expected, received }) =>
    h(
      "li",
      {},
      h("strong", {}, h("code", {}, field || "spec")),
      h("div", {}, `expected ${expected}`),
      received && h("div", { class: "muted" }, `received ${received}`),
    ),
  );
}
