// The others who have this workflow open: who they are, where they point, what they hold.
import { useEffect, useState } from "react";
import { ViewportPortal } from "@xyflow/react";
import { onLoss, onMessage, read, set, useEditor } from "./store.js";
import { Icon } from "./icons.jsx";

const GONE_MS = 15_000;
const BEAT_MS = 5_000;
const MOVE_MS = 90;
const MOST_PEOPLE = 200;
const MOST_PLACE = 100;
const COLOURS = ["#b4532a", "#2f6f5e", "#6a3fc9", "#1b63c2", "#9a2f6b", "#0d6f73", "#7a5a00", "#a8322b"];

const hash = (id) => [...id].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);

// A person's own colour; of those who are here and would have the same, the next ones. Everybody here
// comes to the same.
export function colourOf(id) {
  const { me, people } = read();
  const taken = new Set();
  for (const each of [...new Set([me.id, ...Object.values(people).map((one) => one.user_id)])].sort()) {
    let at = hash(each) % COLOURS.length;
    while (taken.has(at) && taken.size < COLOURS.length) at = (at + 1) % COLOURS.length;
    if (each === id) return COLOURS[at];
    taken.add(at);
  }
  return COLOURS[hash(id) % COLOURS.length];
}

export const initials = (name) =>
  name.split(/[\s.@_-]+/).filter(Boolean).slice(0, 2).map((part) => part[0].toUpperCase()).join("") || "?";

// What this tab tells of itself. The first word goes out at once; movement only while somebody is
// there to see it, and never while something is dragged.
const own = { tab: Math.random().toString(36).slice(2, 12), cursor: null, sees: null, selection: [], field: "" };
let tell = null;
let timer = null;
let toldAt = 0;

function send(isAnswer = false) {
  clearTimeout(timer);
  timer = null;
  toldAt = Date.now();
  tell?.({ ...own, answer: isAnswer });
}

function soon() {
  if (!tell || timer || read().isDragging || !Object.keys(read().people).length) return;
  timer = setTimeout(send, Math.max(0, MOVE_MS - (Date.now() - toldAt)));
}

export function moveCursor(at) {
  own.cursor = at && { x: Math.round(at.x), y: Math.round(at.y) };
  soon();
}

// The middle of what is seen of the canvas, and how large; null while there is none.
export function look(at) {
  const sees = at && { x: Math.round(at.x), y: Math.round(at.y), zoom: Math.round(at.zoom * 1000) / 1000 };
  if (JSON.stringify(sees) === JSON.stringify(own.sees)) return;
  own.sees = sees;
  soon();
}

// The field of a form that something stands in; `data-place` is its path in the config.
export const placeOf = (element) => element.closest("[data-place]")?.dataset.place ?? "";

export function editField(place) {
  const field = place.slice(0, MOST_PLACE);
  if (own.field === field) return;
  own.field = field;
  soon();
}

onMessage("people", (message) => {
  const { me, people: before } = read();
  // A tab names itself: only together with its person, whom the server names, does that say who it is.
  if (message.tab === own.tab && message.user_id === me.id) return;
  const key = `${message.user_id} ${message.tab}`;
  const isNew = !before[key];
  if (isNew && (message.gone || Object.keys(before).length >= MOST_PEOPLE)) return;
  const people = { ...before };
  if (message.gone) delete people[key];
  else people[key] = { ...message, key, seen: Date.now() };
  set({ people });
  // So that whoever comes learns who is here already.
  if (isNew && !message.gone && !message.answer) send(true);
});

// The others may have taken this person for gone.
onLoss(() => send());

// Tells the others of this person, for as long as it stands on the page.
export function Presence({ onPresent }) {
  useEffect(() => {
    tell = onPresent;
    send();
    const beat = setInterval(() => {
      const now = Date.now();
      const people = Object.fromEntries(Object.entries(read().people).filter(([, one]) => now - one.seen < GONE_MS));
      if (Object.keys(people).length !== Object.keys(read().people).length) set({ people });
      if (Object.keys(people).length) send(true);
    }, BEAT_MS);
    return () => {
      clearInterval(beat);
      clearTimeout(timer);
      tell = null;
    };
  }, []);
  const selection = useEditor((state) => state.selection);
  useEffect(() => {
    own.selection = [...selection].slice(0, 50);
    soon();
  }, [selection]);
  return null;
}

export function Cursors() {
  const people = useEditor((state) => state.people);
  return (
    <ViewportPortal>
      {Object.values(people).filter((one) => one.cursor).map((one) => (
        <div key={one.key} className="cursor" style={{ transform: `translate(${one.cursor.x}px, ${one.cursor.y}px)`, "--person": colourOf(one.user_id) }} aria-hidden="true">
          <svg width="14" height="16" viewBox="0 0 14 16"><path d="M1 1 13 8 7 9.5 4 15Z" fill="var(--person)" stroke="#fff" /></svg>
          <span>{one.name}</span>
        </div>
      ))}
    </ViewportPortal>
  );
}

// Who holds a node, as a ring and a name on it.
export function Holders({ id }) {
  const people = useEditor((state) => state.people);
  const here = Object.values(people).filter((one) => one.selection.includes(id));
  if (!here.length) return null;
  return (
    <span className="holders" style={{ "--person": colourOf(here[0].user_id) }}>
      <span>{here.map((one) => (one.field ? `${one.name} edits ${one.field}` : one.name)).join(", ")}</span>
    </span>
  );
}

const writersAt = (people, id, place) => Object.values(people).filter((one) => one.field === place && one.selection.includes(id));

// Who else writes in a field of a node: a ring in their colour, and a name on it.
export function Writers({ nodeId, place }) {
  // As text, since each word of theirs makes a new person.
  const [userId, ...names] = useEditor((state) => writersAt(state.people, nodeId, place).flatMap((one, at) => (at ? [one.name] : [one.user_id, one.name])).join("\n")).split("\n");
  if (!userId) return null;
  return (
    <span className="holders writers" style={{ "--person": colourOf(userId) }} data-testid={`writers-${place}`}>
      <span>{[...new Set(names)].join(", ")}<span className="sr-only"> {names.length > 1 ? "are" : "is"} editing this</span></span>
    </span>
  );
}

// The same in words, said when it changes.
export function WritersSaid({ id }) {
  const said = useEditor((state) => Object.values(state.people).filter((one) => one.field && one.selection.includes(id)).map((one) => `${one.name} is editing ${one.field}.`).join(" "));
  return <p className="sr-only" role="status">{said}</p>;
}

export function Avatars() {
  const people = useEditor((state) => state.people);
  const me = useEditor((state) => state.me);
  const [followed, follow] = useState(null);
  const others = Object.values(people);
  const shown = [...new Map(others.map((one) => [one.user_id, one])).values()];
  const target = followed && people[followed];
  useEffect(() => { if (followed && !target) follow(null); }, [followed, target]);
  useEffect(() => {
    if (target?.sees) window.dispatchEvent(new CustomEvent("editor-look", { detail: target.sees }));
  }, [target?.sees?.x, target?.sees?.y, target?.sees?.zoom]);
  useEffect(() => {
    if (!target?.selection.length) return;
    window.dispatchEvent(new CustomEvent(target.sees ? "editor-show" : "editor-reveal", { detail: target.selection[0] }));
  }, [target?.selection.join()]);
  // Who moves by themselves goes their own way.
  useEffect(() => {
    const onOwnWay = () => follow(null);
    window.addEventListener("editor-own-way", onOwnWay);
    return () => window.removeEventListener("editor-own-way", onOwnWay);
  }, []);
  return (
    <div className="avatars" role="group" aria-label="People here">
      {shown.slice(0, 5).map((one) => (
        <button
          key={one.key} type="button" className="avatar" style={{ "--person": colourOf(one.user_id) }} aria-pressed={followed === one.key}
          title={followed === one.key ? `Stop following ${one.name}` : `Follow ${one.name}`} onClick={() => follow(followed === one.key ? null : one.key)}
        >
          {initials(one.name)}
          <span className="sr-only">{one.name}</span>
        </button>
      ))}
      {shown.length > 5 && <span className="avatar more">+{shown.length - 5}</span>}
      {shown.length > 0 && <span className="avatar me" style={{ "--person": colourOf(me.id) }} title="You">You</span>}
      {target && <span className="following"><Icon name="search" size={12} /> Following {target.name}</span>}
    </div>
  );
}
