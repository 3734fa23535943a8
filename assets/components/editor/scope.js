// The names an expression of a node may use, each with a sample of its last value.
import { useEffect, useState } from "react";
import { ask, useEditor } from "./store.js";

const kept = new Map();

// With `isWanted` false, what was last heard is enough: a notebook has many cells, a person writes in one.
export function useScope(id, isWanted = true) {
  const workflow = useEditor((state) => state.id);
  const edges = useEditor((state) => state.document.edges);
  const results = useEditor((state) => state.draft?.results);
  const inputs = useEditor((state) => state.draft?.inputs);
  const isDragging = useEditor((state) => state.isDragging);
  const key = `${workflow} ${id}`;
  const [names, setNames] = useState(kept.get(key) ?? []);
  useEffect(() => {
    if (isDragging || !isWanted) return undefined;
    let isHere = true;
    const timer = setTimeout(async () => {
      const reply = await ask("GET", `/scope/${encodeURIComponent(id)}`);
      if (!isHere || !reply.ok) return;
      kept.set(key, reply.body.names);
      setNames(reply.body.names);
    }, kept.has(key) ? 400 : 60);
    return () => {
      isHere = false;
      clearTimeout(timer);
    };
  }, [key, edges, results, inputs, isDragging, isWanted]);
  return names;
}
