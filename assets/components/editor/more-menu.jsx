// In narrow windows: what the bar and the canvas have no room for.
import { useId, useState } from "react";
import { isBusy, paid, predicted } from "./faces.js";
import { Icon } from "./icons.jsx";
import { useEditor } from "./store.js";
import { useCommands } from "./use-commands.js";

const COSTS = { "": "…", free: "nothing", "nothing to pay": "nothing" };

export function MoreMenu(props) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="more-menu">
      <button type="button" className="button icon-only" popoverTarget={id} aria-haspopup="true" title="More" data-testid="editor-more"><Icon name="more" /><span className="sr-only">More</span></button>
      <div popover="auto" id={id} className="menu" data-testid="editor-more-menu" onToggle={(event) => setOpen(event.newState === "open")}>
        {isOpen && <Items {...props} onDone={() => document.getElementById(id)?.hidePopover()} />}
      </div>
    </div>
  );
}

function Items({ onDone, ...props }) {
  const draft = useEditor((state) => state.draft);
  const mayEdit = useEditor((state) => state.mayEdit);
  const mayRun = useEditor((state) => state.mayRun);
  const run = useEditor((state) => state.run);
  const commands = useCommands(props).filter((command) => command.isNarrow);
  return (
    <>
      {!mayEdit && <p className="menu-head"><span><Icon name="lock" size={12} /> You can look, not change</span></p>}
      {mayRun && !isBusy(run) && <p className="menu-head"><span>A run would cost <strong>{COSTS[predicted(draft)] ?? predicted(draft)}</strong></span></p>}
      {paid(run) && <p className="menu-head"><span>The last run: <strong>{paid(run)}</strong></span></p>}
      {commands.map(({ label, icon, href, run }) => (href
        ? <a key={label} className="menu-item" href={href}><Icon name={icon} size={15} /> {label}</a>
        : <button key={label} type="button" className="menu-item" onClick={() => { onDone(); run(); }}><Icon name={icon} size={15} /> {label}</button>))}
    </>
  );
}
