// The threads of comments on the workflow and on what stands in it.
import { once } from "./once.js";
import { ask, onLoss, onMessage, read, set, textOf } from "./store.js";

export async function loadComments() {
  const { id } = read();
  const reply = await ask("GET", "/comments");
  if (read().id !== id) return;
  set(reply.ok ? { comments: reply.body.items, commentsProblem: "" } : { commentsProblem: textOf(reply) });
}
onMessage("comment", loadComments);
onLoss(loadComments);

// How many threads are open, by the id of what they are about; "" is the workflow itself.
export const openThreads = once((comments) => {
  const counts = new Map();
  for (const each of comments) if (!each.resolved_at && !each.thread_id) counts.set(each.node_id, (counts.get(each.node_id) ?? 0) + 1);
  return counts;
});
