// An experiment's live stream, read by fetch: unlike EventSource it can send the service's key, and tells why it ended.

import { eventsOf } from "./event_stream.js";
import { request } from "./service.js";
import { Problem } from "./source.js";

const PAUSES_MILLISECONDS = [500, 1000, 2000, 4000];

/**
 * @typedef {object} Listener
 * @property {(name: string, data: any) => void} event takes an event.
 * @property {(state: "live" | "lost" | "over") => void} state takes the state of the connection.
 */

/**
 * Follow an experiment until nothing follows, through lost connections and restarts.
 *
 * @param {string} id the experiment's.
 * @param {Listener} listener
 * @param {AbortSignal} signal ends it.
 */
export async function follow(id, listener, signal) {
  const position = { id: /** @type {string | null} */ (null), done: false };
  let failures = 0;
  while (!signal.aborted) {
    try {
      const body = await open(id, position.id, signal);
      if (body === "over") return listener.state("over");
      if (body) {
        listener.state("live");
        failures = 0;
        await relay(body, listener, position);
        if (position.done) return listener.state("over");
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof Problem) return listener.state("over");
    }
    listener.state("lost");
    const pause = PAUSES_MILLISECONDS[Math.min(failures, PAUSES_MILLISECONDS.length - 1)];
    await new Promise((resolve) => setTimeout(resolve, pause));
    failures += 1;
  }
  return undefined;
}

/**
 * Open the stream behind an event.
 *
 * @param {string} id
 * @param {string | null} last the id of the last event that came; null for the present.
 * @param {AbortSignal} signal
 * @returns {Promise<ReadableStream<Uint8Array> | "over" | null>} null if the service cannot answer now.
 * @throws {Problem} there is no such experiment, or it may not be read.
 */
async function open(id, last, signal) {
  const headers = last ? { "Last-Event-ID": last } : undefined;
  const options = { accept: "text/event-stream", headers, signal, cache: /** @type {RequestCache} */ ("no-store") };
  const response = await request(`/experiments/${id}/events?replay=false`, options);
  if (response.status === 204) return "over";
  if (!response.ok && response.status < 500) throw new Problem(response.status, await response.json());
  return response.ok ? response.body : null;
}

/**
 * Pass on the events of one connection, and keep the position.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {Listener} listener
 * @param {{id: string | null, done: boolean}} position
 */
async function relay(body, listener, position) {
  for await (const event of eventsOf(body)) {
    position.id = event.id;
    listener.event(event.name, event.data);
    position.done ||= event.name === "done";
  }
}
