// A button that makes a workflow by this site's own REST API, and opens it in the editor.
import { useEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { toast } from "./live.jsx";
import { sendSignedIn, sort } from "./rest.js";

const EMPTY = {
  format: "flowstudio/1",
  name: "Untitled workflow",
  nodes: [{ id: "start", type: "start", name: "start" }],
};

// Where the palette's command leads when there is no such button on the page.
const WISH = "#new";

function useMaker() {
  const navigate = useNavigate();
  const busy = useRef(false);
  const [sending, setSending] = useState(false);
  const make = async (action, body) => {
    if (busy.current) return;
    busy.current = true;
    setSending(true);
    const outcome = await sendSignedIn("POST", action, body);
    busy.current = false;
    setSending(false);
    if (outcome.ok) navigate(`/workflows/${outcome.body.id}`);
    else toast(sort(outcome, []).rest.join(" ") || outcome.body.detail, "error");
  };
  return [make, sending];
}

export function NewWorkflow({ projectId, folder, label }) {
  const [make, sending] = useMaker();
  const begin = () => make("/api/v1/workflows", { project_id: projectId, folder: folder ?? "", document: EMPTY });
  useEffect(() => {
    if (location.hash !== WISH) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    begin();
  }, []);
  return (
    <button type="button" className="button primary" disabled={sending} onClick={begin} data-testid="workflow-new" data-key="new">
      <svg aria-hidden="true" width="14" height="14" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round"><path d="M12 5v14M5 12h14" /></svg>
      {label ?? "New workflow"}
      <kbd>N</kbd>
    </button>
  );
}

export function UseExample({ projectId, slug, name }) {
  const [make, sending] = useMaker();
  return (
    <button
      type="button" className="button small" disabled={sending} data-testid={`use-${slug}`} aria-label={`Use ${name}`}
      onClick={() => make(`/api/v1/templates/${slug}/copy`, { project_id: projectId })}
    >
      {sending ? "One moment…" : "Use"}
    </button>
  );
}
