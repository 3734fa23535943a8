// Brings what was selected or looked at elsewhere (the notebook, a problem, a search, a person) into view.
import { useEffect } from "react";
import { boxOf, sizes } from "./actions.js";
import { read } from "./store.js";

export function useReveal(rf, box) {
  useEffect(() => {
    const isStill = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    // What was just added is not React Flow's yet: the document knows where it stands.
    const middle = (id) => {
      const { x, y } = boxOf(read().document, id);
      const { width = 184, height = 92 } = sizes.get(id) ?? {};
      return { x: x + width / 2, y: y + height / 2 };
    };
    const onReveal = ({ detail: id }) => {
      const board = box.current?.getBoundingClientRect();
      const { nodes, notes } = read().document;
      if (!board || !(nodes.has(id) || notes.has(id))) return;
      const at = middle(id);
      const seen = rf.flowToScreenPosition(at);
      const isFar = Math.hypot(seen.x - board.left - board.width / 2, seen.y - board.top - board.height / 2) > board.width + board.height;
      rf.setCenter(at.x, at.y, { zoom: Math.max(rf.getZoom(), 0.8), ...(isFar || isStill ? {} : { duration: 150 }) });
    };
    // As `reveal`, but only what cannot be seen.
    const onShow = (event) => {
      const board = box.current?.getBoundingClientRect();
      if (!board) return;
      const at = rf.flowToScreenPosition(boxOf(read().document, event.detail));
      const isSeen = at.x > board.left && at.y > board.top && at.x < board.right - 150 && at.y < board.bottom - 80;
      if (!isSeen) onReveal(event);
    };
    const onLook = ({ detail: { x, y, zoom } }) => rf.setCenter(x, y, { zoom, ...(isStill ? {} : { duration: 150 }) });
    const onFit = () => rf.fitView({ maxZoom: 1, padding: 0.15 });
    const listeners = Object.entries({ "editor-reveal": onReveal, "editor-show": onShow, "editor-look": onLook, "editor-fit": onFit });
    for (const [name, listener] of listeners) window.addEventListener(name, listener);
    return () => { for (const [name, listener] of listeners) window.removeEventListener(name, listener); };
  }, [rf]);
}
