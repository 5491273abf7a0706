// The readiness of the service: what is missing stands above every page, until it is there again.

import { fill, h } from "./shared/element.js";

const REFRESH_MILLISECONDS = 15_000;

/**
 * Show now and then what the service is missing. That there is no answer at all, each page says itself.
 *
 * @param {HTMLElement} place hidden while nothing is missing.
 */
export async function watchReadiness(place) {
  try {
    const response = await fetch("/readyz");
    const { ready, checks } = await response.json();
    const items = missingOf(checks ?? {}).map((words) => h("li", {}, words));
    fill(place, h("p", {}, h("strong", {}, "The service cannot work now.")), h("ul", {}, items));
    place.hidden = Boolean(ready);
  } catch {
    // The service does not answer: `place` stays as it is.
  }
  setTimeout(() => watchReadiness(place), REFRESH_MILLISECONDS);
}

/** @param {Record<string, string>} checks "ok", or what is wrong, by name. */
export const missingOf = (checks) =>
  Object.entries(checks)
    .filter(([, answer]) => answer !== "ok")
    .map(([name, answer]) => `${name}: ${answer}`);
