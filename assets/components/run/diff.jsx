// Lines that differ between two values, with a few around them.
import { useLive } from "../live.jsx";

const SIGNS = { added: "+", removed: "−", same: "", gap: "⋯" };
const WORDS = { added: "added: ", removed: "removed: " };

export function DiffLines({ name, label }) {
  const lines = useLive(name);
  if (lines === undefined) return <p className="faint">One moment…</p>;
  if (lines.length === 0) return <p className="compare-same">The same.</p>;
  return (
    <div className="diff" tabIndex={0} role="group" aria-label={label}>
      {lines.map((line, index) => (
        <div key={index} className="diff-line" data-kind={line.kind}>
          <span className="diff-sign" aria-hidden="true">{SIGNS[line.kind]}</span>
          <span className="diff-text">
            {WORDS[line.kind] && <span className="unseen">{WORDS[line.kind]}</span>}
            {line.text || " "}
          </span>
        </div>
      ))}
    </div>
  );
}
