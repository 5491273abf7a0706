// Server-sent events, parsed from the body of a response.

/** @typedef {{id: string, name: string, data: any}} ServerEvent */

/**
 * The events of a stream, as they come. The stream is cancelled when the caller takes no more of them.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} [onPiece] called for every piece that comes, which may be a comment alone.
 * @returns {AsyncGenerator<ServerEvent, void, void>}
 */
export async function* eventsOf(body, onPiece = () => {}) {
  const decoder = /** @type {ReadableWritablePair<string, Uint8Array>} */ (
    /** @type {unknown} */ (new TextDecoderStream())
  );
  const reader = body.pipeThrough(decoder).getReader();
  let text = "";
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      onPiece();
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // of a stream that has failed, cancelling fails with the same error
  }
}

/**
 * An event from its lines.
 *
 * @param {string} block `field: value` lines.
 * @returns {ServerEvent | null} null for a comment, which keeps a connection open.
 */
export function parseEvent(block) {
  const fields = Object.fromEntries(block.split("\n").map(fieldOf));
  return fields.data ? { id: fields.id, name: fields.event, data: JSON.parse(fields.data) } : null;
}

/** @param {string} line @returns {[string, string]} */
function fieldOf(line) {
  const colon = line.indexOf(": ");
  return [line.slice(0, colon), line.slice(colon + 2)];
}
