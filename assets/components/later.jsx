// Parts of a page whose code comes when it is first needed, or when the browser has nothing else to do.
import { lazy, Suspense } from "react";

// `load` imports a module whose default is the part; `className` gives what stands there meanwhile the
// part's own place and size, and `waiting` is seen in it. `load()` of the result fetches the code ahead.
export function later(load, className, waiting = <p className="faint part-wait">One moment…</p>) {
  // A new build may have taken the place of the files this page knows.
  const Part = lazy(() => load().catch(() => ({ default: () => <Lost className={className} /> })));
  const Later = (props) => (
    <Suspense fallback={<div className={className} aria-busy="true">{waiting}</div>}>
      <Part {...props} />
    </Suspense>
  );
  Later.load = () => load().catch(() => {});
  return Later;
}

const Lost = ({ className }) => (
  <div className={className} role="alert">
    <p className="faint part-wait">
      This part could not be loaded. The server may have a newer version by now.{" "}
      <button type="button" className="text-link" onClick={() => location.reload()}>Load the page anew</button>
    </p>
  </div>
);

// Does `work` once the browser has time for it, after `timeout` ms at the latest; gives what calls it off.
export function whenIdle(work, timeout = 1500) {
  if (!window.requestIdleCallback) {
    const timer = setTimeout(work, 200);
    return () => clearTimeout(timer);
  }
  const waiting = requestIdleCallback(work, { timeout });
  return () => cancelIdleCallback(waiting);
}
