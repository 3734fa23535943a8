// The mark of what became of something between two versions: a sign as well as a colour.
export const SIGNS = { added: "+", removed: "−", changed: "±", moved: "↔" };
export const WORDS = { added: "Added", removed: "Removed", changed: "Changed", moved: "Moved" };

export function Sign({ state, count = 0 }) {
  return (
    <span className="change-sign" data-change={state}>
      <span aria-hidden="true">{SIGNS[state]}{state === "changed" && count > 0 && <b>{count}</b>}</span>
      <span className="unseen">{WORDS[state]}{count > 0 && `, ${count} ${count === 1 ? "field" : "fields"}`}</span>
    </span>
  );
}
