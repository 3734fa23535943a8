// Shows any JSON value in the way that suits it, and lets people choose another that fits.
//
// ValueView({value, name, preferred}): `name` is what an expression calls it, for copied paths;
// `preferred` is one of the kinds of value-kinds.js, taken where it fits.
import { Suspense, lazy, useId, useMemo, useState } from "react";
import { Copy } from "lucide-react";
import { copy } from "../copy.js";
import { ValueTable } from "./value-table.jsx";
import { ValueTree } from "./value-tree.jsx";
import { LABELS, pictureOf, undrawn, viewsOf } from "./value-kinds.js";

// Each comes by itself, when the first value needs it.
const Markdown = lazy(() => import("../prose.jsx"));
const Plot = lazy(() => import("./plot.jsx"));

// Markdown; plain text until what draws it has come.
export const Prose = ({ text }) => (
  <Suspense fallback={<div className="plain">{text}</div>}><Markdown text={text} /></Suspense>
);

const FOLDED = 1_500;
const FOLDED_LINES = 24;
const MOST_MARKDOWN = 100_000;

function fold(text) {
  const lines = text.split("\n", FOLDED_LINES + 1);
  const head = lines.length > FOLDED_LINES ? lines.slice(0, FOLDED_LINES).join("\n") : text;
  return head.length > FOLDED ? head.slice(0, FOLDED) : head;
}

function Text({ value, asMarkdown }) {
  const [isOpen, open] = useState(false);
  const head = fold(value);
  const shown = isOpen ? value : head.length < value.length ? `${head.trimEnd()}…` : value;
  return (
    <>
      {asMarkdown && shown.length <= MOST_MARKDOWN
        ? <Prose text={shown} />
        : <div className="plain">{shown}</div>}
      {head.length < value.length && (
        <button type="button" className="text-link value-more" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
          {isOpen ? "Show less" : `Show all ${value.length.toLocaleString("en")} characters`}
        </button>
      )}
    </>
  );
}

function Leaf({ value }) {
  if (value === undefined || value === null) return <span className="json-null">nothing</span>;
  if (value === "") return <span className="json-null">empty text</span>;
  return <span className={`json-${typeof value} value-leaf`}>{typeof value === "number" ? String(value) : value ? "true" : "false"}</span>;
}

// What an AI node gave: its JSON where it gave some, and its text otherwise.
function Answer({ value, name }) {
  return value.json !== undefined && value.json !== null
    ? <ValueView value={value.json} name={name ? `${name}.json` : undefined} />
    : <Text value={value.text || "(an empty answer)"} asMarkdown />;
}

function Picture({ value }) {
  const [hasFailed, fail] = useState(false);
  if (hasFailed) return <p className="note">This begins as a picture does, but is none that can be shown.</p>;
  return <img className="value-picture" src={pictureOf(value)} alt="Output" onError={() => fail(true)} />;
}

const Figure = ({ value }) => {
  const missing = undrawn(value);
  return (
    <>
      <Suspense fallback={<div className="value-plot bone" />}><Plot figure={value} /></Suspense>
      {missing.length > 0 && <p className="note">Not drawn: {missing.join(", ")}. Scatter, line, bar and pie are.</p>}
    </>
  );
};

const VIEWS = {
  answer: Answer, markdown: ({ value }) => <Text value={value} asMarkdown />, text: ({ value }) => <Text value={value} />,
  table: ValueTable, tree: ValueTree, picture: Picture, plot: Figure, leaf: Leaf,
};

export function ValueView({ value, name, preferred }) {
  const id = useId();
  const views = useMemo(() => viewsOf(value), [value]);
  const [chosen, choose] = useState(null);
  const [said, say] = useState("");
  const view = views.find((each) => each.kind === (chosen ?? preferred)) ?? views[0];
  const Shown = VIEWS[view.kind];
  const copyAll = async () => say((await copy(typeof value === "string" ? value : JSON.stringify(value, null, 2))) ? "Copied." : "Copying was refused.");
  const isLeaf = view.kind === "leaf";
  return (
    <div className="value-view" data-kind={view.kind}>
      {!isLeaf && (
        <div className="value-tools">
          {views.length > 1 && (
            <div className="field-segments" role="radiogroup" aria-label="Show as">
              {views.map((each) => (
                <label key={each.kind}>
                  <input type="radio" name={id} value={each.kind} checked={each.kind === view.kind} onChange={() => choose(each.kind)} />
                  <span>{LABELS[each.kind]}</span>
                </label>
              ))}
            </div>
          )}
          <button type="button" className="field-tool" aria-label="Copy the whole value" title="Copy" onClick={copyAll}><Copy size={13} aria-hidden="true" /></button>
          <span className="unseen" role="status">{said}</span>
        </div>
      )}
      <Shown value={view.value} name={name} />
    </div>
  );
}
