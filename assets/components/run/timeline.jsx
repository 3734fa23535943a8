// Bars by step over time. The server sends the rows that are to be seen, each under its own key, so
// that a change redraws one row; while the run goes on, open bars grow by the browser's own clock.
import { useEffect, useRef, useState } from "react";
import { longDuration, useLive } from "../live.jsx";
import { TypeMark } from "../marks.jsx";
import { markWord, ticks } from "./ticks.js";

const MORE = 25;

function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : longDuration(seconds);
}

// Milliseconds since the run began, by the server's clock as it was when the head came.
function useNow(head) {
  const [now, setNow] = useState(0);
  useEffect(() => {
    if (!head) return undefined;
    const came = performance.now();
    const read = () => setNow(head.now + performance.now() - came);
    read();
    if (!head.live) return undefined;
    const timer = setInterval(read, 200);
    return () => clearInterval(timer);
  }, [head]);
  return now;
}

export function RunTimeline({ selected, onSelect, onOpen }) {
  const head = useLive("timeline");
  const now = useNow(head);
  const tree = useRef(null);
  const [focused, setFocused] = useState(null);
  if (!head) return null;
  const { order } = head;
  if (order.length === 0) return <p className="timeline-none">No step has begun yet.</p>;
  const total = Math.max(head.live ? Math.max(now, head.end) : head.end, 1);
  const current = order.includes(focused) ? focused : order.includes(selected) ? selected : order[0];

  const focus = (key) => {
    setFocused(key);
    tree.current?.querySelector(`[data-row="${CSS.escape(key)}"]`)?.focus();
  };
  const onKeyDown = (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = order.indexOf(row.dataset.row);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: order.length - 1 }[event.key];
    const isOpen = row.getAttribute("aria-expanded");
    if (to !== undefined) {
      if (order[to]) focus(order[to]);
    } else if (event.key === "ArrowRight" && isOpen === "false") onOpen(row.dataset.row, MORE);
    else if (event.key === "ArrowLeft" && isOpen === "true") onOpen(row.dataset.row, 0);
    else if (event.key === "ArrowLeft") {
      const outside = order.slice(0, at).reverse().find((key) => row.dataset.row.startsWith(`${key}/`));
      if (outside) focus(outside);
    } else if (event.key === "Enter" || event.key === " ") row.click();
    else return;
    event.preventDefault();
  };

  return (
    <div className="timeline" data-testid="timeline">
      <div className="timeline-axis" aria-hidden="true">
        <span />
        <div className="timeline-track">
          {ticks(total).map((at) => (
            <span key={at} className="axis-mark" style={{ left: `${(100 * at) / total}%` }}>{markWord(at)}</span>
          ))}
        </div>
        <span />
      </div>
      <ul role="tree" aria-label="Steps over time" ref={tree} onKeyDown={onKeyDown}>
        {order.map((key) => (
          <Row
            key={key} name={key} total={total} now={now} isCurrent={key === current} isSelected={key === selected}
            onSelect={onSelect} onOpen={onOpen} onFocus={() => setFocused(key)}
          />
        ))}
      </ul>
    </div>
  );
}

function Row({ name, total, now, isCurrent, isSelected, onSelect, onOpen, onFocus }) {
  const row = useLive(`bar:${name}`);
  if (!row) return null;
  const level = { "aria-level": row.depth + 1, tabIndex: isCurrent ? 0 : -1, "data-row": name, onFocus };
  const indent = { "--depth": row.depth };
  if (row.kind === "more") {
    return (
      <li role="treeitem" {...level} className="timeline-row more" style={indent} onClick={() => onOpen(row.path, row.shownNow + MORE)}>
        <span className="timeline-name">Show {Math.min(MORE, row.left).toLocaleString()} more of {row.left.toLocaleString()}</span>
      </li>
    );
  }
  const inside = row.inside > 0;
  const last = row.spans.at(-1);
  const isUnderway = last && last[1] === null;
  const start = row.spans.length ? Math.max(0, row.spans[0][0]) : undefined;
  const took = row.took || (isUnderway ? duration(Math.max(0, now - start)) : "");
  const words = [
    row.name, row.label, took && `took ${took}`, start !== undefined && `began after ${duration(start)}`,
    row.attempts > 1 && `${row.attempts} attempts`, row.tokens, row.cost, row.error,
  ].filter(Boolean).join(", ");
  const toggle = (event) => {
    event.stopPropagation();
    onOpen(row.path, row.open ? 0 : MORE);
  };
  return (
    <li
      role="treeitem" {...level} aria-expanded={inside ? row.open : undefined} aria-selected={isSelected} aria-label={words}
      className="timeline-row" data-state={row.status} data-kept={row.kept || undefined} data-kind={row.kind} style={indent}
      data-testid={`timeline-${row.path}`} onClick={() => onSelect(row.path)}
    >
      <span className="timeline-name">
        <span className="timeline-toggle" data-open={row.open} data-testid={inside ? `timeline-${row.path}-toggle` : undefined} onClick={inside ? toggle : undefined}>
          {inside && <Chevron />}
        </span>
        {row.kind === "step" && <TypeMark type={row.type} category={row.category} size={13} />}
        <span className="timeline-word">{row.name}</span>
        {inside && !row.open && <span className="timeline-inside">{row.insideWord}</span>}
      </span>
      <span className="timeline-track">
        {row.spans.map(([from, to, kind], index) => (
          <span
            key={index} className="bar-span" data-kind={kind} data-open={to === null || undefined}
            style={spanStyle(from, to ?? Math.max(now, from), total)}
          />
        ))}
        {row.spans.length === 0 && <span className="bar-none">{row.label}</span>}
      </span>
      <span className="timeline-numbers">
        {row.attempts > 1 && <span className="tries">{row.attempts}×</span>}
        {row.kept && <span className="kept-word">kept</span>}
        <span className="tokens">{row.tokens}</span>
        <span className="cost">{row.cost}</span>
        <span className="took">{took}</span>
      </span>
      {start !== undefined && (
        <span className="timeline-tip" aria-hidden="true">
          <b>{row.name}</b> {row.label.toLowerCase()}
          <br />{duration(start)} → {isUnderway ? "now" : duration(last[1])}{took && ` · ${took}`}
          {row.spans.filter(([, , kind]) => kind === "failed").length > 0 && row.attempts > 1 && <><br />{row.attempts} attempts</>}
          {row.error && <><br /><em>{row.error.slice(0, 140)}</em></>}
        </span>
      )}
    </li>
  );
}

const Chevron = () => (
  <svg aria-hidden="true" width="12" height="12" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" strokeLinejoin="round"><path d="m9 18 6-6-6-6" /></svg>
);

// What began before this run, such as a step that is kept of an earlier one, is drawn from its beginning.
function spanStyle(from, to, total) {
  const left = Math.max(0, from);
  return { left: `${(100 * left) / total}%`, width: `${(100 * Math.max(0, to - left)) / total}%` };
}
