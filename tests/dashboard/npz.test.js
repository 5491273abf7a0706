// Archives as NumPy writes them: `numpy.savez` wrote arrays.npz, `numpy.savez_compressed` compressed.npz.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { readNpz } from "../../gradlab/src/gradlab/report/static/data/npz.js";

/** @param {string} name of a file beside this one. */
async function contentOf(name) {
  const bytes = await readFile(new URL(name, import.meta.url));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

test("every array is read by its name, with its shape", async () => {
  const arrays = readNpz(await contentOf("arrays.npz"));
  const shapes = Object.fromEntries(Object.entries(arrays).map(([name, { shape }]) => [name, shape]));
  assert.deepEqual(shapes, { values: [2, 3], rates: [2], epochs: [3], layers: [3], one: [], none: [0, 3] });
});

test("numbers come with every bit, those that are not finite too", async () => {
  const { values, rates, one, none } = readNpz(await contentOf("arrays.npz"));
  assert.deepEqual(values.data, Float32Array.of(1.5, NaN, -0.25, Infinity, 0, 2 ** -140));
  assert.deepEqual(rates.data, Float64Array.of(0.1, 1e300));
  assert.deepEqual([...one.data, ...none.data], [3.5]);
});

test("integers and texts come as lists", async () => {
  const { epochs, layers } = readNpz(await contentOf("arrays.npz"));
  assert.deepEqual(epochs.data, [0, 1, 500]);
  assert.deepEqual(layers.data, ["dense_1", "größe", "x"]);
});

test("a compressed archive is refused", async () => {
  const content = await contentOf("compressed.npz");
  assert.throws(() => readNpz(content), /expected an uncompressed archive/);
});
