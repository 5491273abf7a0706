// The editor in the colours of the page, light and dark.

/** @typedef {typeof import("../../codemirror.js")} CodeMirror */

/** @param {CodeMirror} codeMirror @returns {import("../../codemirror.js").Extension} */
export function theme({ EditorView, HighlightStyle, syntaxHighlighting, tags }) {
  const colours = HighlightStyle.define([
    { tag: tags.propertyName, color: "var(--accent)" },
    { tag: tags.string, color: "var(--good)" },
    { tag: tags.number, color: "var(--warn)" },
    { tag: [tags.bool, tags.null], color: "var(--bad)" },
    { tag: [tags.separator, tags.bracket, tags.squareBracket, tags.brace], color: "var(--muted)" },
  ]);
  return [EditorView.theme({ ...TEXT, ...GUTTER, ...FAULTS, ...POPUP }), syntaxHighlighting(colours)];
}

const TEXT = {
  "&": {
    color: "var(--ink)",
    backgroundColor: "var(--panel)",
    border: "1px solid var(--faint)",
    borderRadius: "4px",
    fontSize: "12.5px",
    maxHeight: "max(420px, calc(100vh - 160px))",
  },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--figures)", lineHeight: "1.55", overflow: "auto", minHeight: "420px" },
  ".cm-content": { caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter": { backgroundColor: "var(--sunken)" },
  "& .cm-selectionBackground": { backgroundColor: "var(--faint)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--faint)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--good-ground)", color: "var(--good)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--bad-ground)", color: "var(--bad)" },
};

const GUTTER = {
  ".cm-gutters": { backgroundColor: "var(--panel)", color: "var(--muted)", border: "none" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--sunken)", color: "var(--muted)", borderColor: "var(--faint)" },
};

// CodeMirror's own marks are images from data: URLs, which the content security policy forbids.
const FAULTS = {
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
    textDecorationSkipInk: "none",
    textUnderlineOffset: "2px",
  },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--bad)" },
  ".cm-gutter-lint": { width: "14px" },
  ".cm-lint-marker-error": {
    content: "none",
    width: "8px",
    height: "8px",
    margin: "6px 3px",
    borderRadius: "50%",
    backgroundColor: "var(--bad)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic": { fontFamily: "var(--text)", maxWidth: "min(480px, 80vw)" },
  ".cm-diagnosticAction": {
    backgroundColor: "var(--accent)",
    color: "var(--accent-ink)",
    padding: "2px 8px",
    cursor: "pointer",
  },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)", borderColor: "var(--faint)" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--panel)" },
  ".cm-panel.cm-panel-lint ul:focus [aria-selected]": { backgroundColor: "var(--faint)", color: "var(--ink)" },
};

const POPUP = {
  ".cm-tooltip": { backgroundColor: "var(--panel)", color: "var(--ink)", border: "1px solid var(--faint)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--figures)", maxWidth: "min(700px, 92vw)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-ink)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  "li[aria-selected] .cm-completionDetail": { color: "var(--accent-ink)" },
  ".cm-tooltip.cm-completionInfo": { fontFamily: "var(--text)", padding: "6px 10px", maxWidth: "320px" },
  // On a phone there is no room beside the list, and the words would cover it.
  "@media (max-width: 720px)": { ".cm-tooltip.cm-completionInfo": { display: "none" } },
};
