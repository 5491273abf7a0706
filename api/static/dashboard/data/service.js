// The service: requests, its problem documents, its key.

import { promptSecret } from "../shared/dialogs.js";

const KEY = "gradlab-key";

/** A refusal by the service: its problem document. */
export class Problem extends Error {
  /**
   * @param {number} status of the response.
   * @param {{detail?: string, errors?: FieldProblem[]}} document
   */
  constructor(status, document) {
    super(document.detail ?? `the service answered ${status}`);
    this.status = status;
    this.errors = document.errors ?? [];
  }
}

/** The service did not answer. */
export class Away extends Error {}

/** @returns {Record<string, string>} the header with the service's key, where one was entered. */
export function authorization() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * @typedef {object} RequestOptions
 * @property {string} [method]
 * @property {string} [body]
 * @property {string} [accept] the media type.
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/**
 * Send a request, and ask the reader for the key where the service has one.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 * @throws {Problem} the service refused.
 * @throws {Away} there was no answer.
 */
export async function send(path, options = {}) {
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
 * Send a request for JSON.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<any>}
 */
export const get = async (path, options) => (await send(path, options)).json();

/**
 * Post a value as JSON.
 *
 * @param {string} path
 * @param {unknown} [value]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>}
 */
export async function post(path, value, headers = {}) {
  const body = value === undefined ? undefined : JSON.stringify(value);
  return (await send(path, { method: "POST", body, headers })).json();
}

/**
 * Save a resource of the service as a file.
 *
 * @param {string} path
 * @param {string} accept the media type.
 * @param {string} name of the file.
 */
export async function save(path, accept, name) {
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

/** @param {unknown} error @returns {string} its words for the reader. */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));
