// What a waiting run asks a person, and the ways to answer, without leaving the editor.
import { useEffect, useState } from "react";
import { sendSignedIn } from "../rest.js";
import { ConfigForm } from "./fields.jsx";
import { Icon } from "./icons.jsx";
import { withValue } from "./kinds.js";
import { say, textOf, useEditor } from "./store.js";

const ASKS = new Set(["approval", "form"]);

// The steps of a run that wait for a person, looked up anew whenever a step of it has changed.
function useQuestions(run) {
  const steps = useEditor((state) => state.steps);
  const [asked, setAsked] = useState([]);
  const isWaiting = run?.status === "waiting";
  useEffect(() => {
    if (!isWaiting) {
      setAsked([]);
      return undefined;
    }
    let isHere = true;
    sendSignedIn("GET", `/api/v1/runs/${run.run_id}/steps`).then((reply) => {
      if (isHere && reply.ok) setAsked(reply.body.items.filter((step) => step.status === "waiting" && ASKS.has(step.waiting?.kind)));
    });
    return () => { isHere = false; };
  }, [isWaiting, run?.run_id, steps]);
  return asked;
}

export function Questions({ run }) {
  const asked = useQuestions(run);
  return asked.map((step) => <Question key={step.path} runId={run.run_id} step={step} />);
}

function Question({ runId, step }) {
  const mayRun = useEditor((state) => state.mayRun);
  const [value, setValue] = useState({});
  const [comment, setComment] = useState("");
  const [isSent, setSent] = useState(false);
  const [isOpen, setOpen] = useState(true);
  const { kind, message, fields } = step.waiting;
  const answer = async (given) => {
    setSent(true);
    const reply = await sendSignedIn("POST", `/api/v1/runs/${runId}/answer`, { path: step.path, answer: given });
    if (reply.ok) return;
    setSent(false);
    say(textOf(reply), "error");
  };
  const onChange = (path, next) => setValue((now) => withValue(now, path, next));
  return (
    <section className="drawer-question" aria-label={`${step.node} asks`} data-testid={`question-${step.node}`}>
      <h3>
        <button type="button" className="drawer-fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <Icon name="clock" size={14} /> “{step.node}” waits for an answer <Icon name="right" size={14} />
        </button>
      </h3>
      {isOpen && (
        <div className="drawer-asked" tabIndex={0} role="group" aria-label={`What ${step.node} asks`}>
          <p>{message}</p>
          {mayRun && kind === "form" && <ConfigForm schema={fields} value={value} problems={[]} compact onChange={onChange} />}
        </div>
      )}
      {isOpen && mayRun && kind === "approval" && (
        <div className="button-row">
          <input className="input" aria-label="Comment" placeholder="Comment" value={comment} maxLength={10000} onChange={(event) => setComment(event.target.value)} />
          <button type="button" className="button primary" disabled={isSent} onClick={() => answer({ approved: true, comment })} data-testid="answer-approve"><Icon name="check" size={13} /> Approve</button>
          <button type="button" className="button" disabled={isSent} onClick={() => answer({ approved: false, comment })} data-testid="answer-reject"><Icon name="x" size={13} /> Reject</button>
        </div>
      )}
      {isOpen && mayRun && kind === "form" && (
        <div className="button-row">
          <button type="button" className="button primary" disabled={isSent} onClick={() => answer(value)} data-testid="answer-send">Send answer</button>
        </div>
      )}
    </section>
  );
}
