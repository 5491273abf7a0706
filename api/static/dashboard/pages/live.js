// The event stream of a page: its state in the head, and its events behind what the page reads.

import { eventGate } from "../data/event_gate.js";
import { follow } from "../data/stream.js";

const JOIN_MILLISECONDS = 2000; // to wait for the stream before what is stored is read without it
/** @type {Record<string, string>} */
const CONNECTION = { lost: "connection lost, trying again", live: "live" };

/**
 * Follow a stream while a page is shown. Its gate is closed until the first `release`.
 *
 * @param {string} path of the stream.
 * @param {import("../data/event_gate.js").EventHandler} handle takes the events. The last may be `problem`: why the
 *   stream is over too early.
 * @param {Pick<PageOptions, "signal" | "say">} page
 */
export function followOnPage(path, handle, { signal, say }) {
  const gate = eventGate(handle);
  /** @type {import("../data/stream.js").Listener} */
  const listener = {
    event: gate.pass,
    state(state, problem) {
      say(state, problem ? "not live" : (CONNECTION[state] ?? ""));
      if (problem) gate.pass("problem", problem);
    },
  };
  return {
    gate,
    /** Resolves once the stream is over. */
    end: follow(path, listener, signal),
    /** Resolves with true at the first event, and with false where none comes for a while. */
    joined: () => Promise.race([gate.joined, afterwards(JOIN_MILLISECONDS)]),
  };
}

/** @param {number} milliseconds @returns {Promise<false>} */
const afterwards = (milliseconds) => new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));
