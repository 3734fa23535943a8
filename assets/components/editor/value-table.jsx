// A list of objects as a table, sorted and in pages: only one page of it is ever in the document.
import { useMemo, useState } from "react";
import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight } from "lucide-react";
import { columnsOf, sortedBy } from "./value-kinds.js";

const PAGE = 20;
const LONG = 160;

function Cell({ value }) {
  if (value === undefined) return null;
  if (value === null) return <span className="json-null">null</span>;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const shown = typeof value === "object" ? <code>{text.slice(0, LONG)}</code> : text.slice(0, LONG);
  if (text.length <= LONG) return shown;
  return (
    <details className="value-cell">
      <summary>{shown}…</summary>
      {typeof value === "object" ? <code>{text}</code> : text}
    </details>
  );
}

export function ValueTable({ value: rows }) {
  const names = useMemo(() => columnsOf(rows), [rows]);
  const numeric = useMemo(() => new Set(names.filter((name) => rows.slice(0, 50).every((row) => row[name] === undefined || row[name] === null || typeof row[name] === "number"))), [rows, names]);
  const [sort, setSort] = useState(null);
  const [page, setPage] = useState(0);
  const ordered = useMemo(() => (sort ? sortedBy(rows, sort.name, sort.isDescending) : rows), [rows, sort]);
  const last = Math.max(0, Math.ceil(rows.length / PAGE) - 1);
  const at = Math.min(page, last);
  const shown = ordered.slice(at * PAGE, (at + 1) * PAGE);

  // Up, down, and back to how it came.
  const turn = (name) => {
    setSort(sort?.name !== name ? { name, isDescending: false } : sort.isDescending ? null : { name, isDescending: true });
    setPage(0);
  };
  return (
    <>
      <div className="scroll" tabIndex={0} role="group" aria-label="Table">
        <table className="values">
          <thead>
            <tr>
              <th scope="col" className="index">#</th>
              {names.map((name) => {
                const isSorted = sort?.name === name;
                const Icon = isSorted && sort.isDescending ? ArrowDown : ArrowUp;
                return (
                  <th key={name} scope="col" aria-sort={isSorted ? (sort.isDescending ? "descending" : "ascending") : undefined} data-number={numeric.has(name) || undefined}>
                    <button type="button" className="value-sort" onClick={() => turn(name)}>{name}{isSorted && <Icon size={12} aria-hidden="true" />}</button>
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, index) => (
              <tr key={at * PAGE + index}>
                <td className="index">{at * PAGE + index + 1}</td>
                {names.map((name) => <td key={name} data-number={numeric.has(name) || undefined}><Cell value={row?.[name]} /></td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {last > 0 && (
        <div className="value-pages" role="group" aria-label="Pages">
          <button type="button" className="field-tool" aria-label="Page before" disabled={at === 0} onClick={() => setPage(at - 1)}><ChevronLeft size={14} aria-hidden="true" /></button>
          <span aria-live="polite">{(at * PAGE + 1).toLocaleString("en")} to {Math.min((at + 1) * PAGE, rows.length).toLocaleString("en")} of {rows.length.toLocaleString("en")}</span>
          <button type="button" className="field-tool" aria-label="Next page" disabled={at === last} onClick={() => setPage(at + 1)}><ChevronRight size={14} aria-hidden="true" /></button>
        </div>
      )}
    </>
  );
}
