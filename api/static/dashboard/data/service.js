// The service as the source of all answers: its problem documents, its key.

import { promptSecret } from "../shared/dialogs.js";
import { Problem } from "./source.js";

/** @typedef {import("./source.js").RequestOptions} RequestOptions */

const KEY = "gradlab-key";

/** The service did not answer. */
class Away extends Error {}

/** @returns {Record<string, string>} the header with the service's key, where one was entered. */
export function authorization() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @type {import("./source.js").Source} */
export const SERVICE = { send, save };

/**
 * Send a request, and ask the reader for the key where the service has one.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 * @throws {Problem} the service refused.
 * @throws {Away} there was no answer.
 */
async function send(path, options = {}) {
  const response = await fetched(path, options);
  if (response.ok) return response;
  if (response.status === 401) {
    const key = await promptSecret("This service has a key.", "Key");
    if (key !== null) {
      sessionStorage.setItem(KEY, key);
      return send(path, options);
    }
  }
  const document = await response.json().catch(() => ({}));
  if (response.status === 503) throw new Away(document.detail ?? "The service cannot answer now.");
  throw new Problem(response.status, document);
}

/**
 * Save a resource of the service as a file.
 *
 * @param {string} path
 * @param {string} accept the media type.
 * @param {string} name of the file.
 */
async function save(path, accept, name) {
  const content = await (await send(path, { accept })).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string} path @param {RequestOptions} options */
async function fetched(path, { method = "GET", body, accept = "application/json", headers = {}, signal }) {
  /** @type {Record<string, string>} */
  const sent = { Accept: accept, ...authorization(), ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, body, headers: sent, signal });
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") throw error;
    throw new Away("The service does not answer.");
  }
}
