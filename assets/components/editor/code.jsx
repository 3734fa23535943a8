// A field of code. CodeMirror comes by itself, when a field of code first comes into sight; until then
// a plain box of the same size stands there and keeps what is typed.
//
// CodeField({value, onChange, language, context, problems, minLines, onRun, label, testId, disabled})
//   language: "template", "expression", "python", "json" or "markdown".
//   context: {names: [{name, kind, sample}]}: what completion offers, with the fields of each sample.
//   onRun: of Shift+Enter.
// Tab leaves the field; in Python it indents, and Escape then Tab leaves.
import { useEffect, useId, useRef, useState } from "react";

let loaded = null;
const load = () => import("./code-editor.jsx").then((module) => (loaded = module.default));

const MOST_LINES = 24;

export function CodeField(props) {
  const { value = "", language = "template", minLines = 1, disabled, problems = [] } = props;
  const help = useId();
  const box = useRef(null);
  const isComposing = useRef(false);
  const [Editor, setEditor] = useState(() => loaded);
  const [selection, setSelection] = useState(null);
  const lines = Math.min(MOST_LINES, Math.max(minLines, String(value).split("\n").length));

  useEffect(() => {
    if (Editor) return undefined;
    let isWanted = true;
    const arrive = () => {
      if (!isWanted) return;
      const area = box.current?.querySelector("textarea");
      // A word half composed would be lost; it arrives after it.
      if (isComposing.current) area.addEventListener("compositionend", arrive, { once: true });
      else {
        if (area && area === document.activeElement) setSelection([area.selectionStart, area.selectionEnd]);
        setEditor(() => loaded);
      }
    };
    const see = (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      sight.disconnect();
      // Without it, the plain box goes on working.
      load().then(arrive, () => {});
    };
    const sight = new IntersectionObserver(see, { rootMargin: "300px" });
    sight.observe(box.current);
    return () => {
      isWanted = false;
      sight.disconnect();
    };
  }, [Editor]);

  const describedBy = [props.describedBy, language === "python" && help].filter(Boolean).join(" ") || undefined;
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || event.shiftKey) || !props.onRun) return;
    event.preventDefault();
    event.stopPropagation();
    props.onRun();
  };
  return (
    <div className="code-field" ref={box} data-language={language} data-invalid={problems.length > 0 || undefined} data-disabled={disabled || undefined} style={{ "--lines": minLines, "--most": MOST_LINES }}>
      {Editor ? (
        <Editor {...props} value={String(value)} language={language} describedBy={describedBy} selection={selection} />
      ) : (
        <textarea
          className="code-plain" rows={lines} value={value} readOnly={disabled} placeholder={props.placeholder} spellCheck={false} autoComplete="off" autoCapitalize="none"
          aria-label={props.label} aria-describedby={describedBy} aria-invalid={problems.length > 0} data-testid={props.testId}
          onChange={(event) => props.onChange(event.target.value)} onKeyDown={onKeyDown}
          onCompositionStart={() => { isComposing.current = true; }} onCompositionEnd={() => { isComposing.current = false; }}
        />
      )}
      {language === "python" && <p className="unseen" id={help}>Tab indents here. Press Escape, then Tab, to leave.</p>}
    </div>
  );
}
