// Shows any JSON value: text as markdown, a list of objects as a table, the rest as a tree.
import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { useLive } from "./live.jsx";

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isTable = (value) =>
  Array.isArray(value) && value.length > 0 && value.every(isObject) && columns(value).length <= 8;
const columns = (rows) => [...new Set(rows.flatMap(Object.keys))];

// Pictures are left out: fetching one would tell its host what the model wrote.
export const Prose = ({ text }) => (
  <div className="prose">
    <Markdown remarkPlugins={[remarkGfm]} disallowedElements={["img"]}>{text}</Markdown>
  </div>
);

function Leaf({ value }) {
  const kind = value === null ? "null" : typeof value;
  return <span className={`json-${kind}`}>{kind === "string" ? value : String(value)}</span>;
}

function Tree({ name, value, depth = 0 }) {
  const key = name === undefined ? null : <span className="json-key">{name}</span>;
  if (value === null || typeof value !== "object") {
    return <div className="json-row">{key}<Leaf value={value} /></div>;
  }
  const entries = Object.entries(value);
  const size = Array.isArray(value) ? `${entries.length} items` : `${entries.length} keys`;
  if (depth === 0) return <div className="json">{entries.map(([k, v]) => <Tree key={k} name={k} value={v} depth={1} />)}</div>;
  return (
    <details className="json-branch" open={depth < 3 && entries.length <= 20}>
      <summary>{key}<span className="json-size">{size}</span></summary>
      {entries.map(([k, v]) => <Tree key={k} name={k} value={v} depth={depth + 1} />)}
    </details>
  );
}

function Table({ rows }) {
  const names = columns(rows);
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="Table">
      <table className="values">
        <thead><tr><th scope="col">#</th>{names.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              <td className="index">{index + 1}</td>
              {names.map((name) => (
                <td key={name}>{row[name] === undefined ? "" : <Cell value={row[name]} />}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Cell = ({ value }) =>
  value !== null && typeof value === "object" ? <code>{JSON.stringify(value)}</code> : <Leaf value={value} />;

export function Value({ value, plain }) {
  if (value === undefined || value === null) return <span className="json-null">nothing</span>;
  if (typeof value === "string") return value === "" ? <span className="json-null">empty text</span> : plain ? <div className="plain">{value}</div> : <Prose text={value} />;
  if (isTable(value)) return <Table rows={value} />;
  if (typeof value !== "object") return <Leaf value={value} />;
  return <Tree value={value} />;
}

// `name` is a key of the live store; its value is {sections, note, plain}; plain text is no markdown.
export function LiveValue({ name }) {
  const shown = useLive(name);
  if (shown === undefined) return null;
  return (
    <div className="value">
      {shown.sections.map((section, index) => (
        <div key={index} className="value-section">
          {section.name && <div className="value-name">{section.name}</div>}
          <Value value={section.value} plain={shown.plain} />
        </div>
      ))}
      {shown.note && <p className="note">{shown.note}</p>}
    </div>
  );
}
