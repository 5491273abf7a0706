// The network as a strip, one box per layer, in the state that it is in at the epoch under the slider.

import { h } from "./element.js";
import { css, SIZES } from "./colours.js";
import { number } from "./format.js";

const RANK = { healthy: 0, info: 0, warning: 1, critical: 2, lost: 3 };

/**
 * @param {object} options `layers` as `/experiments/validate` answers them, `sizeAt(name, epoch)`, `onOpen(name)`, `onEpoch`.
 */
export function strip({ layers, sizeAt, onOpen, onEpoch }) {
  const slider = h("input", {
    type: "range",
    id: "epoch",
    min: 0,
    max: 1,
    step: 1,
    value: 1,
    oninput: () => {
      follows = Number(slider.value) === Number(slider.max);
      onEpoch(Number(slider.value));
    },
  });
  const told = h("output", { for: "epoch" }, "–");
  const boxes = layers.map(({ layer, output_shape: shape }) => {
    const size = h("span", { class: "size" });
    const value = h("small", {}, "–");
    const button = h(
      "button",
      { type: "button", "data-health": "unknown", onclick: () => onOpen(layer) },
      h("span", {}, layer),
      value,
      size,
    );
    return { layer, button, size, value, shape };
  });
  let findings = null;
  let epoch = 1;
  let follows = true;

  function draw() {
    for (const { layer, button, size, value, shape } of boxes) {
      const here = sizeAt(layer, epoch);
      const found = (findings ?? []).filter(
        (each) => each.layers.includes(layer) && each.since_epoch <= epoch && each.severity !== "info",
      );
      const worst = found.reduce((most, each) => (RANK[each.severity] > RANK[most] ? each.severity : most), "healthy");
      const health = here?.lost ? "lost" : findings && here ? worst : "unknown";
      button.dataset.health = health;
      value.textContent = here ? number(here.value) : "–";
      if (here && Number.isFinite(here.share))
        size.style.background = css(SIZES[Math.round(255 * Math.min(1, Math.max(0, here.share)))]);
      const why = found.map((each) => each.title).join("; ");
      button.title = `${layer}, output ${shape.join(" × ")}${health === "lost" ? ": a seed is not finite" : why ? `: ${why}` : health === "unknown" ? "" : ": nothing found"}`;
    }
    told.textContent = `epoch ${epoch}`;
  }

  return {
    element: h(
      "div",
      { class: "stack" },
      h(
        "ol",
        { class: "strip", "aria-label": "The network, from the input to the output" },
        boxes.map((each) => h("li", {}, each.button)),
      ),
      h("div", { class: "epoch" }, h("label", { for: "epoch" }, "Epoch"), slider, told),
    ),
    /** There are epochs up to this one; the slider stays at the end while it is there. */
    reach(last) {
      slider.max = last;
      if (follows) {
        slider.value = last;
        epoch = last;
        onEpoch(last);
      }
    },
    at(next) {
      epoch = next;
      if (Number(slider.value) !== next) {
        slider.value = next;
        follows = next === Number(slider.max);
      }
      draw();
    },
    find(next) {
      findings = next;
      draw();
    },
    draw,
  };
}
