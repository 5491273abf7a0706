// The laws of the dashboard's code: those of the Python code, as far as ESLint can see them.

import js from "@eslint/js";
import globals from "globals";

const DASHBOARD = ["api/static/dashboard/*.js"];

export default [
  {
    ignores: [
      "**/*",
      "!api/",
      "!api/static/",
      "!api/static/dashboard/**",
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
  { files: DASHBOARD, languageOptions: { globals: globals.browser } },
  { files: ["tests/dashboard/*.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
];
