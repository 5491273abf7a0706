// A source whose answers are held in the page: a report's.

import { Problem } from "./source.js";

/**
 * @typedef {object} HeldAnswer
 * @property {string} path
 * @property {Record<string, string>} query
 * @property {string} type the media type.
 * @property {any} body a value for JSON; base64 for anything else.
 */

/**
 * The source that answers requests with what is held.
 *
 * @param {HeldAnswer[]} answers
 * @returns {import("./source.js").Source}
 */
export function sourceOf(answers) {
  const byAddress = new Map(answers.map((answer) => [addressOf(answer.path, answer.query), answer]));
  return {
    async send(address) {
      const { pathname, searchParams } = new URL(address, "report://held");
      const answer = byAddress.get(addressOf(pathname, Object.fromEntries(searchParams)));
      if (!answer) throw new Problem(404, { detail: "This report does not hold these numbers." });
      const body = answer.type === "application/json" ? JSON.stringify(answer.body) : bytesOf(answer.body);
      return new Response(body, { headers: { "Content-Type": answer.type } });
    },
    save: null,
    hasKey: () => false,
  };
}

/** @param {string} path @param {Record<string, string>} query @returns {string} whatever the order of the query. */
function addressOf(path, query) {
  const parameters = new URLSearchParams(query);
  parameters.sort();
  return `${decodeURIComponent(path)}?${parameters}`;
}

/** @param {string} text in base64. */
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
