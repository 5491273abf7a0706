// Whether the service can work: what is missing stands above every page, until it is there again.

import { fill, h } from "./element.js";

const LOOK_MILLISECONDS = 15_000;

/** Ask now and then, and show what is missing in `place`. That there is no answer at all, each page says itself. */
export async function watchReadiness(place) {
  try {
    const answer = await fetch("/readyz");
    const { ready, checks } = await answer.json();
    const missing = Object.entries(checks ?? {}).filter(([, said]) => said !== "ok");
    fill(
      place,
      h("p", {}, h("strong", {}, "The service cannot work now.")),
      h(
        "ul",
        {},
        missing.map(([name, said]) => h("li", {}, `${name}: ${said}`)),
      ),
    );
    place.hidden = Boolean(ready);
  } catch {
    /* it does not answer */
  }
  setTimeout(() => watchReadiness(place), LOOK_MILLISECONDS);
}
