// Where the answers come from: a service, or the report that holds them.

/** A request that was refused: its problem document. */
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

/**
 * @typedef {object} RequestOptions
 * @property {string} [method]
 * @property {string | Blob} [body] JSON, unless `headers` name another type.
 * @property {string} [accept] the media type.
 * @property {Record<string, string>} [headers]
 * @property {RequestCache} [cache]
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} Source
 * @property {(path: string, options: RequestOptions) => Promise<Response>} send answers a request; throws a Problem.
 * @property {((path: string, accept: string, name: string) => Promise<void>) | null} save saves an answer as a file;
 *   null where there are no files.
 * @property {() => boolean} hasKey true if an address alone is answered with a refusal.
 */

/** @type {Source | null} */
let source = null;

/**
 * Read everything from a source from now on.
 *
 * @param {Source} next
 */
export function readFrom(next) {
  source = next;
}

/** @returns {Source} */
function chosen() {
  if (!source) throw new Error("expected a source of answers: call readFrom first");
  return source;
}

/**
 * Send a request.
 *
 * @param {string} path
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 * @throws {Problem} it was refused.
 */
export const send = (path, options = {}) => chosen().send(path, options);

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

/** @returns {boolean} true if answers can be saved as files. */
export const hasFiles = () => Boolean(source?.save);

/** @returns {boolean} true if an address alone, as in a link, is answered with a refusal. */
export const hasKey = () => Boolean(source?.hasKey());

/**
 * Save an answer as a file.
 *
 * @param {string} path
 * @param {string} accept the media type.
 * @param {string} name of the file.
 */
export const save = (path, accept, name) => chosen().save?.(path, accept, name);

/** @param {unknown} error @returns {string} its words for the reader. */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));
