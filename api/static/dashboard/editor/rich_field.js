// The field of a spec as a CodeMirror editor: highlighting, undo, folding, completion.

import { h } from "../shared/element.js";
import { showMarks } from "./marks.js";
import { completion } from "./completion_source.js";
import { theme } from "./theme.js";

/** @typedef {typeof import("../../codemirror.js")} CodeMirror */

/**
 * The editor stands in a shadow root: CodeMirror adopts its style sheets there, and the page's content security policy
 * needs no exception.
 *
 * @param {CodeMirror} codeMirror
 * @param {import("./spec_field.js").TextView} plain whose place it takes, with its text and its selection.
 * @param {() => void} onInput
 * @param {() => Promise<import("./vocabulary.js").Vocabulary>} vocabulary of which completion is made.
 * @returns {import("./spec_field.js").TextView}
 */
export function richField(codeMirror, plain, onInput, vocabulary) {
  const { EditorSelection, EditorState, EditorView, undo, redo } = codeMirror;
  const element = h("div", { class: "spec" });
  const root = element.attachShadow({ mode: "open" });
  const [anchor, head] = plain.selection();
  const listener = EditorView.updateListener.of((update) => {
    if (update.docChanged) onInput();
  });
  const state = EditorState.create({
    doc: plain.text(),
    selection: EditorSelection.single(anchor, head),
    extensions: [completion(codeMirror, vocabulary), ...extensions(codeMirror), listener],
  });
  const view = new EditorView({ state, root, parent: root });
  root.append(h("span", { id: "keys", hidden: true }, KEYS));
  const change = (/** @type {import("./spec_field.js").Edit[]} */ edits) =>
    view.dispatch({ changes: edits, userEvent: "input.apply" });
  return {
    element,
    text: () => view.state.doc.toString(),
    selection: () => [view.state.selection.main.anchor, view.state.selection.main.head],
    hasFocus: () => view.hasFocus,
    focus: () => view.focus(),
    change,
    mark: (marks) => showMarks(codeMirror, view, marks, change),
    goTo({ from, to }) {
      const effects = EditorView.scrollIntoView(from, { y: "center" });
      view.dispatch({ selection: { anchor: from, head: to }, effects });
      view.focus();
    },
    undo: () => undo(view),
    redo: () => redo(view),
    destroy: () => view.destroy(),
  };
}

/** The use of the keyboard, for people and for screen readers. */
export const KEYS = "Ctrl-Space completes, F8 goes to the next fault, Ctrl-Z undoes, Tab leaves the field.";

/** @param {CodeMirror} codeMirror @returns {import("../../codemirror.js").Extension[]} */
function extensions(codeMirror) {
  const { EditorState, EditorView, keymap } = codeMirror;
  const words = { "aria-label": "Spec, JSON", "aria-describedby": "keys", spellcheck: "false" };
  const attributes = { id: "spec", tabindex: "0", ...words };
  return [
    codeMirror.lintGutter(),
    codeMirror.lineNumbers(),
    codeMirror.highlightActiveLineGutter(),
    codeMirror.highlightSpecialChars(),
    codeMirror.history(),
    codeMirror.codeFolding(),
    codeMirror.foldGutter(),
    codeMirror.drawSelection(),
    codeMirror.indentOnInput(),
    codeMirror.indentUnit.of("  "),
    codeMirror.bracketMatching(),
    codeMirror.closeBrackets(),
    codeMirror.highlightActiveLine(),
    codeMirror.json(),
    EditorState.tabSize.of(2),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of(attributes),
    // Tab is not bound: it leaves the field, as in any other.
    keymap.of([
      ...codeMirror.closeBracketsKeymap,
      ...codeMirror.defaultKeymap,
      ...codeMirror.historyKeymap,
      ...codeMirror.foldKeymap,
      ...codeMirror.lintKeymap,
    ]),
    replacementOfLines(codeMirror),
    theme(codeMirror),
  ];
}

/**
 * Text that replaces several lines is put in by CodeMirror, not by the browser: Chromium would join the lines with an
 * inline style, which the content security policy forbids and the console complains of.
 *
 * @param {CodeMirror} codeMirror
 */
function replacementOfLines({ EditorView }) {
  return EditorView.domEventHandlers({
    beforeinput(event, view) {
      const { state } = view;
      const { inputType, data, isComposing } = event;
      const [from, to] = selectionIn(view);
      const isOnOneLine = state.doc.lineAt(from).to >= to && !data?.includes("\n");
      if (inputType !== "insertText" || !data || isComposing || isOnOneLine) return false;
      const selection = { anchor: from + data.length };
      const insert = () =>
        state.update({ changes: { from, to, insert: data }, selection, userEvent: "input.type", scrollIntoView: true });
      const isHandled = state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, data, insert));
      if (!isHandled) view.dispatch(insert());
      return true;
    },
  });
}

/**
 * The selected part of the text: by Chromium's own selection, of whose last change CodeMirror may not have heard.
 *
 * @param {InstanceType<CodeMirror["EditorView"]>} view
 */
function selectionIn(view) {
  const { main } = view.state.selection;
  const selection = /** @type {{getSelection?: () => Selection | null}} */ (view.root).getSelection?.();
  const { anchorNode, focusNode } = selection ?? {};
  if (!selection || !view.contentDOM.contains(anchorNode ?? null) || !anchorNode || !focusNode)
    return [main.from, main.to];
  const [anchor, head] = [
    view.posAtDOM(anchorNode, selection.anchorOffset),
    view.posAtDOM(focusNode, selection.focusOffset),
  ];
  return [Math.min(anchor, head), Math.max(anchor, head)];
}
