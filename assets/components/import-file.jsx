// A button that takes workflow files and posts them to this site's own REST API; files dropped
// anywhere on the page are taken as well.
import { useEffect, useRef, useState } from "react";
import { toast } from "./live.jsx";
import { sendSignedIn, sort } from "./rest.js";

const LARGEST = 5_000_000;
const MOST = 50;
const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

// Gives what is wrong with one file, and which of its nodes came in turned off.
async function post(file, projectId, folder) {
  const wrong = (...problems) => ({ problems, turnedOff: [] });
  if (file.size > LARGEST) return wrong(`${file.name} is larger than 5 MB.`);
  let document;
  try {
    document = JSON.parse(await file.text());
  } catch (error) {
    return wrong(`${file.name} is not JSON: ${error.message}`);
  }
  const body = { project_id: projectId, document, folder: folder ?? "" };
  const outcome = await sendSignedIn("POST", "/api/v1/workflows/import", body);
  if (!outcome.ok) return wrong(...sort(outcome, []).rest.map((text) => `${file.name}: ${text}`));
  return { problems: [], turnedOff: outcome.body?.turned_off ?? [] };
}

export function ImportFile({ projectId, folder, label, onDone }) {
  const box = useRef(null);
  const depth = useRef(0);
  const [problems, setProblems] = useState([]);
  const [progress, setProgress] = useState("");
  const [isOver, setOver] = useState(false);
  const [turnedOff, setTurnedOff] = useState([]);

  const take = async (list) => {
    const files = [...list];
    if (files.length === 0) return;
    if (files.length > MOST) return setProblems([`At most ${MOST} files are imported at once.`]);
    const found = [];
    const off = [];
    let done = 0;
    setProblems([]);
    for (const [index, file] of files.entries()) {
      setProgress(files.length > 1 ? `${index + 1} of ${files.length}…` : "One moment…");
      const told = await post(file, projectId, folder);
      found.push(...told.problems);
      off.push(...told.turnedOff);
      if (told.problems.length === 0) done += 1;
    }
    setProgress("");
    setProblems(found);
    setTurnedOff(off);
    if (done) {
      toast(done === 1 ? "One workflow was imported." : `${done} workflows were imported.`);
      onDone?.();
    }
  };

  const taking = useRef(take);
  taking.current = take;
  useEffect(() => {
    const enter = (event) => {
      if (!holdsFiles(event)) return;
      depth.current += 1;
      setOver(true);
    };
    const leave = (event) => {
      if (!holdsFiles(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    const over = (event) => { if (holdsFiles(event)) event.preventDefault(); };
    const drop = (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      taking.current(event.dataTransfer.files);
    };
    const pairs = Object.entries({ dragenter: enter, dragleave: leave, dragover: over, drop });
    pairs.forEach(([name, listener]) => window.addEventListener(name, listener));
    return () => pairs.forEach(([name, listener]) => window.removeEventListener(name, listener));
  }, []);

  const onChange = async (event) => {
    const { target } = event;
    await take(target.files);
    target.value = "";
  };
  return (
    <span className="import-file">
      <input ref={box} type="file" accept=".json,application/json" multiple hidden onChange={onChange} data-testid="import-file" />
      <button type="button" className="button" disabled={Boolean(progress)} onClick={() => box.current.click()} data-testid="import-start">
        <svg aria-hidden="true" width="14" height="14" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round"><path d="M12 15V4m-5 5 5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3" /></svg>
        {progress || label}
      </button>
      <span role="alert" className="import-problems">
        {problems.map((text, index) => <span key={index} data-testid={`problem-${index}`}>{text}</span>)}
        {problems.length > 0 && <button type="button" className="link-button" onClick={() => setProblems([])}>Close</button>}
      </span>
      {isOver && (
        <span className="drop-veil" aria-hidden="true" data-testid="drop-veil">
          <span>Drop to import{folder ? ` into ${folder}` : ""}</span>
        </span>
      )}
      <span role="status" className="import-note" data-testid="import-note">
        {turnedOff.length > 0 && `Imported. Its code is turned off until you have read it and turn it on: ${turnedOff.join(", ")}.`}
      </span>
    </span>
  );
}
