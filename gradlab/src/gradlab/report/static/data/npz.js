// NumPy's archives: series come as they are stored, with every bit, in a fifth of the size of text.

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/** @typedef {{shape: number[], data: any}} NamedArray `data` is a typed array, for texts and integers a list. */

/**
 * The arrays of an uncompressed archive.
 *
 * @param {ArrayBuffer} buffer
 * @returns {Record<string, NamedArray>} by name.
 * @throws {Error} the archive is compressed, or an array holds neither numbers nor texts.
 */
export function readNpz(buffer) {
  const view = new DataView(buffer);
  let end = buffer.byteLength - 22;
  while (view.getUint32(end, true) !== END_OF_DIRECTORY) end -= 1;
  /** @type {Record<string, NamedArray>} */
  const arrays = {};
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY || view.getUint16(at + 10, true) !== 0) {
      throw new Error("expected an uncompressed archive");
    }
    const [size, nameLength] = [view.getUint32(at + 24, true), view.getUint16(at + 28, true)];
    const name = text(buffer, at + 46, nameLength);
    const local = view.getUint32(at + 42, true);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    arrays[name.replace(/\.npy$/, "")] = readNpy(buffer.slice(begin, begin + size));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return arrays;
}

/** @param {ArrayBuffer} buffer @param {number} begin @param {number} length */
const text = (buffer, begin, length) => new TextDecoder("latin1").decode(new Uint8Array(buffer, begin, length));

/** @param {ArrayBuffer} buffer @returns {NamedArray} */
function readNpy(buffer) {
  const view = new DataView(buffer);
  const isWide = view.getUint8(6) > 1; // the format's version 2 has four bytes for the length of the header
  const length = isWide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = isWide ? 12 : 10;
  const header = text(buffer, start, length);
  const kind = field(header, /'descr': '([^']+)'/);
  const sizes = field(header, /'shape': \(([^)]*)\)/).split(",");
  const shape = sizes.filter((size) => size.trim()).map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, data: numbers(kind, buffer.slice(start + length), count) };
}

/** @param {string} header @param {RegExp} pattern @returns {string} */
function field(header, pattern) {
  const match = header.match(pattern);
  if (!match) throw new Error(`expected an array's header with ${pattern.source}; received ${header}`);
  return match[1];
}

/** @param {string} kind as NumPy names it. @param {ArrayBuffer} buffer @param {number} count */
function numbers(kind, buffer, count) {
  if (kind === "<f4") return new Float32Array(buffer, 0, count);
  if (kind === "<f8") return new Float64Array(buffer, 0, count);
  if (kind === "<i8") return Array.from(new BigInt64Array(buffer, 0, count), Number);
  if (kind.startsWith("<U")) {
    const width = Number(kind.slice(2));
    const codes = new Uint32Array(buffer, 0, count * width);
    return Array.from({ length: count }, (_, i) =>
      String.fromCodePoint(...codes.subarray(i * width, (i + 1) * width).filter((code) => code)),
    );
  }
  throw new Error(`expected numbers or texts; received ${kind}`);
}
