// The types of `codemirror.js`, for the checker alone.
export * from "../../scripts/editor/entry.js";
export type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
export type { Diagnostic } from "@codemirror/lint";
export type { Extension } from "@codemirror/state";
