// Values that the server pushes to a page, drawn as suits them.
import { useLive } from "./live.jsx";
import { ValueView } from "./editor/values.jsx";

export { Prose } from "./editor/values.jsx";

// `name` is a key of the live store; its value is {sections, note, plain}; plain text is no markdown.
export function LiveValue({ name }) {
  const shown = useLive(name);
  if (shown === undefined) return null;
  return (
    <div className="value">
      {shown.sections.map((section, index) => (
        <div key={index} className="value-section">
          {section.name && <div className="value-name">{section.name}</div>}
          <ValueView value={section.value} name={section.name || undefined} preferred={shown.plain ? "text" : undefined} />
        </div>
      ))}
      {shown.note && <p className="note">{shown.note}</p>}
    </div>
  );
}
