// What can be done in an editor by name: for the command palette, and for the menu of narrow windows.
const VIEWS = [["canvas", "Show the canvas"], ["notebook", "Show the notebook"], ["both", "Show canvas and notebook"]];

// `now` is how things stand; `does` does each of them. What is `isNarrow` has no button of its own on a phone.
export function commandsOf({ view, mayEdit, mayArrange, mayRun, isBusy, canUndo, canRedo, runId }, does) {
  const hasCanvas = view !== "notebook";
  return [
    mayRun && !isBusy && { label: "Run everything", icon: "play", keys: "Ctrl ↵", run: does.runAll },
    mayRun && !isBusy && { label: "Run what is stale", icon: "play", run: does.runStale },
    mayRun && isBusy && { label: "Cancel the run", icon: "square", run: does.cancel },
    mayEdit && { label: "Publish", icon: "publish", run: does.publish, isNarrow: true },
    { label: "Versions", icon: "history", run: does.versions, isNarrow: true },
    { label: "Comments", icon: "comment", run: does.comments, isNarrow: true },
    runId && { label: "Open the run", icon: "right", href: `/runs/${runId}`, isNarrow: true },
    mayArrange && { label: "Tidy up", icon: "wand", keys: "Shift L", run: does.tidyUp, isNarrow: true },
    mayArrange && hasCanvas && { label: "Add a sticky note", icon: "sticky", keys: "Shift N", run: does.addNote, isNarrow: true },
    hasCanvas && { label: "Fit everything", icon: "maximize", keys: "Ctrl 0", run: does.fit },
    canUndo && { label: "Undo", icon: "undo", keys: "Ctrl Z", run: does.undo },
    canRedo && { label: "Redo", icon: "redo", keys: "Ctrl Shift Z", run: does.redo },
    ...VIEWS.filter(([name]) => name !== view).map(([name, label]) => ({ label, icon: name, keys: "Ctrl .", run: () => does.show(name) })),
  ].filter(Boolean).map((command) => ({ group: "Editor", ...command }));
}
