// The commands of the editor on screen, as things stand now.
import { useEffect, useMemo } from "react";
import * as actions from "./actions.js";
import { mayArrange } from "./arranging.js";
import { cancel, run } from "./draft.js";
import { commandsOf } from "./editor-commands.js";
import { isBusy } from "./faces.js";
import { redo, undo, useEditor } from "./store.js";
import { offer } from "../commands.js";

const fit = () => window.dispatchEvent(new CustomEvent("editor-fit"));
const tidyUp = () => {
  actions.tidyUp();
  // Once everything stands at its new place.
  setTimeout(fit, 60);
};
const DOES = {
  runAll: () => run("all"), runStale: () => run("stale"), cancel, undo, redo, fit, tidyUp,
  addNote: () => actions.addNote(actions.view.center() ?? { x: 0, y: 0 }),
};

export function useCommands({ view, onView, onPanel }) {
  const mayEdit = useEditor((state) => state.mayEdit);
  const isFree = useEditor(mayArrange);
  const mayRun = useEditor((state) => state.mayRun);
  const canUndo = useEditor((state) => mayArrange(state) && state.canUndo);
  const canRedo = useEditor((state) => mayArrange(state) && state.canRedo);
  const runId = useEditor((state) => state.run?.run_id);
  const isRunning = useEditor((state) => isBusy(state.run));
  return useMemo(
    () => commandsOf({ view, mayEdit, mayArrange: isFree, mayRun, isBusy: isRunning, canUndo, canRedo, runId }, {
      ...DOES, show: onView, publish: () => onPanel("publish"), versions: () => onPanel("versions"), comments: () => onPanel("comments"),
    }),
    [view, onView, onPanel, mayEdit, isFree, mayRun, isRunning, canUndo, canRedo, runId],
  );
}

// Offers them to the command palette while the editor is open.
export function useOffer(commands) {
  useEffect(() => offer(commands), [commands]);
}
