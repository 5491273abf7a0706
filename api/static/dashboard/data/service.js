// The service as the source of all answers: its key, its problem documents, its files.

import { heldKey, holdKey, inHeader } from "./key.js";
import { Problem } from "./source.js";

/** @typedef {import("./source.js").RequestOptions} RequestOptions */
/** @typedef {(wasRefused: boolean) => Promise<string>} KeyPrompt resolves with a key that the service takes. */

const KEY_CHECK = "/catalogue"; // an answer that is ready, and that the service gives for its key alone

/** The service did not answer. */
class Away extends Error {}

/** @type {KeyPrompt | null} */
let promptForKey = null;
/** @type {Promise<void> | null} resolves once a key is held again. */
let asking = null;

/** @type {Map<string, Promise<Response>>} answers to `requestAhead` that nobody has read yet, by path. */
const ahead = new Map();

/** @type {import("./source.js").Source} */
export const SERVICE = { send, save, hasKey: () => heldKey() !== null };

/**
 * Ask the reader for the key where the service demands one.
 *
 * @param {KeyPrompt} prompt is called once at a time; `wasRefused` if the key that was held is not taken.
 */
export function askForKeyBy(prompt) {
  promptForKey = prompt;
}

/**
 * Send a request, and send it again behind the reader's answer where the service demands another key.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>} whatever its status.
 * @throws {Away} there was no answer.
 */
export async function request(path, options = {}) {
  while (true) {
    if (asking) await asking; // else it is sent at once, before what the caller requests next
    const key = heldKey();
    const response = await fetched(path, options, key);
    if (!promptForKey || !demandsKey(response)) return response;
    if (heldKey() !== key) continue; // another one has been entered meanwhile
    asking ??= promptForKey(key !== null)
      .then(holdKey)
      .finally(() => {
        asking = null;
      });
  }
}

/**
 * Request what a page reads first while its modules are loaded: the next `send` of this path has the answer.
 *
 * @param {string} path
 * @param {AbortSignal} signal ends it; no later page has the answer.
 */
export function requestAhead(path, signal) {
  const answer = request(path, { signal });
  answer.catch(() => null); // whoever reads it says what went wrong
  ahead.set(path, answer);
  signal.addEventListener("abort", () => ahead.delete(path));
}

/**
 * @param {string} key
 * @returns {Promise<boolean>} true if it is the service's.
 * @throws {Away} there was no answer.
 */
export const isTaken = async (key) => !demandsKey(await fetched(KEY_CHECK, { method: "HEAD" }, key));

/**
 * Send a request.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 * @throws {Problem} the service refused.
 * @throws {Away} there was no answer.
 */
async function send(path, options = {}) {
  const isPlain = Object.keys(options).every((name) => name === "signal");
  const early = isPlain ? ahead.get(path) : undefined;
  ahead.delete(path);
  const response = await (early ?? request(path, options));
  if (response.ok) return response;
  const document = await response.json().catch(() => ({}));
  if (response.status === 503) throw new Away(document.detail ?? "The service cannot answer now.");
  throw new Problem(response.status, document);
}

/**
 * Save a resource of the service as a file.
 *
 * @param {string} path
 * @param {string} accept the media type.
 * @param {string} name of the file where the service names none.
 */
async function save(path, accept, name) {
  const response = await send(path, { accept });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = fileNameOf(response.headers.get("Content-Disposition")) ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string | null} disposition as the service writes it: `attachment; filename="…"`. */
export const fileNameOf = (disposition) => disposition?.match(/filename="([^"/\\]+)"/)?.[1] ?? null;

/** @param {Response} response A proxy in front may demand something else. */
function demandsKey(response) {
  return response.status === 401 && Boolean(response.headers.get("WWW-Authenticate")?.startsWith("Bearer"));
}

/** @param {string} path @param {RequestOptions} options @param {string | null} key */
async function fetched(path, { method = "GET", body, accept = "application/json", headers = {}, cache, signal }, key) {
  /** @type {Record<string, string>} */
  const sent = { Accept: accept, ...headers };
  if (key !== null) sent.Authorization = `Bearer ${inHeader(key)}`;
  if (body !== undefined) sent["Content-Type"] ??= "application/json";
  try {
    return await fetch(path, { method, body, headers: sent, cache, signal });
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw new Away("The service does not answer.");
  }
}
