// All experiments: a list that keeps itself up to date.

import { confirmed, fill, h } from "./element.js";
import { ago, number, seedsOf, share } from "./format.js";
import { ask, get, post } from "./service.js";
import { trend } from "./trend.js";
import { RECIPES } from "./recipes.js";

const LOOK = 1500; // milliseconds between two looks; an answer that has not changed costs next to nothing
const STATUSES = ["queued", "running", "completed", "cancelled", "failed"];

export async function experiments({ page, signal, say }) {
  const chosen = new Set();
  const wanted = { status: "", search: "", path: null };
  const search = h("input", {
    type: "search",
    id: "search",
    placeholder: "Name contains …",
    oninput: later(() => look(true)),
  });
  const status = h(
    "select",
    { id: "status", onchange: () => look(true) },
    h("option", { value: "" }, "any status"),
    STATUSES.map((each) => h("option", { value: each }, each)),
  );
  const together = h(
    "button",
    {
      type: "button",
      disabled: true,
      onclick: () => {
        location.hash = `#/compare/${[...chosen].join(",")}`;
      },
    },
    "Compare",
  );
  const body = h("tbody");
  const more = h("div", { class: "row" });
  const notice = h("div", { hidden: true });
  const rows = new Map();

  fill(
    page,
    h(
      "div",
      { class: "head" },
      h("h1", {}, "Experiments"),
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", id: "tutorial", onclick: tutorial }, "Tutorial: tanh against relu"),
        h("a", { class: "button primary", href: "#/new" }, "New experiment"),
      ),
    ),
    h(
      "div",
      { class: "row" },
      h("label", { for: "search" }, "Search"),
      search,
      h("label", { for: "status" }, "Status"),
      status,
      together,
    ),
    notice,
    h(
      "section",
      { class: "panel rows", "aria-label": "Experiments" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            [
              "Choose",
              "Experiment",
              "Status",
              "Progress",
              "Validation",
              "Loss",
              "Accuracy",
              "Submitted",
              "Actions",
            ].map((name, i) =>
              h(
                "th",
                { class: i === 5 || i === 6 ? "right" : null, scope: "col" },
                i === 0 || i === 8 ? h("span", { class: "unseen" }, name) : name,
              ),
            ),
          ),
        ),
        body,
      ),
      more,
    ),
  );

  async function tutorial() {
    const ids = [];
    for (const name of ["tutorial-2-deep-tanh", "tutorial-3-deep-relu"]) {
      const { spec } = RECIPES.find((each) => each.key === name);
      const seeded = { ...spec, seeds: [0, 1, 2, 3, 4] };
      const made = await post("/experiments", seeded, { "Idempotency-Key": `dashboard ${name}` });
      ids.push(made.id);
    }
    location.hash = `#/compare/${ids.join(",")}`;
  }

  async function look(anew = false) {
    if (signal.aborted) return;
    if (anew) wanted.path = null;
    const query = new URLSearchParams({ limit: 50 });
    if (status.value) query.set("status", status.value);
    if (search.value.trim()) query.set("search", search.value.trim());
    try {
      const found = await get(wanted.path ?? `/experiments?${query}`, { signal });
      say("live", "live");
      fill(notice).hidden = true;
      draw(found);
    } catch (error) {
      if (signal.aborted) return;
      say("lost", "connection lost, trying again");
      fill(notice, h("p", { class: "notice bad" }, error.message)).hidden = false;
    }
  }

  function draw({ experiments: found, next }) {
    const shown = found.map((each) => {
      let row = rows.get(each.id);
      if (!row) rows.set(each.id, (row = makeRow(each.id)));
      row.update(each);
      return row.element;
    });
    if (!found.length) {
      fill(
        body,
        h(
          "tr",
          {},
          h(
            "td",
            { colspan: 9, class: "muted" },
            search.value || status.value
              ? "None fits."
              : "None yet. Begin with a recipe: “New experiment”, or the tutorial's two networks side by side.",
          ),
        ),
      );
    } else if (shown.length !== body.children.length || shown.some((each, i) => body.children[i] !== each))
      fill(body, shown);
    fill(
      more,
      wanted.path && h("button", { type: "button", onclick: () => look(true) }, "Newest"),
      next &&
        h(
          "button",
          {
            type: "button",
            onclick: () => {
              wanted.path = next;
              look();
            },
          },
          "Older",
        ),
    );
  }

  function makeRow(id) {
    const cells = Object.fromEntries(
      ["name", "status", "progress", "trend", "loss", "accuracy", "when", "actions"].map((key) => [
        key,
        h("td", { class: key }),
      ]),
    );
    for (const key of ["loss", "accuracy"]) cells[key].classList.add("right", "figures");
    cells.when.classList.add("muted", "small");
    const tick = h("input", {
      type: "checkbox",
      onchange: () => {
        if (tick.checked) chosen.add(id);
        else chosen.delete(id);
        together.disabled = chosen.size < 2 || chosen.size > 6;
        together.textContent = chosen.size > 1 ? `Compare ${chosen.size}` : "Compare";
      },
    });
    const line = trend(id, signal);
    fill(cells.trend, line.element);
    let seen = "";
    return {
      element: h("tr", { "data-id": id }, h("td", {}, tick), ...Object.values(cells)),
      update(each) {
        cells.when.textContent = ago(each.created_at);
        const now = JSON.stringify([statusOf(each), each.progress, each.cancel_requested, each.runs]);
        if (now === seen) return;
        seen = now;
        tick.setAttribute("aria-label", `Choose ${each.name || "unnamed"} for comparison`);
        fill(
          cells.name,
          h("a", { class: "name", href: `#/experiment/${id}` }, each.name || "unnamed"),
          h(
            "div",
            { class: "muted small" },
            `${dataOf(each.spec)} · ${layersOf(each.spec)} · ${seedsOf(each.spec.seeds)}`,
          ),
        );
        fill(cells.status, h("span", { class: "tag", "data-kind": each.status }, statusOf(each)));
        const { epochs_done: done, epochs_total: total } = each.progress;
        fill(
          cells.progress,
          h("progress", { max: total || 1, value: done, "aria-label": `${done} of ${total} epochs` }),
          h("span", { class: "muted small figures" }, `${done} / ${total}`),
        );
        const last = each.runs.map((run) => run.final_metrics).filter(Boolean);
        cells.loss.textContent = last.length ? number(middle(last.map((all) => all.val_loss ?? all.loss))) : "";
        cells.accuracy.textContent =
          last.length && "accuracy" in last[0]
            ? share(middle(last.map((all) => all.val_accuracy ?? all.accuracy)))
            : "";
        fill(
          cells.actions,
          each.status === "queued" || each.status === "running"
            ? h("button", { type: "button", disabled: each.cancel_requested, onclick: () => cancel(each) }, "Cancel")
            : h("button", { type: "button", class: "danger", onclick: () => remove(each) }, "Delete"),
        );
        line.update(each);
      },
    };
  }

  async function cancel(each) {
    if (!(await confirmed(`Cancel “${each.name || "unnamed"}”? What was measured is kept.`, "Cancel it"))) return;
    await post(`/experiments/${each.id}/cancel`).catch(() => {});
    look();
  }

  async function remove(each) {
    if (!(await confirmed(`Delete “${each.name || "unnamed"}” with all that was measured?`, "Delete it"))) return;
    await ask(`/experiments/${each.id}`, { method: "DELETE" });
    rows.delete(each.id);
    chosen.delete(each.id);
    look();
  }

  await look();
  const timer = setInterval(() => document.hidden || look(), LOOK);
  signal.addEventListener("abort", () => clearInterval(timer));
}

const middle = (values) => {
  const some = values.filter((each) => each !== null && each !== undefined).sort((a, b) => a - b);
  return some.length ? (some[(some.length - 1) >> 1] + some[some.length >> 1]) / 2 : null;
};

/** An experiment's status in a word; silent where too long nothing has been heard of a training elsewhere. */
export function statusOf(each) {
  if (each.expected_by && new Date(each.expected_by) < Date.now()) return "silent";
  return each.cancel_requested && each.status === "running" ? "stopping" : each.status;
}

/** What is learnt, in a word. */
export const dataOf = (spec) => (spec.source === "external" ? "trained elsewhere" : spec.dataset.kind);

/** The network in a few words: 5 × tanh, 1 sigmoid. */
export function layersOf(spec) {
  if (spec.source === "external") {
    const weighted = spec.layers.filter((each) => each.parameters.length);
    return weighted.length > 4 ? `${weighted.length} layers` : weighted.map((each) => each.class_name).join(", ");
  }
  const parts = spec.model.layers.map((each) => {
    const name =
      typeof each.activation === "string" && each.kind === "dense"
        ? each.activation
        : (each.activation?.kind ?? each.kind);
    return each.repeat > 1 ? `${each.repeat} × ${name}` : name;
  });
  return parts.length > 4 ? `${parts.length} layers` : parts.join(", ");
}

function later(act) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, 250);
  };
}
