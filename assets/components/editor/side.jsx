// The panels at the right that are opened now and then: comments, versions, publishing.
import { noteRestored } from "./changing.js";
import { Icon } from "./icons.jsx";
import { useEditor } from "./store.js";
import { Comments } from "./comments.jsx";
import { VersionsPanel } from "./versions.jsx";

const TITLES = { comments: "Comments", versions: "Versions", publish: "Versions" };

export default function Side({ panel, onClose }) {
  const workflowId = useEditor((state) => state.id);
  const mayEdit = useEditor((state) => state.mayEdit);
  return (
    <aside className="inspector side-panel" aria-label={TITLES[panel]}>
      <header className="inspector-head">
        <h2>{TITLES[panel]}</h2>
        <button type="button" className="icon-button" onClick={onClose} aria-label="Close this panel"><Icon name="x" /></button>
      </header>
      <div className="inspector-body">
        {panel === "comments" ? <Comments onSettings={onClose} /> : <VersionsPanel workflowId={workflowId} mayEdit={mayEdit} focus={panel} onRestored={noteRestored} />}
      </div>
    </aside>
  );
}
