// Remarks on the workflow and its nodes, in threads.
import { useEffect, useRef, useState } from "react";
import { ask, read, say, select, textOf, useEditor } from "./store.js";
import { cut, moment } from "./faces.js";
import { Keys } from "../keys.jsx";
import { Icon } from "./icons.jsx";
import { loadComments } from "./threads.js";
import { Unread } from "./unread.jsx";
import { colourOf, initials } from "./people.jsx";
import { Prose } from "../value.jsx";

const send = async (method, path, body) => {
  const reply = await ask(method, `/comments${path}`, body);
  if (!reply.ok) say(textOf(reply), "error");
  else await loadComments();
  return reply.ok;
};

export function Comments({ onSettings }) {
  const comments = useEditor((state) => state.comments);
  const problem = useEditor((state) => state.commentsProblem);
  const selection = useEditor((state) => state.selection);
  const document = useEditor((state) => state.document);
  const [filter, setFilter] = useState("open");
  useEffect(() => { loadComments(); }, []);
  if (problem && !comments) return <Unread what="The comments" problem={problem} onAgain={loadComments} />;
  if (!comments) return <p className="faint">One moment…</p>;
  const [id] = selection.size === 1 ? selection : [];
  const about = id && nameOf(document, id);
  const threads = comments
    .filter((each) => !each.thread_id && (filter === "all" || !each.resolved_at))
    .filter((each) => !about || each.node_id === id);
  const closed = comments.filter((each) => !each.thread_id && each.resolved_at).length;
  return (
    <>
      {problem && <Unread what="The newest comments" problem={problem} onAgain={loadComments} />}
      <Write label={about ? `Say something about ${about}` : "Say something about this workflow"} onSend={(text) => send("POST", "", { text, node_id: about ? id : "" })} />
      <div className="segments" role="group" aria-label="Which comments">
        {[["open", "Open"], ["all", `All${closed ? ` (${closed} resolved)` : ""}`]].map(([name, label]) => (
          <button key={name} type="button" className="segment" aria-pressed={filter === name} onClick={() => setFilter(name)}>{label}</button>
        ))}
      </div>
      {about && (
        <p className="meta">
          About {about}. <button type="button" className="text-link" onClick={() => select([])}>Show all</button>
          {document.nodes.has(id) && <> · <button type="button" className="text-link" onClick={onSettings}>Its settings</button></>}
        </p>
      )}
      {!threads.length && <p className="faint">No comments here. Write @name to call somebody of the project.</p>}
      <ul className="threads">
        {threads.map((first) => <Thread key={first.id} first={first} answers={comments.filter((each) => each.thread_id === first.id)} />)}
      </ul>
    </>
  );
}

// What a comment is about: a node by its name, a note by how it begins; "" once it is gone.
function nameOf({ nodes, notes }, id) {
  if (nodes.has(id)) return `“${nodes.get(id).name}”`;
  const text = notes.get(id)?.text.replace(/[*_`#>]/g, "").replace(/\s+/g, " ").trim();
  if (text === undefined) return "";
  return text ? `the note “${cut(text, 40)}”` : "an empty note";
}

function Thread({ first, answers }) {
  const about = useEditor((state) => nameOf(state.document, first.node_id));
  const [isAnswering, answer] = useState(false);
  return (
    <li className="thread" data-resolved={Boolean(first.resolved_at) || undefined} data-testid="thread">
      {first.node_id && (about
        ? <button type="button" className="tag" onClick={() => { select([first.node_id]); window.dispatchEvent(new CustomEvent("editor-reveal", { detail: first.node_id })); }}>{about.replace(/^“(.*)”$/, "$1")}</button>
        : <span className="tag">something that was removed</span>)}
      {[first, ...answers].map((each) => <Remark key={each.id} comment={each} />)}
      {isAnswering
        ? <Write label="Answer" isFocused onSend={async (text) => (await send("POST", "", { text, thread_id: first.id })) && (answer(false), true)} />
        : (
          <div className="thread-tools">
            <button type="button" className="tool-text" onClick={() => answer(true)}>Answer</button>
            <button type="button" className="tool-text" onClick={() => send("PATCH", `/${first.id}`, { resolved: !first.resolved_at })} data-testid="resolve">
              <Icon name="check" size={13} /> {first.resolved_at ? "Open again" : "Resolve"}
            </button>
          </div>
        )}
    </li>
  );
}

function Remark({ comment }) {
  const me = useEditor((state) => state.me);
  const mayEdit = useEditor((state) => state.mayEdit);
  const [isEditing, edit] = useState(false);
  const isMine = comment.author_id === me.id;
  return (
    <div className="remark">
      <span className="avatar small" style={{ "--person": colourOf(comment.author_id ?? "") }} aria-hidden="true">{initials(comment.author)}</span>
      <div>
        <p className="meta"><strong>{comment.author}</strong> <time dateTime={comment.created_at}>{moment(comment.created_at)}</time>{comment.edited_at ? " · changed" : ""}</p>
        {isEditing
          ? <Write label="Change your comment" value={comment.text} isFocused onSend={async (text) => (await send("PATCH", `/${comment.id}`, { text })) && (edit(false), true)} />
          : <Prose text={comment.text} />}
        {!isEditing && (isMine || mayEdit) && (
          <div className="thread-tools">
            {isMine && <button type="button" className="tool-text" onClick={() => edit(true)}>Change</button>}
            <button type="button" className="tool-text" onClick={() => send("DELETE", `/${comment.id}`)}>Remove</button>
          </div>
        )}
      </div>
    </div>
  );
}

// What a comment calls somebody by: their name, or where that is no word, their address.
function handleOf({ name, email }) {
  const word = name.toLowerCase().replaceAll(" ", "_");
  return /^[\p{L}\p{N}_.+-]*[\p{L}\p{N}_]$/u.test(word) ? word : email ?? word;
}

function Write({ label, value = "", onSend, isFocused }) {
  const [text, setText] = useState(value);
  const [isSending, setSending] = useState(false);
  const [people, setPeople] = useState([]);
  const box = useRef(null);
  const called = text.match(/(?:^|\s)@([\w.-]*)$/)?.[1];
  useEffect(() => {
    if (called === undefined || people.length) return;
    fetch(`/api/v1/projects/${read().projectId}/members`, { headers: { accept: "application/json" } })
      .then((reply) => (reply.ok ? reply.json() : { items: [] }))
      .then((body) => setPeople(body.items ?? body))
      .catch(() => {});
  }, [called]);
  const begins = (text) => text?.toLowerCase().startsWith(called.toLowerCase());
  // Those whose name or address begins so.
  const fits = called === undefined ? [] : people.filter(({ name, email }) => [...name.split(/\s+/), email, handleOf({ name, email })].some(begins)).slice(0, 5);
  const complete = (one) => {
    setText(text.replace(/@[\w.-]*$/, `@${handleOf(one)} `));
    box.current.focus();
  };
  const submit = async () => {
    if (!text.trim() || isSending) return;
    setSending(true);
    if (await onSend(text)) setText("");
    setSending(false);
  };
  return (
    <div className="write">
      <textarea ref={box} className="input" rows={2} aria-label={label} placeholder={label} value={text} autoFocus={isFocused} maxLength={10000} data-testid="comment-text"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); event.stopPropagation(); submit(); }
          else if (["Tab", "Enter"].includes(event.key) && !event.shiftKey && fits.length) { event.preventDefault(); complete(fits[0]); }
        }} />
      {fits.length > 0 && (
        <ul className="called" aria-label="People to call">
          {fits.map((one) => <li key={one.user_id ?? one.id}><button type="button" className="tool-text" onClick={() => complete(one)}>{one.name}</button></li>)}
        </ul>
      )}
      <button type="button" className="button small" disabled={!text.trim() || isSending} onClick={submit} data-testid="comment-send">Send <Keys>Ctrl ↵</Keys></button>
    </div>
  );
}
