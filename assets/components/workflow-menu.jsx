// What can be done with a workflow of a list: a menu, and the dialogs it opens.
import { useId, useLayoutEffect, useRef, useState } from "react";
import { toast } from "./live.jsx";
import { sendSignedIn, sort } from "./rest.js";

const icon = (path) => (
  <svg aria-hidden="true" width="15" height="15" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round"><path d={path} /></svg>
);
const ICONS = {
  rename: "M4 20h4L19 9a2.8 2.8 0 0 0-4-4L4 16zM13.5 6.5l4 4",
  tags: "M3 12V4a1 1 0 0 1 1-1h8l9 9-9 9zM7.5 7.5h.01",
  move: "M3 7a1 1 0 0 1 1-1h5l2 2.5h8a1 1 0 0 1 1 1V18a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1zM9 14h6m-2.5-2.5L15 14l-2.5 2.5",
  duplicate: "M9 9h11v11H9zM5 15H4V4h11v1",
  schedule: "M8 3v4M16 3v4M4 9h16M5 5h14a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM12 12v3l2 1.5",
  versions: "M12 7v5l3 2M3.5 12a8.5 8.5 0 1 0 2.8-6.3L3 8.5M3 4v4.5h4.5",
  triggers: "M9 8a3.5 3.5 0 1 1 5.2 3L17 16m0 0a3 3 0 1 1-2.6 4.5H8.5M12 9l-3 5.5M8.5 20.500a3.500 3.500 0 1 1-2-6.300",
  export: "M12 4v11m-5-5 5 5 5-5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  restore: "M4 9h10a5.5 5.5 0 0 1 0 11h-4M4 9l4.5-4.5M4 9l4.5 4.5",
};

export function WorkflowMenu({ workflow, folders, tags, mayEdit, onDone }) {
  const button = useRef(null);
  const menu = useRef(null);
  const dialog = useRef(null);
  const [mode, setMode] = useState("");
  const [problems, setProblems] = useState([]);
  const [sending, setSending] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const base = `/api/v1/workflows/${workflow.id}`;

  const send = async (method, path, body, said) => {
    if (sending) return;
    setSending(true);
    const outcome = await sendSignedIn(method, `${base}${path}`, body ?? {});
    setSending(false);
    if (!outcome.ok) {
      const wrong = sort(outcome, []).rest;
      if (dialog.current.open) setProblems(wrong);
      else toast(wrong.join(" "), "error");
      return;
    }
    dialog.current.close();
    toast(said);
    onDone?.();
  };
  const ask = (name) => {
    setMode(name);
    setProblems([]);
    dialog.current.showModal();
  };
  const items = workflow.isTrashed
    ? [
        { name: "restore", label: "Restore", run: () => send("POST", "/restore", {}, `“${workflow.name}” is back.`) },
        { name: "trash", label: "Delete for ever…", isBad: true, run: () => ask("delete") },
      ]
    : [
        ...(mayEdit ? [
          { name: "rename", label: "Rename…", run: () => ask("rename") },
          { name: "tags", label: "Tags…", run: () => ask("tags") },
          { name: "move", label: "Move to a folder…", run: () => ask("move") },
          { name: "duplicate", label: "Duplicate", run: () => send("POST", "/duplicate", {}, `“${workflow.name}” was copied.`) },
        ] : []),
        { name: "versions", label: "Versions", href: `/workflows/${workflow.id}/versions` },
        { name: "triggers", label: "Webhooks and forms", href: `/workflows/${workflow.id}/triggers` },
        ...(mayEdit ? [
          { name: "schedule", label: "Schedule…", href: `/schedules/new?workflow=${workflow.id}` },
          { name: "export", label: "Export", href: `${base}/export`, download: `${workflow.slug}.json` },
          { name: "trash", label: "Move to the trash", isBad: true, run: () => send("DELETE", "", {}, `“${workflow.name}” is in the trash.`) },
        ] : []),
      ];

  useLayoutEffect(() => {
    if (!isOpen) return;
    const box = button.current.getBoundingClientRect();
    const element = menu.current;
    element.showPopover();
    const { offsetWidth: width, offsetHeight: height } = element;
    const below = box.bottom + 4 + height < innerHeight ? box.bottom + 4 : Math.max(8, box.top - height - 4);
    element.style.inset = `${below}px auto auto ${Math.max(8, Math.min(box.right - width, innerWidth - width - 8))}px`;
    element.querySelector("[role=menuitem]")?.focus();
  }, [isOpen]);
  const onMenuKey = (event) => {
    const all = [...menu.current.querySelectorAll("[role=menuitem]")];
    const at = all.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      all[(next + all.length) % all.length].focus();
    } else if (event.key === "Tab") menu.current.hidePopover();
  };
  const close = () => menu.current.hidePopover();
  const onToggle = (event) => {
    if (event.newState === "closed") setOpen(false);
  };
  if (workflow.isTrashed && !mayEdit) return null;
  return (
    <span className="card-menu">
      <button
        ref={button} type="button" className="icon-button" aria-haspopup="menu" aria-label={`Actions for ${workflow.name}`}
        aria-expanded={isOpen} onClick={() => setOpen(true)} data-testid={`workflow-menu-${workflow.slug}`}
      >
        <svg aria-hidden="true" width="16" height="16" viewBox="0 0 24 24" fill="currentColor"><circle cx="5" cy="12" r="1.7" /><circle cx="12" cy="12" r="1.7" /><circle cx="19" cy="12" r="1.7" /></svg>
      </button>
      <div ref={menu} popover="auto" role="menu" className="menu" aria-label={`Actions for ${workflow.name}`} onKeyDown={onMenuKey} onToggle={onToggle}>
        {isOpen && items.map((item) =>
          item.href ? (
            <a key={item.name} role="menuitem" tabIndex={-1} className="menu-item" href={item.href} download={item.download} onClick={close} data-testid={`menu-${item.name}`}>
              {icon(ICONS[item.name])}{item.label}
            </a>
          ) : (
            <button key={item.name} type="button" role="menuitem" tabIndex={-1} className={item.isBad ? "menu-item bad" : "menu-item"} onClick={() => { close(); item.run(); }} data-testid={`menu-${item.name}`}>
              {icon(ICONS[item.name])}{item.label}
            </button>
          ),
        )}
      </div>
      <dialog ref={dialog} className="palette" aria-labelledby={`${id}-title`} onClose={() => { setMode(""); button.current?.focus(); }}>
        {mode && (
          <Asked
            mode={mode} id={id} workflow={workflow} folders={folders} tags={tags} problems={problems} sending={sending}
            send={send} onCancel={() => dialog.current.close()}
          />
        )}
      </dialog>
    </span>
  );
}

const TITLES = {
  rename: "Rename the workflow",
  tags: "Tags",
  move: "Move to a folder",
  delete: "Delete this workflow for ever?",
};

function Asked({ mode, id, workflow, folders, tags, problems, sending, send, onCancel }) {
  const [text, setText] = useState(mode === "rename" ? workflow.name : mode === "move" ? workflow.folder : "");
  const [chosen, setChosen] = useState(workflow.tags);
  const has = (tag) => chosen.some((other) => other.toLowerCase() === tag.toLowerCase());
  const withText = () => [...chosen, ...text.split(",").map((tag) => tag.trim()).filter((tag) => tag && !has(tag))];
  const onSubmit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (mode === "rename") send("PATCH", "", { operations: [{ op: "update_workflow", name: text.trim() }] }, "Renamed.");
    else if (mode === "tags") send("PUT", "/tags", { tags: withText() }, "Tags are kept.");
    else if (mode === "move") send("PUT", "/folder", { folder: text }, text.trim() ? `Moved to ${text}.` : "Moved out of its folder.");
    else send("DELETE", "?forever=true", {}, `“${workflow.name}” is deleted.`);
  };
  const onKey = (event) => {
    if (mode !== "tags" || event.nativeEvent.isComposing || !["Enter", ","].includes(event.key) || !text.trim()) return;
    event.preventDefault();
    setChosen(withText());
    setText("");
  };
  return (
    <form className="palette-box ask" onSubmit={onSubmit} noValidate data-testid="workflow-ask">
      <h2 id={`${id}-title`}>{TITLES[mode]}</h2>
      <div role="alert" className={problems.length ? "problems" : "problems-none"}>
        {problems.map((line, index) => <p key={index} data-testid={`problem-${index}`}>{line}</p>)}
      </div>
      {mode === "delete" ? (
        <p className="lead">“{workflow.name}” and its versions cannot be brought back. Its runs stay.</p>
      ) : (
        <div className="field">
          <label htmlFor={`${id}-text`}>{{ rename: "Name", tags: "Add a tag", move: "Folder" }[mode]}</label>
          <input
            id={`${id}-text`} className="input" value={text} autoFocus autoComplete="off" maxLength={mode === "tags" ? 60 : 200}
            list={mode === "move" ? `${id}-folders` : undefined} data-testid="workflow-ask-text" onChange={(event) => setText(event.target.value)} onKeyDown={onKey}
          />
          {mode === "move" && (
            <>
              <datalist id={`${id}-folders`}>{folders.map((folder) => <option key={folder} value={folder} />)}</datalist>
              <p className="field-help">A path such as Support/Mail. Empty takes it out of its folder.</p>
              {folders.length > 0 && (
                <div className="chips" role="group" aria-label="Folders">
                  {folders.slice(0, 12).map((folder) => <button key={folder} type="button" className="chip" aria-pressed={text === folder} onClick={() => setText(folder)}>{folder}</button>)}
                </div>
              )}
            </>
          )}
          {mode === "tags" && (
            <div className="chips" role="group" aria-label="Tags of this workflow">
              {chosen.map((tag) => <button key={tag} type="button" className="chip" aria-pressed="true" aria-label={`Remove ${tag}`} onClick={() => setChosen(chosen.filter((other) => other !== tag))}>{tag} ×</button>)}
              {tags.filter((tag) => !has(tag)).slice(0, 12).map((tag) => <button key={tag} type="button" className="chip" aria-pressed="false" aria-label={`Add ${tag}`} onClick={() => setChosen([...chosen, tag])}>+ {tag}</button>)}
            </div>
          )}
        </div>
      )}
      <div className="form-foot">
        <button type="submit" className={mode === "delete" ? "button bad" : "button primary"} disabled={sending || (mode === "rename" && !text.trim())} data-testid="workflow-ask-submit">
          {mode === "delete" ? "Delete for ever" : mode === "move" ? "Move" : "Save"}
        </button>
        <button type="button" className="button" onClick={onCancel} autoFocus={mode === "delete"}>Cancel</button>
      </div>
    </form>
  );
}
