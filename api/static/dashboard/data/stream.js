// Event streams, read by fetch: unlike EventSource it can send the service's key, and tells why a stream ended.

import { eventsOf } from "./event_stream.js";
import { request } from "./service.js";
import { Problem } from "./source.js";

const PAUSES_MILLISECONDS = [500, 1000, 2000, 4000];
// The service sends a comment where there was no event for 15 s (ALIVE_SECONDS of api/live): two may be late.
const MAX_SILENCE_MILLISECONDS = 45_000;

/**
 * @typedef {object} Listener
 * @property {(name: string, data: any) => void} event takes an event.
 * @property {(state: "live" | "lost" | "over", problem: Problem | null) => void} state takes the state of the
 *   connection; the problem is why it is over too early, with status 404 if what it tells of was deleted.
 */

/**
 * Follow a stream until nothing follows, through lost connections and restarts.
 *
 * @param {string} path of the stream.
 * @param {Listener} listener
 * @param {AbortSignal} signal ends it; nothing is told behind that.
 * @param {number} [silence] in milliseconds, after which a connection counts as lost.
 */
export async function follow(path, listener, signal, silence = MAX_SILENCE_MILLISECONDS) {
  const position = { id: /** @type {string | null} */ (null), end: /** @type {string | null} */ (null) };
  let failures = 0;
  /** @param {"live" | "lost" | "over"} state @param {Problem | null} [problem] */
  const tell = (state, problem = null) => {
    if (!signal.aborted) listener.state(state, problem);
  };
  while (!signal.aborted) {
    const connection = guarded(signal, silence);
    try {
      const body = await open(path, position.id, connection.signal);
      if (body === "over") return tell("over");
      if (body) {
        tell("live");
        failures = 0;
        await relay(body, listener, position, connection.heard);
        if (position.end) return tell("over", position.end === "deleted" ? deletion() : null);
      }
    } catch (error) {
      if (error instanceof Problem) return tell("over", error);
    } finally {
      connection.end();
    }
    tell("lost");
    const pause = PAUSES_MILLISECONDS[Math.min(failures, PAUSES_MILLISECONDS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, pause));
    failures += 1;
  }
  return undefined;
}

const deletion = () => new Problem(404, { detail: "It was deleted." });

/**
 * The signal of one connection: aborted with the page, and when nothing has been heard for too long.
 *
 * @param {AbortSignal} signal of the page.
 * @param {number} silence in milliseconds.
 */
function guarded(signal, silence) {
  const connection = new AbortController();
  const abort = () => connection.abort();
  let timer = setTimeout(abort, silence);
  signal.addEventListener("abort", abort);
  return {
    signal: connection.signal,
    /** Take note that something came. */
    heard() {
      clearTimeout(timer);
      timer = setTimeout(abort, silence);
    },
    /** Close the connection. */
    end() {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      abort();
    },
  };
}

/**
 * Open the stream behind an event.
 *
 * @param {string} path
 * @param {string | null} last the id of the last event that came; null for the present.
 * @param {AbortSignal} signal
 * @returns {Promise<ReadableStream<Uint8Array> | "over" | null>} null if the service cannot answer now.
 * @throws {Problem} there is no such stream, or it may not be read.
 */
async function open(path, last, signal) {
  const headers = last ? { "Last-Event-ID": last } : undefined;
  const options = { accept: "text/event-stream", headers, signal, cache: /** @type {RequestCache} */ ("no-store") };
  const response = await request(path, options);
  if (response.status === 204) return "over";
  if (response.ok) return response.body;
  if (response.status >= 500) return null;
  throw new Problem(response.status, await response.json().catch(() => ({}))); // a proxy's answer may be no JSON
}

/**
 * Pass on the events of one connection, and keep the position behind the last that was taken.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {Listener} listener
 * @param {{id: string | null, end: string | null}} position `end` is the status of the last event.
 * @param {() => void} onPiece called for every piece that comes.
 */
async function relay(body, listener, position, onPiece) {
  for await (const event of eventsOf(body, onPiece)) {
    listener.event(event.name, event.data);
    position.id = event.id;
    if (event.name === "done") position.end = event.data.status;
  }
}
