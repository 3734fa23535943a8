// Values pushed by the server outside of Reflex state: streamed text, outputs and toasts.
// The server sends them with rx.set_value("live", …), which needs no eval and no state lock.
import { useEffect, useState, useSyncExternalStore } from "react";
import { refs } from "$/utils/state";

const values = new Map();
const listeners = new Map();
let toastCount = 0;

function put(key, value) {
  values.set(key, value);
  listeners.get(key)?.forEach((listener) => listener());
}

const operations = {
  put,
  add: (key, text) => put(key, (values.get(key) ?? "") + text),
  // Streamed text of a node; the editor listens for it itself.
  t: (node, text) => operations.add(`text:${node}`, text),
  clear: () => [...values.keys()].filter((key) => key !== "toasts").forEach((key) => put(key, undefined)),
  // What is said again takes the place of what was said before.
  toast: (tone, text) => {
    const others = (values.get("toasts") ?? []).filter((other) => other.tone !== tone || other.text !== text);
    put("toasts", [...others, { id: ++toastCount, tone, text }]);
  },
  // A full load, so that the socket is opened anew with the cookies of that moment.
  leave: (path) => location.assign(window.flowstudio.local(path)),
  sign_in: () => window.flowstudio.signIn(),
};

// Operations that one page understands in its own way: it listens for them while it is open.
export function listenTo(name, receiver) {
  const before = operations[name];
  operations[name] = (key, message) => receiver(message, key);
  return () => { operations[name] = before; };
}
if (typeof window !== "undefined") window.flowstudio.toast = (text, tone = "info") => operations.toast(tone, text);

refs.ref_live = {
  current: {
    set value(batch) {
      // A piece of streamed text by itself: its node, a space, and the text.
      if (!batch.startsWith("[")) {
        const at = batch.indexOf(" ");
        operations.t(batch.slice(0, at), batch.slice(at + 1));
        return;
      }
      for (const [operation, key, value] of JSON.parse(batch)) operations[operation]?.(key, value);
    },
  },
};

// For other components of the page: tells the person something, as the server does.
export const toast = (text, tone = "info") => operations.toast(tone, text);

export function useLive(key) {
  const subscribe = (listener) => {
    if (!listeners.has(key)) listeners.set(key, new Set());
    listeners.get(key).add(listener);
    return () => listeners.get(key).delete(listener);
  };
  return useSyncExternalStore(subscribe, () => values.get(key), () => undefined);
}

export function LiveText({ name }) {
  const text = useLive(name);
  return text ? <div className="stream">{text}</div> : null;
}

// A minute or more; what is shorter is told as exactly as it is measured.
export function longDuration(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

const duration = (seconds) => (seconds < 60 ? `${seconds.toFixed(1)} s` : longDuration(seconds));

// Counts up from `since` on the browser's own clock, so that the server sends no ticks.
export function Elapsed({ since }) {
  const [now, setNow] = useState(null);
  useEffect(() => {
    const tick = () => setNow(Date.now());
    tick();
    const timer = setInterval(tick, 100);
    return () => clearInterval(timer);
  }, [since]);
  return <span>{now === null ? "" : duration(Math.max(0, (now - Date.parse(since)) / 1000))}</span>;
}

// A line of a run's log, on the run's page and in the editor.
export const LogLine = ({ line }) => (
  <div className="log-line" data-tone={line.tone}>
    <span className="log-at">{line.at}</span>
    <span className="log-path">{line.path}</span>
    <span className="log-text">{line.text}</span>
  </div>
);

function Toast({ toast }) {
  const close = () => put("toasts", (values.get("toasts") ?? []).filter((other) => other.id !== toast.id));
  useEffect(() => {
    if (toast.tone === "error") return undefined;
    const timer = setTimeout(close, 5000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="toast" data-testid="toast" data-tone={toast.tone}>
      <span>{toast.text}</span>
      <button type="button" aria-label="Dismiss" onClick={close}>×</button>
    </div>
  );
}

export function Toasts() {
  const toasts = useLive("toasts") ?? [];
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => <Toast key={toast.id} toast={toast} />)}
    </div>
  );
}
