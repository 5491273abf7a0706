// The upload of a file of samples to the service.

import { mediaTypeOf } from "../shared/files.js";
import { send } from "./source.js";

const MAX_NAME_CHARACTERS = 200; // of a dataset's name

/**
 * Send a file, which becomes a dataset of its name.
 *
 * @param {File} file
 * @param {AbortSignal} signal ends it.
 * @returns {Promise<UploadedDataset>} as it is before it has been checked.
 * @throws {Error} its name does not end as those of samples do, or the service refuses it.
 */
export async function upload(file, signal) {
  const headers = { "Content-Type": mediaTypeOf(file.name) };
  const path = `/datasets?name=${encodeURIComponent(file.name.slice(0, MAX_NAME_CHARACTERS))}`;
  return (await send(path, { method: "POST", body: file, headers, signal })).json();
}
