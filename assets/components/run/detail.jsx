// The selected step: facts, attempts with their errors, what it read and what it gave.
import { useEffect, useRef } from "react";
import { useLive } from "../live.jsx";
import { ValueView } from "../editor/values.jsx";
import { Pill, TypeMark } from "../marks.jsx";

export function StepDetails({ run, onClose, onRerun }) {
  const detail = useLive("detail");
  const box = useRef(null);
  const opener = useRef(null);
  const path = detail?.path;
  useEffect(() => {
    if (path && !box.current?.contains(document.activeElement)) opener.current = document.activeElement;
    if (path && window.matchMedia("(max-width: 1080px)").matches) box.current?.scrollIntoView({ block: "start" });
  }, [path]);
  if (!detail) return null;
  // Who came by keyboard goes on from there.
  const close = () => {
    if (opener.current?.isConnected) opener.current.focus();
    onClose();
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape") close();
  };
  return (
    <section ref={box} className="card detail" aria-label={`Details of ${detail.name ?? path}`} data-testid="step-detail" onKeyDown={onKeyDown}>
      <header className="detail-head">
        {detail.type && <TypeMark type={detail.type} category={detail.category} />}
        <div className="detail-words">
          {detail.crumbs?.length > 0 && <p className="detail-crumbs">{detail.crumbs.join(" › ")}</p>}
          <h2>{detail.name ?? path}</h2>
        </div>
        {detail.status && <Pill state={detail.status} label={detail.label} isKept={detail.kept} testId="detail-status" />}
        <button type="button" className="icon-button" aria-label="Close details" onClick={close}>×</button>
      </header>
      {detail.problem ? <p className="detail-part faint">{detail.problem}</p> : <Parts detail={detail} run={run} onRerun={onRerun} />}
    </section>
  );
}

function Parts({ detail, run, onRerun }) {
  return (
    <>
      <dl className="detail-facts">
        {detail.facts.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}
      </dl>
      {detail.kept && <p className="detail-part faint">Not run here: its result was kept from the run before.</p>}
      {detail.error && <p className="detail-error" role="note">{detail.error}</p>}
      {(detail.attempts.length > 1 || detail.attempts.some((each) => each.error && each.again)) && <Attempts attempts={detail.attempts} />}
      <Part title={detail.given === null ? "Input" : "Given"} testId="detail-input">
        {detail.given !== null ? <Shown shown={detail.given} /> : <Reads reads={detail.reads} />}
      </Part>
      <Part title="Output" testId="detail-output">
        {detail.output ? <Shown shown={detail.output} /> : <p className="faint">{detail.status === "running" ? "Not there yet." : "None."}</p>}
        {detail.output?.note && (
          <a className="text-link" href={`/api/v1/runs/${run}/output?path=${encodeURIComponent(detail.path)}`} target="_blank" rel="noreferrer">Open the whole value</a>
        )}
      </Part>
      {(detail.canRerun || detail.pin) && (
        <div className="detail-foot">
          {detail.canRerun && <button type="button" className="button small" onClick={() => onRerun(detail.path)} data-testid="detail-rerun">Re-run from here</button>}
          {detail.pin && <a className="button small" href={detail.pin} title="What it gave here takes the place of its output in the editor, until it is unpinned" data-testid="detail-pin">Pin in the editor</a>}
        </div>
      )}
    </>
  );
}

const Part = ({ title, testId, children }) => (
  <div className="detail-part" data-testid={testId}><h3>{title}</h3>{children}</div>
);

function Shown({ shown }) {
  return (
    <div className="value" tabIndex={0} role="group" aria-label="Value">
      {shown.sections.map((section, index) => (
        <div key={index} className="value-section">
          {section.name && <div className="value-name">{section.name}</div>}
          <ValueView value={section.value} preferred={shown.plain ? "text" : undefined} />
        </div>
      ))}
      {shown.note && <p className="note">{shown.note}</p>}
    </div>
  );
}

function Reads({ reads }) {
  if (reads === null) return <p className="faint">This kind of step is not known here any more, so what it read cannot be told.</p>;
  if (reads.length === 0) return <p className="faint">It reads nothing: no expression in its settings.</p>;
  return (
    <dl className="reads">
      {reads.map((read) => (
        <div key={read.name}>
          <dt><code>{read.name}</code></dt>
          <dd>{read.missing ? <span className="faint">{read.missing}</span> : <Shown shown={{ ...read.shown, plain: true }} />}</dd>
        </div>
      ))}
    </dl>
  );
}

const Attempts = ({ attempts }) => (
  <div className="detail-part" data-testid="detail-attempts">
    <h3>Attempts</h3>
    <ol className="attempts">
      {attempts.map((each, index) => (
        <li key={index} data-state={each.status}>
          <span className="attempt-number">{each.number}</span>
          <span className="attempt-words">
            <span className="attempt-line">{each.label}<span className="faint">{[each.at, each.took, each.again].filter(Boolean).join(" · ")}</span></span>
            {each.error && <span className="attempt-error">{each.error}</span>}
          </span>
        </li>
      ))}
    </ol>
  </div>
);
