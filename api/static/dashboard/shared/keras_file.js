// The configuration in a Keras file, read in the browser and within bounds. Its weights are not read.

const CONFIG = "config.json";
const ZIP = 0x04034b50;
const HDF5 = 0x46444889; // "\x89HDF", little-endian
const DIRECTORY_END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22; // of the record that ends an archive, in front of a comment of at most 65,535 bytes
const MAX_COMMENT = 65_535;
const MAX_DIRECTORY = 1_000_000;
const MAX_CONFIGURATION = 4_000_000;
const [STORED, DEFLATED] = [0, 8];

const EXPECTED = "expected a .keras file, or the text of model.to_json()";

/**
 * The text of a model's configuration, from a `.keras` file or from a file of `model.to_json()`.
 *
 * @param {Blob & {name: string}} file
 * @returns {Promise<string>}
 * @throws {Error} it is neither.
 */
export async function configurationOf(file) {
  const mark = file.size < 4 ? 0 : (await viewOf(file, 0, 4)).getUint32(0, true);
  if (mark === ZIP) return textOf(await member(file));
  if (mark === HDF5) throw new Error(`${file.name}: ${EXPECTED}, received an HDF5 file: save the model with Keras 3`);
  if (file.size > MAX_CONFIGURATION) throw new Error(`${file.name}: ${EXPECTED}, received ${file.size} bytes`);
  return file.text();
}

/** @param {Blob & {name: string}} file @returns {Promise<Blob>} the bytes of config.json. */
async function member(file) {
  const { start, size } = await directoryOf(file);
  if (size > MAX_DIRECTORY) throw new Error(`${file.name}: ${EXPECTED}, received an archive of too many files`);
  const directory = await viewOf(file, start, size);
  for (let at = 0; at + 46 <= directory.byteLength && directory.getUint32(at, true) === ENTRY;) {
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => directory.getUint16(at + place, true));
    const name = new TextDecoder().decode(bytesOf(directory, at + 46, nameLength));
    if (name === CONFIG) return content(file, directory, at);
    at += 46 + nameLength + extra + comment;
  }
  throw new Error(`${file.name}: ${EXPECTED}, received an archive without ${CONFIG}`);
}

/** @param {Blob & {name: string}} file @returns {Promise<{start: number, size: number}>} the directory. */
async function directoryOf(file) {
  const from = Math.max(0, file.size - END_BYTES - MAX_COMMENT);
  const end = await viewOf(file, from, file.size - from);
  for (let at = end.byteLength - END_BYTES; at >= 0; at--) {
    if (end.getUint32(at, true) !== DIRECTORY_END) continue;
    return { size: end.getUint32(at + 12, true), start: end.getUint32(at + 16, true) };
  }
  throw new Error(`${file.name}: ${EXPECTED}, received an archive that was cut off`);
}

/** @param {Blob & {name: string}} file @param {DataView} directory @param {number} at the member's place in it. */
async function content(file, directory, at) {
  const method = directory.getUint16(at + 10, true);
  const [packed, begin] = [20, 42].map((place) => directory.getUint32(at + place, true));
  const head = await viewOf(file, begin, 30);
  const from = begin + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const bytes = file.slice(from, from + packed);
  if (method === STORED) return bytes;
  if (method === DEFLATED) return unpacked(bytes, file.name);
  throw new Error(`${file.name}: ${EXPECTED}, received an archive that is packed otherwise`);
}

/** @param {Blob} packed @param {string} name of the file. @returns {Promise<Blob>} at most as much as is read. */
async function unpacked(packed, name) {
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const pieces = [];
  for (let size = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces);
    size += value.byteLength;
    if (size > MAX_CONFIGURATION) throw new Error(`${name}: ${EXPECTED}, received a configuration that is too long`);
    pieces.push(value);
  }
}

/** @param {Blob} blob */
async function textOf(blob) {
  return new TextDecoder("utf-8", { fatal: true }).decode(await blob.arrayBuffer());
}

/** @param {Blob} file @param {number} from @param {number} size @returns {Promise<DataView>} */
async function viewOf(file, from, size) {
  return new DataView(await file.slice(from, from + size).arrayBuffer());
}

/** @param {DataView} view @param {number} from @param {number} size */
const bytesOf = (view, from, size) => new Uint8Array(view.buffer, view.byteOffset + from, size);
