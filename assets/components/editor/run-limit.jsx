// How many runs of this workflow go on at once. It belongs to the queue and not to the document: no
// version carries it, and whatever is imported or restored leaves it as it is.
import { useEffect, useState } from "react";
import { ask, say, textOf, useEditor } from "./store.js";

const MOST = 100_000;

export function RunLimit() {
  const mayEdit = useEditor((state) => state.mayEdit);
  const [kept, setKept] = useState(null);
  const [typed, setTyped] = useState(null);
  useEffect(() => {
    let isOver = false;
    ask("GET", "/run-limit").then((reply) => { if (reply.ok && !isOver) setKept(reply.body); });
    return () => { isOver = true; };
  }, []);
  const wrong = typed !== null && !reads(typed);
  const keep = async () => {
    if (typed === null || wrong) return;
    const most = typed.trim() === "" ? null : Number(typed);
    if (most === kept.most_at_once) return setTyped(null);
    const reply = await ask("PUT", "/run-limit", { most_at_once: most });
    if (!reply.ok) return say(textOf(reply), "error");
    setKept({ most_at_once: most });
    setTyped(null);
    say(most === null ? "Its runs go on as there is room." : `At most ${most} of its runs go on at once.`);
  };
  return (
    <div className="field">
      <label htmlFor="run-limit">Runs at once</label>
      <input id="run-limit" className="input" inputMode="numeric" autoComplete="off" value={typed ?? kept?.most_at_once ?? ""} disabled={!mayEdit || !kept} aria-invalid={wrong || undefined}
        aria-describedby={wrong ? "run-limit-wrong" : "run-limit-help"} data-testid="field-run-limit"
        onChange={(event) => setTyped(event.target.value)} onBlur={keep} onKeyDown={(event) => event.key === "Enter" && keep()} />
      {wrong
        ? <p className="field-error" id="run-limit-wrong">A whole number from 1 to 100,000, or nothing.</p>
        : <p className="field-help" id="run-limit-help">of this workflow; what is beyond waits its turn. Holds at once, for every version; empty for as many as there is room for</p>}
    </div>
  );
}

const reads = (text) => text.trim() === "" || (/^\d{1,6}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= MOST);
