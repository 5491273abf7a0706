// Loss and metrics over the epochs, with a band over the seeds.

import { h } from "./element.js";
import { FEW, lines as colours } from "./colours.js";
import { seedsOf } from "./format.js";
import { filesOf, frame } from "./frame.js";
import { strided } from "./layers.js";
import { lines } from "./lines.js";

/** The figures of an experiment's curves: the first metric, if there is one, and the loss. */
export function curves({ id, seeds, names }) {
  const measured = names.filter((name) => names.includes(`val_${name}`));
  const metric = measured.find((name) => name !== "loss");
  const figures = [metric, "loss"].filter(Boolean).map((name) => {
    const nothing = h("p", { class: "muted" }, "Nothing is measured yet.");
    const share = name.includes("accuracy");
    const chart = lines({ height: 240, range: share ? [0, 1] : null, label: `${name} over the epochs` });
    const { element } = frame(
      {
        title: name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase()),
        about: `training and validation samples · ${seeds.length > 1 ? "median and range of " : ""}${seedsOf(seeds)}`,
        files: filesOf(id, "history", {}, "history"),
        id: `curve-${name}`,
      },
      nothing,
      chart.element,
    );
    return { name, chart, element, nothing };
  });
  return {
    elements: figures.map((each) => each.element),
    show(grid) {
      const empty = grid.epochs.at(-1) === undefined || grid.epochs.at(-1) === 0;
      for (const { nothing, chart } of figures) {
        nothing.hidden = !empty;
        chart.element.hidden = empty;
      }
      if (empty) return;
      const { middle, low, high } = grid.summary();
      const width = grid.columns.length;
      const size = grid.rows * width;
      const first = grid.epochs[0] === 0 ? 1 : 0; // before the first update nothing has been trained on
      const of = (from, name) => strided(from.subarray(0, size), grid.columns.indexOf(name), width).subarray(first);
      for (const { name, chart } of figures) {
        const series = [
          [`training`, name, colours(1)[0]],
          ["validation", `val_${name}`, FEW[1]],
        ].filter(([, column]) => grid.columns.includes(column));
        chart.show(
          grid.epochs.slice(first),
          series.map(([label, column, colour]) => ({
            name: label,
            colour,
            values: of(middle, column),
            ...(seeds.length > 1 && { low: of(low, column), high: of(high, column) }),
          })),
        );
      }
    },
  };
}
