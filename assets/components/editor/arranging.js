// Adding, moving, wiring and removing nodes: for whoever may edit, unless the canvas is locked.
import { change, read, say } from "./store.js";

export const mayArrange = (state) => state.mayEdit && !state.isLocked;

// A change to what stands on the canvas, whatever asks for it.
export function arrange(operations, options) {
  if (!read().isLocked) return change(operations, options);
  say("The canvas is locked. Unlock it to change what stands on it.", "error");
  return false;
}
