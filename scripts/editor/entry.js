// What the dashboard's editor uses of CodeMirror: the entry of the vendored module.

export { autocompletion, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
export { completionKeymap } from "@codemirror/autocomplete";
export { defaultKeymap, history, historyKeymap, redo, undo } from "@codemirror/commands";
export { json } from "@codemirror/lang-json";
export { bracketMatching, codeFolding, foldGutter, foldKeymap } from "@codemirror/language";
export { HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
export { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
export { EditorSelection, EditorState } from "@codemirror/state";
export { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter } from "@codemirror/view";
export { highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
export { tags } from "@lezer/highlight";
