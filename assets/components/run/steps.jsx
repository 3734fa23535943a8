// A card for each node: its state, its numbers, and what it gave last or is writing now.
import { Elapsed, LiveText, useLive } from "../live.jsx";
import { LiveValue } from "../value.jsx";
import { Pill, TypeMark } from "../marks.jsx";

export function RunSteps({ selected, onSelect, onMore }) {
  const steps = useLive("steps");
  if (!steps) return null;
  return (
    <>
      <ol className="steps">
        {steps.names.map((name) => <Step key={name} name={name} selected={selected} onSelect={onSelect} />)}
      </ol>
      {steps.left > 0 && (
        <button type="button" className="button spaced" onClick={() => onMore()}>
          Show more steps ({steps.left.toLocaleString()} left)
        </button>
      )}
    </>
  );
}

function Step({ name, selected, onSelect }) {
  const step = useLive(`step:${name}`);
  if (!step) return null;
  const numbers = [step.times, step.attempts, step.model, step.tokens, step.saved, step.cost].filter(Boolean);
  return (
    <li
      className="card step" style={{ "--depth": step.depth }} data-state={step.status} data-type={step.type}
      data-selected={(step.path && step.path === selected) || undefined}
    >
      <div className="step-head">
        <TypeMark type={step.type} category={step.category} />
        {step.path ? (
          <button type="button" className="step-name" onClick={() => onSelect(step.path)} aria-label={`Details of ${name}`}>{name}</button>
        ) : <span className="step-name">{name}</span>}
        <span className="step-title">{step.title}</span>
        <span className="step-numbers">
          {numbers.map((text) => <span key={text} className="number">{text}</span>)}
          <span className="number">{step.since ? <Elapsed since={step.since} /> : step.duration}</span>
        </span>
        <Pill state={step.status} label={step.label} isKept={step.label === "Kept"} testId={`node-${name}-status`} />
      </div>
      {step.error && <p className="step-error">{step.error}</p>}
      <div
        className="step-body" data-testid={`node-${name}-output`} role="group" aria-label={`Output of ${name}`}
        tabIndex={step.has_output ? 0 : undefined}
      >
        {step.has_output ? <LiveValue name={`output:${name}`} /> : <LiveText name={`text:${name}`} />}
      </div>
    </li>
  );
}
