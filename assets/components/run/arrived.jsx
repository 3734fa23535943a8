// The page of a run, once what is drawn of it has come: nothing moves when it appears.
import { useLive } from "../live.jsx";

export function RunArrived({ children }) {
  if (useLive("steps")) return children;
  return (
    <div className="skeleton" aria-hidden="true">
      {[40, 180, 90, 90, 90].map((height, index) => <div key={index} className="bone" style={{ height }} />)}
    </div>
  );
}
