// JSON with places: what is JSON is read as JSON.parse does, what is not has its first fault marked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { chainOf, cursorAt, pathOf } from "../../api/static/dashboard/editor/json_places.js";
import { parsed } from "../../api/static/dashboard/editor/json_text.js";
import { valueOf } from "./json_tools.js";

const TEXT =
  '{"name": "a\\u00e9\\n", "seeds": [0, 1.5e3, -0], "m": {"l": [{"kind": "x"}, null, true]}, "e": {}, "f": []}';

/** @param {string} text @returns {{value?: unknown}} empty if it is not JSON. */
function read(text) {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return {};
  }
}

test("a text has a fault exactly where it is not JSON, and else the same value", () => {
  const letters = '{}[]:,"\\ \n019-.eEtruflsn\t\u0001';
  let state = 1;
  const random = (/** @type {number} */ count) => (state = (state * 48271) % 2147483647) % count;
  let faults = 0;
  for (let i = 0; i < 6000; i += 1) {
    const [place, letter, cut] = [random(TEXT.length), letters[random(letters.length)], random(2)];
    const text = TEXT.slice(0, place) + (random(3) ? letter : "") + TEXT.slice(place + cut);
    const { root, fault } = parsed(text);
    const expected = read(text);
    assert.equal(fault === null, "value" in expected, text);
    if (fault) faults += 1;
    else assert.deepEqual(valueOf(root), expected.value);
  }
  assert.ok(faults > 1000 && faults < 5900);
});

for (const [text, marked, words] of [
  ['{"a": 1\n"b": 2}', "", /comma/],
  ['{"a": 1,}', ",", /no comma/],
  ['{"a" 1}', " ", /colon/],
  ['{"a": relu}', "relu", /quotes/],
  ['{"a": "relu\n}', '"relu', /quotes at the end/],
  ["{a: 1}", "a", /name in quotes/],
  ['{"a": [1, 2}', "[", /at the end of this list/],
  ["{} x", "x", /nothing behind/],
  ['{"a": }', "}", /a value/],
]) {
  test(`the first fault of ${JSON.stringify(text)} is marked`, () => {
    const { fault } = parsed(text);
    assert.equal(text.slice(fault.from, fault.to), marked);
    assert.match(fault.message, words);
  });
}

test("more lists inside one another than a stack holds are a fault, not a crash", () => {
  assert.match(parsed("[".repeat(100_000)).fault.message, /at most 200/);
});

test("a path is followed as far as the text goes", () => {
  const { root } = parsed(TEXT);
  assert.deepEqual(pathOf("m.l[0].kind"), ["m", "l", 0, "kind"]);
  assert.equal(chainOf(root, ["m", "l", 0, "kind"]).at(-1).value, "x");
  assert.equal(chainOf(root, ["m", "l", 7, "kind"]).length, 3);
});

for (const [marked, path, isKey, token] of [
  ["{|}", [], true, ""],
  ['{"a|": 1}', [], true, '"a"'],
  ['{"a": |}', ["a"], false, ""],
  ['{"a": "b|"}', ["a"], false, '"b"'],
  ['{"a": [1, |]}', ["a", 1], false, ""],
  ['{"a": [{"b": 2, |}]}', ["a", 0], true, ""],
  ['{"a": {"b": tr|}}', ["a", "b"], false, "tr"],
  ['{"a": [{"b"|', ["a", 0], true, '"b"'],
]) {
  test(`the cursor of ${marked} is at ${path.join(".") || "the top"}`, () => {
    const place = marked.indexOf("|");
    const text = marked.replace("|", "");
    const cursor = cursorAt(parsed(text).root, place);
    assert.deepEqual([cursor.path, cursor.isKey], [path, isKey]);
    assert.equal(text.slice(cursor.from, cursor.to), token);
  });
}

test("behind the end of an object nothing fits", () => {
  assert.equal(cursorAt(parsed("{} ").root, 2), null);
});
