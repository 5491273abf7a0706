// Marks in the editor: a line under each fault, a sign beside its line, its words under the pointer.

/** @typedef {typeof import("../../codemirror.js")} CodeMirror */
/** @typedef {import("./faults.js").Mark} Mark */

/**
 * @param {CodeMirror} codeMirror
 * @param {InstanceType<CodeMirror["EditorView"]>} view
 * @param {Mark[]} marks of the text that the view holds.
 * @param {(edits: import("./spec_field.js").Edit[]) => void} apply
 */
export function showMarks({ setDiagnostics }, view, marks, apply) {
  const diagnostics = marks.map((mark) => ({
    from: mark.from,
    to: mark.to,
    severity: /** @type {const} */ ("error"),
    message: `expected ${mark.expected}${mark.received && `; received ${mark.received}`}`,
    actions: mark.fixes.map(({ title, edits }) => ({ name: title, apply: () => apply(edits) })),
  }));
  view.dispatch(setDiagnostics(view.state, diagnostics));
}
