// A button that takes a workflow file and posts it to this site's own REST API.
import { useRef, useState } from "react";
import { sendSignedIn, sort } from "./rest.js";

const LARGEST = 5_000_000;

export function ImportFile({ projectId, label, onDone }) {
  const box = useRef(null);
  const [problems, setProblems] = useState([]);
  const [turnedOff, setTurnedOff] = useState([]);
  const [sending, setSending] = useState(false);
  const take = async (file) => {
    if (!file) return;
    setProblems([]);
    setTurnedOff([]);
    if (file.size > LARGEST) return setProblems(["The file is larger than 5 MB."]);
    let document;
    try {
      document = JSON.parse(await file.text());
    } catch (error) {
      return setProblems([`${file.name} is not JSON: ${error.message}`]);
    }
    setSending(true);
    const outcome = await sendSignedIn("POST", "/api/v1/workflows/import", { project_id: projectId, document });
    setSending(false);
    if (!outcome.ok) return setProblems(sort(outcome, []).rest);
    setTurnedOff(outcome.body?.turned_off ?? []);
    onDone?.();
  };
  const onChange = (event) => {
    take(event.target.files[0]);
    event.target.value = "";
  };
  return (
    <span className="import-file">
      <input ref={box} type="file" accept=".json,application/json" hidden onChange={onChange} data-testid="import-file" />
      <button type="button" className="button" disabled={sending} onClick={() => box.current.click()} data-testid="import-start">
        {sending ? "One moment…" : label}
      </button>
      <span role="alert" className="import-problems">
        {problems.map((text, index) => <span key={index} data-testid={`problem-${index}`}>{text}</span>)}
      </span>
      <span role="status" className="import-note" data-testid="import-note">
        {turnedOff.length > 0 && `Imported. Its code is turned off until you have read it and turn it on: ${turnedOff.join(", ")}.`}
      </span>
    </span>
  );
}
