// The laws of the dashboard's code: those of the Python code, as far as ESLint can see them.

import js from "@eslint/js";
import globals from "globals";

// Two folders that are served as one: what draws comes with the library, for its reports; the pages with the service.
const DASHBOARD = ["api/static/dashboard", "gradlab/src/gradlab/report/static"];
// Arrows between the folders point to the left alone: a page may import a chart, and a chart no page.
const FOLDERS = ["shared", "data", "charts", "layers", "parts", "editor", "pages"];

/** @param {string} folder @param {number} i its place among the folders. */
function arrowsOf(folder, i) {
  const group = [...FOLDERS.slice(i + 1).map((later) => `../${later}/*`), "../*.js", "!../../*", "!../uplot.js"];
  const message = `${folder}/ may import these folders alone: ${FOLDERS.slice(0, i + 1).join(", ")}.`;
  const rules = { "no-restricted-imports": ["error", { patterns: [{ group, message }] }] };
  return { files: DASHBOARD.map((root) => `${root}/${folder}/*.js`), rules };
}

export default [
  {
    ignores: [
      "**/*",
      "!api/",
      "!api/static/",
      "!api/static/dashboard/**",
      "!gradlab/",
      "!gradlab/src/",
      "!gradlab/src/gradlab/",
      "!gradlab/src/gradlab/report/",
      "!gradlab/src/gradlab/report/static/",
      "!gradlab/src/gradlab/report/static/**",
      "gradlab/src/gradlab/report/static/uplot.js",
      "!scripts/",
      "!scripts/editor/**",
      "!tests/",
      "!tests/dashboard/**",
      "!eslint.config.js",
    ],
  },
  js.configs.recommended,
  {
    rules: {
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 50, IIFEs: true }],
      "max-len": ["error", { code: 120, ignoreUrls: true }],
      camelcase: ["error", { properties: "never" }],
      eqeqeq: "error",
      "no-var": "error",
      "object-shorthand": "error",
      "one-var": ["error", "never"],
      "prefer-const": ["error", { destructuring: "all" }],
    },
  },
  ...FOLDERS.map(arrowsOf),
  { files: DASHBOARD.map((root) => `${root}/**/*.js`), languageOptions: { globals: globals.browser } },
  {
    files: ["scripts/editor/*.js", "tests/dashboard/*.js", "eslint.config.js"],
    languageOptions: { globals: globals.node },
  },
];
