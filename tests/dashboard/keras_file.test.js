// The configuration in a Keras file: archives as Keras writes them, texts, and what is neither.

import assert from "node:assert/strict";
import test from "node:test";
import { deflateRawSync } from "node:zlib";
import { configurationOf } from "../../api/static/dashboard/shared/keras_file.js";

const CONFIG = JSON.stringify({ class_name: "Sequential", config: { name: "ä", layers: [] } });

/** @param {...Uint8Array} parts */
const joined = (...parts) => Buffer.concat(parts);

/** The fields of both heads of a member. @param {Buffer} packed @param {Buffer} content @param {number} method */
function fields(packed, content, method) {
  const head = Buffer.alloc(22);
  head.writeUInt16LE(method, 4);
  head.writeUInt32LE(packed.length, 14);
  head.writeUInt32LE(content.length, 18);
  return head;
}

/**
 * A ZIP archive.
 *
 * @param {Record<string, string>} members
 * @param {number} method 0 to store them, 8 to pack them.
 */
function archive(members, method) {
  const bodies = [];
  const directory = [];
  let at = 0;
  for (const [name, text] of Object.entries(members)) {
    const [content, path] = [Buffer.from(text), Buffer.from(name)];
    const packed = method === 8 ? deflateRawSync(content) : content;
    const length = Buffer.alloc(4);
    length.writeUInt16LE(path.length, 0);
    const local = joined(Buffer.from("PK\x03\x04", "latin1"), fields(packed, content, method), length, path, packed);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    const head = joined(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields(packed, content, method));
    directory.push(joined(head, length, place, path));
    bodies.push(local);
    at += local.length;
  }
  const listed = joined(...directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return joined(...bodies, listed, end);
}

/** @param {Uint8Array | string} content @param {string} [name] */
const file = (content, name = "model.keras") => new File([/** @type {BlobPart} */ (content)], name);

for (const method of [0, 8]) {
  test(`config.json is read from an archive of method ${method}`, async () => {
    const members = { "metadata.json": "{}", "config.json": CONFIG, "model.weights.h5": "x".repeat(1000) };
    assert.equal(await configurationOf(file(archive(members, method))), CONFIG);
  });
}

test("a text is taken as it is", async () => {
  assert.equal(await configurationOf(file(CONFIG, "model.json")), CONFIG);
  assert.equal(await configurationOf(file("{}", "model.json")), "{}");
});

test("what is no Keras file is refused with its name", async () => {
  const whole = archive({ "config.json": CONFIG }, 8);
  await assert.rejects(configurationOf(file(whole.subarray(0, -30))), /model\.keras: expected .* cut off/);
  await assert.rejects(configurationOf(file(archive({ other: "{}" }, 0))), /archive without config\.json/);
  await assert.rejects(configurationOf(file(Buffer.from("\x89HDF\r\n\x1a\n", "latin1"))), /HDF5/);
  const bomb = archive({ "config.json": " ".repeat(5_000_000) }, 8);
  await assert.rejects(configurationOf(file(bomb)), /too long/);
});
