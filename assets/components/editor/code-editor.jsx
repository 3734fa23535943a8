// CodeMirror, put together from no more than is needed; loaded by code.jsx.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, pickedCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { Annotation, Compartment, EditorState, Transaction } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder as placeholding } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { useEffect, useLayoutEffect, useRef } from "react";
import { markup, placesOf } from "./code-marks.js";
import { complete, expressionBefore } from "./code-names.js";
import { leastChange } from "./least-change.js";

const FromOutside = Annotation.define();

const LANGUAGES = {
  template: () => markup("template"),
  markdown: () => markup("markdown"),
  expression: () => markup("expression"),
  python: () => [python(), indentUnit.of("    "), indentOnInput(), bracketMatching(), lineNumbers(), keymap.of([indentWithTab])],
  json: () => [json(), indentUnit.of("  "), indentOnInput(), bracketMatching()],
};

// Puts in a key that cannot follow a dot, in the dot's place.
const instead = (insert) => (view, option, from, to) =>
  view.dispatch({ changes: { from: from - 1, to, insert }, selection: { anchor: from - 1 + insert.length }, userEvent: "input.complete", annotations: pickedCompletion.of(option) });

function completion(props) {
  return (context) => {
    const { language, context: around } = props.current;
    if (language === "json") return null;
    const start = Math.max(0, context.pos - 4_000);
    const before = expressionBefore(context.state.sliceDoc(start, context.pos), language);
    if (before === null) return null;
    const found = complete(before, around?.names ?? []);
    if (!found) return null;
    // A dot, or a space after the braces, is where people expect to be told what there is.
    const isAsked = context.explicit || found.from < before.length || before.endsWith(".") || before.trim() === "";
    if (!isAsked) return null;
    const options = found.options.map(({ insert, ...option }) => (insert ? { ...option, apply: instead(insert) } : option));
    return { from: context.pos - (before.length - found.from), options, validFor: found.isBracketed ? /^\[['"]?[\w ]*$/ : /^\w*$/ };
  };
}

const run = (props) => () => {
  props.current.onRun?.();
  return Boolean(props.current.onRun);
};

function attributes({ label, testId, describedBy, problems, disabled }) {
  return {
    "aria-label": label ?? "Code",
    "data-testid": testId ?? "",
    "aria-invalid": String((problems ?? []).length > 0),
    "aria-readonly": String(Boolean(disabled)),
    ...(describedBy && { "aria-describedby": describedBy }),
    spellcheck: "false",
    autocapitalize: "none",
  };
}

function extensions(props, parts) {
  const { language, placeholder, disabled } = props.current;
  return [
    keymap.of([
      // The page's own key: all of it runs.
      { key: "Mod-Enter", run: () => true },
      { key: "Shift-Enter", run: run(props), stopPropagation: true },
      ...closeBracketsKeymap, ...completionKeymap, ...defaultKeymap, ...historyKeymap,
    ]),
    history(),
    closeBrackets(),
    autocompletion({ override: [completion(props)], icons: false, activateOnTypingDelay: 30 }),
    syntaxHighlighting(classHighlighter),
    EditorView.lineWrapping,
    parts.language.of(LANGUAGES[language]()),
    parts.attributes.of(EditorView.contentAttributes.of(attributes(props.current))),
    parts.writable.of([EditorState.readOnly.of(Boolean(disabled)), EditorView.editable.of(true)]),
    placeholder ? placeholding(placeholder) : [],
    EditorView.updateListener.of((update) => {
      if (!update.docChanged || update.transactions.some((each) => each.annotation(FromOutside))) return;
      const text = update.state.doc.toString();
      props.current.sent.push(text);
      props.current.onChange(text);
    }),
  ];
}

export default function Editor(given) {
  const { value, language, disabled, problems, label, testId, describedBy, selection } = given;
  const box = useRef(null);
  const view = useRef(null);
  const parts = useRef({ language: new Compartment(), attributes: new Compartment(), writable: new Compartment() });
  const props = useRef({ ...given, sent: [] });
  useEffect(() => {
    props.current = { ...given, sent: props.current.sent };
  });

  // In the same moment in which the plain box goes: a key that is pressed between them would be lost.
  useLayoutEffect(() => {
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: value, extensions: extensions(props, parts.current),
        selection: selection ? { anchor: Math.min(selection[0], value.length), head: Math.min(selection[1], value.length) } : undefined,
      }),
    });
    view.current = made;
    if (selection) made.focus();
    return () => made.destroy();
  }, []);

  // What somebody else wrote; what comes back from here is known by `sent`.
  useEffect(() => {
    const text = view.current.state.doc.toString();
    const echo = props.current.sent.indexOf(value);
    if (echo >= 0) props.current.sent.splice(0, echo + 1);
    if (echo >= 0 || value === text) return;
    props.current.sent.length = 0;
    // Ctrl Z takes back what was written here, not there.
    view.current.dispatch({ changes: leastChange(text, value), annotations: [FromOutside.of(true), Transaction.addToHistory.of(false)] });
  }, [value]);

  useEffect(() => {
    view.current.dispatch({ effects: parts.current.language.reconfigure(LANGUAGES[language]()) });
  }, [language]);
  useEffect(() => {
    view.current.dispatch({ effects: parts.current.writable.reconfigure([EditorState.readOnly.of(Boolean(disabled)), EditorView.editable.of(true)]) });
  }, [disabled]);
  useEffect(() => {
    view.current.dispatch({ effects: parts.current.attributes.reconfigure(EditorView.contentAttributes.of(attributes(given))) });
  }, [label, testId, describedBy, disabled, (problems ?? []).length]);
  const said = JSON.stringify((problems ?? []).map((problem) => problem.message));
  useEffect(() => {
    const state = view.current.state;
    const text = state.doc.toString();
    const found = JSON.parse(said).flatMap((message) => placesOf(text, language, message).map(([from, to]) => ({ from, to, severity: "error", message })));
    view.current.dispatch(setDiagnostics(state, found));
  }, [said, language]);

  return <div className="code-editor" ref={box} />;
}
