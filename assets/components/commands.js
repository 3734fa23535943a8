// What the page on screen offers to the command palette, beside what every page does.
import { useSyncExternalStore } from "react";

const NONE = [];
let offered = NONE;
const listeners = new Set();

function put(commands) {
  offered = commands;
  for (const listener of listeners) listener();
}

// Commands as {label, group, keys, run} or with `href`; gives what takes them back.
export function offer(commands) {
  put(commands);
  return () => offered === commands && put(NONE);
}

const subscribe = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const useOffered = () => useSyncExternalStore(subscribe, () => offered, () => NONE);
