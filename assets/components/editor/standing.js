// How one node's last run stands, for whoever draws just that node.
import { useMemo } from "react";
import { standing } from "./faces.js";
import { useEditor } from "./store.js";

export function useStanding(id) {
  const draft = useEditor((state) => state.draft);
  const step = useEditor((state) => state.steps[id]);
  return useMemo(() => standing({ draft, steps: { [id]: step } }, id), [draft, step, id]);
}
