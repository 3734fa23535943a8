// The log of the editor's run, as it grows; loaded when somebody opens it.
import { useEffect, useRef, useState } from "react";
import { LogLine } from "../live.jsx";
import { EVENTS, lineOf } from "./log-lines.js";
import { Unread } from "./unread.jsx";

const MOST = 1000;

// Follows a run from its first event to its end. The connection is opened anew by the browser, and by this
// when the session's short half had run out.
function useLines(id) {
  const [lines, setLines] = useState([]);
  const [problem, setProblem] = useState("");
  const [tries, setTries] = useState(0);
  const last = useRef(0);
  useEffect(() => {
    if (!id) return undefined;
    const source = new EventSource(`/api/v1/runs/${encodeURIComponent(id)}/events?after=${last.current}`);
    let waiting = [];
    let frame = 0;
    const show = () => {
      frame = 0;
      const more = waiting;
      waiting = [];
      setLines((before) => [...before, ...more].slice(-MOST));
    };
    const onEvent = ({ data, lastEventId }) => {
      last.current = Number(lastEventId) || last.current;
      const line = lineOf(JSON.parse(data));
      if (!line) return;
      waiting.push(line);
      frame ||= requestAnimationFrame(show);
    };
    for (const name of EVENTS) source.addEventListener(name, onEvent);
    source.addEventListener("end", () => source.close());
    source.addEventListener("open", () => setProblem(""));
    source.addEventListener("error", async ({ data }) => {
      if (data) source.close();
      if (source.readyState !== EventSource.CLOSED) return;
      if (!data && tries === 0 && (await window.flowstudio.refresh()) === "kept") setTries(1);
      else setProblem(data ? JSON.parse(data).detail : "The server does not answer.");
    });
    return () => {
      source.close();
      cancelAnimationFrame(frame);
      if (waiting.length) show();
    };
  }, [id, tries]);
  return { lines, problem, onAgain: () => setTries(tries + 1) };
}

export default function RunLog({ run }) {
  const { lines, problem, onAgain } = useLines(run?.run_id);
  const box = useRef(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  if (!run) return <div className="drawer-body faint">Press Run, or run one cell: what its steps say shows here.</div>;
  return (
    <div className="drawer-body drawer-log" ref={box} role="log" aria-label="Log" aria-live="off" tabIndex={0} data-testid="drawer-log"
      onScroll={({ target }) => { isAtEnd.current = target.scrollTop + target.clientHeight >= target.scrollHeight - 24; }}>
      {problem && <Unread what="The log" problem={problem} onAgain={onAgain} />}
      {!lines.length && !problem && <p className="faint">Nothing has happened yet.</p>}
      {lines.map((line, index) => (
        <LogLine key={index} line={line} />
      ))}
    </div>
  );
}
