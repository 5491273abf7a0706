// NumPy's archives: series come as they are stored, with every bit, in a fifth of the size of text.

const END = 0x06054b50;
const ENTRY = 0x02014b50;

/** Named arrays: name -> { shape, data }; data is a typed array, or a list for texts. */
export function readNpz(buffer) {
  const view = new DataView(buffer);
  let end = buffer.byteLength - 22;
  while (view.getUint32(end, true) !== END) end -= 1;
  const arrays = {};
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    if (view.getUint32(at, true) !== ENTRY || view.getUint16(at + 10, true) !== 0)
      throw new Error("expected an uncompressed archive");
    const [size, nameLength] = [view.getUint32(at + 24, true), view.getUint16(at + 28, true)];
    const name = text(buffer, at + 46, nameLength);
    const local = view.getUint32(at + 42, true);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    arrays[name.replace(/\.npy$/, "")] = readNpy(buffer.slice(begin, begin + size));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return arrays;
}

const text = (buffer, begin, length) => new TextDecoder("latin1").decode(new Uint8Array(buffer, begin, length));

function readNpy(buffer) {
  const view = new DataView(buffer);
  const wide = view.getUint8(6) > 1;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const begin = (wide ? 12 : 10) + length;
  const header = text(buffer, wide ? 12 : 10, length);
  const kind = header.match(/'descr': '([^']+)'/)[1];
  const shape = header
    .match(/'shape': \(([^)]*)\)/)[1]
    .split(",")
    .filter((each) => each.trim())
    .map(Number);
  const count = shape.reduce((product, each) => product * each, 1);
  return { shape, data: numbers(kind, buffer.slice(begin), count) };
}

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
