// A field for a time zone: every zone this browser knows, and its own to begin with.
import { useEffect, useState } from "react";

const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const known = () => ["UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? []).filter((name) => name !== "UTC")];

export function ZoneInput({ id, name, value, isInvalid, describedBy, testId, onChange }) {
  // Filled in after the first paint: the page's first HTML knows nothing of this browser.
  const [text, setText] = useState(value);
  const [zones, setZones] = useState([]);
  useEffect(() => {
    setZones(known());
    if (value) return;
    setText(own());
    onChange?.(own());
  }, []);
  return (
    <>
      <input
        id={id} name={name} className="input" value={text} list={`${id}-zones`} autoComplete="off" spellCheck={false} maxLength={64}
        aria-invalid={isInvalid} aria-describedby={describedBy} data-testid={testId}
        onChange={(event) => { setText(event.target.value); onChange?.(event.target.value); }}
      />
      <datalist id={`${id}-zones`}>{zones.map((zone) => <option key={zone} value={zone} />)}</datalist>
    </>
  );
}
