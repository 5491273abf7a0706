// The service: requests, its problem documents, its key.

import { asked } from "./element.js";

const KEY = "gradlab-key";

/** What the service said no with: its problem document. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? `the service answered ${status}`);
    this.status = status;
    this.errors = document.errors ?? [];
  }
}

/** The service did not answer. */
export class Away extends Error {}

export function authorization() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/**
 * Send a request; resolves to the response. Asks for the key where the service has one.
 *
 * @throws {Problem} the service understood and said no.
 * @throws {Away} there was no answer.
 */
export async function ask(path, { method = "GET", body, accept = "application/json", headers = {}, signal } = {}) {
  const sent = { Accept: accept, ...authorization(), ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, body, headers: sent, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Away("The service does not answer.");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) {
    const key = await asked("This service has a key.", "Key");
    if (key !== null) {
      sessionStorage.setItem(KEY, key);
      return ask(path, { method, body, accept, headers, signal });
    }
  }
  const document = await answer.json().catch(() => ({}));
  if (answer.status === 503) throw new Away(document.detail ?? "The service cannot answer now.");
  throw new Problem(answer.status, document);
}

export const get = async (path, more) => (await ask(path, more)).json();

export const post = async (path, body, headers = {}) =>
  (await ask(path, { method: "POST", body: body === undefined ? undefined : JSON.stringify(body), headers })).json();

/** Save what stands at an address as a file. */
export async function save(path, accept, name) {
  const content = await (await ask(path, { accept })).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
