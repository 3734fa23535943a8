// A value as a tree of JSON. Branches are drawn when they are opened, long ones a piece at a time.
import { useMemo, useState } from "react";
import { ChevronRight, Copy, Search, X } from "lucide-react";
import { copy } from "../copy.js";
import { pathText, searchIn } from "./value-kinds.js";

const PIECE = 100;
const OPEN_DEPTH = 2;
const OPEN_SIZE = 20;
const LONG = 400;

const entriesOf = (value) => (Array.isArray(value) ? value.map((part, index) => [index, part]) : Object.entries(value));
const sizeOf = (value) => (Array.isArray(value) ? `${value.length.toLocaleString("en")} ${value.length === 1 ? "item" : "items"}` : `${Object.keys(value).length} ${Object.keys(value).length === 1 ? "key" : "keys"}`);

function Leaf({ value }) {
  const [isOpen, open] = useState(false);
  const kind = value === null ? "null" : typeof value;
  if (kind === "object") return <span className="json-size">{sizeOf(value)}</span>;
  const text = String(value);
  if (kind !== "string" || text.length <= LONG) return <span className={`json-${kind}`}>{text === "" ? "“”" : text}</span>;
  return (
    <span className="json-string">
      {isOpen ? text : `${text.slice(0, LONG)}…`}{" "}
      <button type="button" className="text-link value-more" onClick={() => open(!isOpen)}>{isOpen ? "less" : `all ${text.length.toLocaleString("en")} characters`}</button>
    </span>
  );
}

function Key({ root, keys, onCopy }) {
  const path = pathText(root, keys);
  return <button type="button" className="json-key" title={`Copy ${path}`} aria-label={`Copy the path ${path}`} onClick={() => onCopy(path, "Path")}>{String(keys.at(-1))}</button>;
}

const CopyValue = ({ root, keys, value, onCopy }) => (
  <button type="button" className="field-tool json-copy" title="Copy the value" aria-label={`Copy the value of ${pathText(root, keys)}`} onClick={() => onCopy(typeof value === "string" ? value : JSON.stringify(value, null, 2), "Value")}>
    <Copy size={12} aria-hidden="true" />
  </button>
);

function Branch({ value, root, keys, onCopy }) {
  const [isOpen, open] = useState(() => keys.length < OPEN_DEPTH && (Array.isArray(value) ? value.length : Object.keys(value).length) <= OPEN_SIZE);
  const turn = () => open(!isOpen);
  return (
    <div className="json-fold">
      <div className="json-row">
        <button type="button" className="json-open" aria-expanded={isOpen} aria-label={`${keys.at(-1)}, ${sizeOf(value)}`} onClick={turn}><ChevronRight size={12} aria-hidden="true" /></button>
        <Key {...{ root, keys, onCopy }} />
        <span className="json-size" onClick={turn}>{sizeOf(value)}</span>
        <CopyValue {...{ root, keys, value, onCopy }} />
      </div>
      {isOpen && <div className="json-below"><Entries {...{ value, root, keys, onCopy }} /></div>}
    </div>
  );
}

function Entries({ value, root, keys, onCopy }) {
  const [shown, show] = useState(PIECE);
  const entries = useMemo(() => entriesOf(value), [value]);
  return (
    <>
      {entries.slice(0, shown).map(([key, part]) => {
        const here = [...keys, key];
        return part !== null && typeof part === "object" && Object.keys(part).length > 0 ? (
          <Branch key={key} value={part} root={root} keys={here} onCopy={onCopy} />
        ) : (
          <div key={key} className="json-row"><Key root={root} keys={here} onCopy={onCopy} /><Leaf value={part} /><CopyValue root={root} keys={here} value={part} onCopy={onCopy} /></div>
        );
      })}
      {entries.length > shown && (
        <button type="button" className="text-link value-more" onClick={() => show(shown + PIECE)}>
          Show {Math.min(PIECE, entries.length - shown)} more of {entries.length.toLocaleString("en")}
        </button>
      )}
    </>
  );
}

export function ValueTree({ value, name }) {
  const [query, setQuery] = useState(null);
  const [said, say] = useState("");
  const found = useMemo(() => (query?.trim() ? searchIn(value, query.trim()) : null), [value, query]);
  const onCopy = async (text, what) => say((await copy(text)) ? `${what} copied.` : "Copying was refused.");
  const isBig = JSON.stringify(Object.keys(value)).length > 200 || Object.values(value).some((part) => part !== null && typeof part === "object");
  return (
    <div className="json">
      {isBig && (
        <div className="json-search">
          {query === null ? (
            <button type="button" className="field-tool" aria-label="Search in this value" title="Search" onClick={() => setQuery("")}><Search size={13} aria-hidden="true" /></button>
          ) : (
            <>
              <input autoFocus className="input" value={query} aria-label="Search keys and values" placeholder="Search keys and values" onChange={(event) => setQuery(event.target.value)} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), setQuery(null))} />
              <button type="button" className="field-tool" aria-label="End the search" onClick={() => setQuery(null)}><X size={13} aria-hidden="true" /></button>
            </>
          )}
        </div>
      )}
      {found ? (
        <>
          {found.found.map(({ keys, value: part }) => (
            <div key={keys.join("\0")} className="json-row json-found"><button type="button" className="json-key" title="Copy the path" onClick={() => onCopy(pathText(name, keys), "Path")}>{pathText(name, keys)}</button><Leaf value={part} /></div>
          ))}
          <p className="note" role="status">{found.found.length === 0 ? "Nothing holds that." : `${found.found.length}${found.isAll ? "" : " or more"} found.`}</p>
        </>
      ) : Object.keys(value).length === 0 ? (
        <span className="json-null">{Array.isArray(value) ? "empty list" : "empty object"}</span>
      ) : (
        <Entries value={value} root={name} keys={NONE} onCopy={onCopy} />
      )}
      <span className="unseen" role="status">{said}</span>
    </div>
  );
}
const NONE = [];
