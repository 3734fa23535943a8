// Workflows and runs by name, for the command palette.
import { useEffect, useState } from "react";
import { foundCommands } from "./found-commands.js";
import { sendSignedIn } from "./rest.js";

const WAIT_MS = 200;
const LEAST = 2;
const NONE = [];

// `isLooking` until the server has answered for these words. What cannot be looked up is left out: the
// palette's own commands do without.
export function useFound(query) {
  const words = query.trim();
  const [{ of, found }, setFound] = useState({ of: "", found: NONE });
  useEffect(() => {
    if (words.length < LEAST) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const text = encodeURIComponent(words);
      const ask = (path) => sendSignedIn("GET", `/api/v1/${path}`, undefined, { signal: stop.signal });
      const replies = await Promise.all([ask(`workflows?search=${text}&limit=6`), ask(`runs?text=${text}&drafts=true&limit=5`)]);
      if (stop.signal.aborted) return;
      const [workflows, runs] = replies.map(({ ok, body }) => (ok ? body.items : NONE));
      setFound({ of: words, found: foundCommands(workflows, runs) });
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [words]);
  const isAsked = words.length >= LEAST;
  return { found: isAsked && of === words ? found : NONE, isLooking: isAsked && of !== words };
}
