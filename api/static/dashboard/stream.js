// An experiment's live stream, read by fetch: unlike EventSource it can send the service's key, and say what has become of it.

import { Problem, authorization } from "./service.js";

const PAUSES = [500, 1000, 2000, 4000];

/**
 * Follow an experiment until nothing follows, through lost connections and restarts.
 *
 * @param {string} id the experiment's.
 * @param {object} told `event(name, data)`, and `state("live" | "lost" | "over")`.
 * @param {AbortSignal} signal ends it.
 */
export async function follow(id, told, signal) {
  let last = null;
  let failures = 0;
  let over = false;
  while (!signal.aborted) {
    try {
      const headers = { Accept: "text/event-stream", ...authorization(), ...(last ? { "Last-Event-ID": last } : {}) };
      const answer = await fetch(`/experiments/${id}/events?replay=false`, { headers, signal, cache: "no-store" });
      if (answer.status === 204) return told.state("over");
      if (!answer.ok && answer.status < 500) throw new Problem(answer.status, await answer.json());
      if (answer.ok) {
        told.state("live");
        failures = 0;
        for await (const event of events(answer.body)) {
          last = event.id;
          told.event(event.name, event.data);
          over ||= event.name === "done";
        }
        if (over) return told.state("over");
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      if (error instanceof Problem) return told.state("over");
    }
    told.state("lost");
    await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(failures, PAUSES.length - 1)]));
    failures += 1;
  }
  return undefined;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(
        part.split("\n").map((line) => {
          const colon = line.indexOf(": ");
          return [line.slice(0, colon), line.slice(colon + 2)];
        }),
      );
      if (fields.data) yield { id: fields.id, name: fields.event, data: JSON.parse(fields.data) };
    }
  }
}
