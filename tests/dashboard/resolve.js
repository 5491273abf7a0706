// Finds the modules of the dashboard where they lie: two folders that the service serves as one.

import { existsSync } from "node:fs";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

const ROOTS = ["api/static/dashboard/", "gradlab/src/gradlab/report/static/"];

/** @param {string} specifier @param {{parentURL?: string}} context @param {Function} next */
export function resolve(specifier, context, next) {
  const url = specifier.startsWith(".") && new URL(specifier, context.parentURL);
  if (!url || existsSync(url)) return next(specifier, context);
  const [from, to] = url.href.includes(ROOTS[0]) ? ROOTS : [...ROOTS].reverse();
  return next(url.href.replace(from, to), context);
}

if (isMainThread) register(import.meta.url); // the hooks run in a thread of their own, which loads this module too
