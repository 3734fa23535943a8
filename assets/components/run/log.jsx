// What happened, line by line. The server appends lines of JSON to one growing text.
import { useEffect, useMemo, useRef, useState } from "react";
import { LogLine, useLive } from "../live.jsx";

// As it grows; whoever asks for its beginning gets that, too.
const MOST = 2_000;
const MOST_ASKED = 20_000;

function parse(text, kept, most) {
  const lines = text.startsWith(kept.text) ? kept.lines : [];
  const rest = text.slice(lines.length ? kept.text.length : 0);
  const more = rest.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return { text, lines: more.length ? [...lines, ...more].slice(-most) : lines };
}

export function RunLog({ selected, onEarlier }) {
  const text = useLive("log") ?? "";
  const hasEarlier = useLive("log-earlier");
  const kept = useRef({ text: "", lines: [] });
  const box = useRef(null);
  const [isOnly, setOnly] = useState(false);
  const [query, setQuery] = useState("");
  const [most, setMost] = useState(MOST);
  const lines = useMemo(() => (kept.current = parse(text, kept.current, most)).lines, [text]);
  const shown = lines.filter((line) =>
    (!isOnly || !selected || line.path === selected || line.path.startsWith(`${selected}/`))
    && (!query || `${line.path} ${line.text}`.toLowerCase().includes(query.toLowerCase())));
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [shown.length]);
  const onScroll = ({ target }) => {
    isAtEnd.current = target.scrollTop + target.clientHeight >= target.scrollHeight - 24;
  };
  return (
    <section className="card log-panel" data-testid="run-log">
      <header className="log-head">
        <h2>Log</h2>
        <span className="meta">Times are UTC</span>
        {selected && (
          <label className="log-only"><input type="checkbox" checked={isOnly} onChange={(event) => setOnly(event.target.checked)} /> Only {selected}</label>
        )}
        <input type="search" className="input" placeholder="Find in the log" aria-label="Find in the log" value={query} onChange={(event) => setQuery(event.target.value)} />
      </header>
      <div className="log-lines" ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-label="Log" aria-live="off">
        {hasEarlier && <button type="button" className="text-link" onClick={() => { setMost(MOST_ASKED); onEarlier(); }}>Show earlier lines</button>}
        {shown.map((line, index) => (
          <LogLine key={index} line={line} />
        ))}
        {shown.length === 0 && <p className="faint">{lines.length ? "No line fits." : "Nothing has happened yet."}</p>}
      </div>
    </section>
  );
}
