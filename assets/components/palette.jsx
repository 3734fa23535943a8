// The search button of the top bar, the command palette (Ctrl+K), the list of keys (?) and the keys.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { useOffered } from "./commands.js";
import { useFound } from "./finding.js";
import { Keys } from "./keys.jsx";

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable=true]");

function matches(command, query) {
  const text = `${command.label} ${command.group}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export function Palette({ commands, keys, onTheme }) {
  const navigate = useNavigate();
  const palette = useRef(null);
  const help = useRef(null);
  const pending = useRef(null);
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const offered = useOffered();
  const { found: named, isLooking } = useFound(isOpen ? query : "");
  // What is found by name comes last, so that nothing moves under the one that is chosen.
  const found = useMemo(
    () => [...[...offered, ...commands].filter((command) => matches(command, query)), ...named],
    [offered, commands, named, query],
  );

  const open = () => {
    setQuery("");
    setActive(0);
    help.current.close();
    setOpen(true);
    if (!palette.current.open) palette.current.showModal();
  };
  const run = (command) => {
    palette.current.close();
    if (command.run) command.run();
    else if (command.href) navigate(command.href);
    else if (command.action === "theme") onTheme();
    else if (command.action === "new") {
      const button = document.querySelector("[data-key='new']");
      if (button) button.click();
      else navigate("/workflows#new");
    }
    else if (command.action === "keys") help.current.showModal();
  };

  useEffect(() => {
    const onKey = (event) => {
      // Somebody nearer has taken it, such as a comment that Ctrl Enter sends.
      if (event.defaultPrevented) return;
      const control = event.ctrlKey || event.metaKey;
      if (control && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open();
        return;
      }
      if (control && event.key === "Enter") {
        const button = document.querySelector("[data-key='run']:not(:disabled)");
        if (button) event.preventDefault();
        button?.click();
        return;
      }
      if (control || event.altKey || isTyping(event.target) || document.querySelector("dialog[open], [popover]:popover-open")) return;
      if (event.key === "/") {
        const box = document.querySelector("[data-key='find']");
        if (box) event.preventDefault();
        box?.focus();
        return;
      }
      const pressed = pending.current ? `${pending.current} ${event.key}` : event.key;
      pending.current = null;
      const command = commands.find((candidate) => candidate.keys === pressed);
      // A key pressed by chance does not lead away from a page.
      if (command?.action === "new" && !document.querySelector("[data-key='new']")) return;
      if (command) {
        event.preventDefault();
        run(command);
      } else if (event.key === "g") {
        pending.current = "g";
        setTimeout(() => { pending.current = null; }, 1000);
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });

  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const onInputKey = (event) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((active + step + found.length) % Math.max(found.length, 1));
    } else if (event.key === "Enter" && found[active]) {
      event.preventDefault();
      run(found[active]);
    }
  };
  const closeOnVeil = (event) => event.target === event.currentTarget && event.currentTarget.close();

  return (
    <>
      <button type="button" className="search" data-testid="palette-open" onClick={open}>
        <SearchIcon />
        <span>Search or do anything</span>
        <Keys>Ctrl K</Keys>
      </button>
      <dialog ref={palette} className="palette" aria-label="Commands" onClick={closeOnVeil} onClose={() => setOpen(false)}>
        <div className="palette-box">
          <div className="palette-field">
            <SearchIcon />
            <input
              autoFocus
              role="combobox"
              aria-label="Search or do anything"
              aria-expanded="true"
              aria-controls={`${id}-list`}
              aria-activedescendant={found[active] ? `${id}-${active}` : undefined}
              data-testid="palette-query"
              placeholder="Go to a page, a workflow or a run…"
              value={query}
              onChange={(event) => { setQuery(event.target.value); setActive(0); }}
              onKeyDown={onInputKey}
            />
          </div>
          <ul role="listbox" id={`${id}-list`} aria-label="Commands">
            {found.map((command, index) => (
              <li
                key={`${command.group}/${command.label}/${command.href}`}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === active}
                onMouseMove={() => setActive(index)}
                onClick={() => run(command)}
              >
                <span>{command.label}</span>
                <span className="palette-group">{command.group}</span>
                {command.keys && <Keys>{command.keys}</Keys>}
              </li>
            ))}
          </ul>
          {found.length === 0 && <p className="palette-none" role="status">{isLooking ? "Looking…" : `Nothing is called “${query}”. Try another word.`}</p>}
        </div>
      </dialog>
      <dialog ref={help} className="palette" aria-label="Keys" onClick={closeOnVeil}>
        <div className="palette-box keys" data-testid="keys">
          <h2>Keys</h2>
          {keys.map((group) => (
            <section key={group.title}>
              <h3>{group.title}</h3>
              <dl>
                {group.rows.map((row) => (
                  <div key={row.keys}><dt>{row.label}</dt><dd><Keys>{row.keys}</Keys></dd></div>
                ))}
              </dl>
            </section>
          ))}
          <form method="dialog"><button className="button">Close</button></form>
        </div>
      </dialog>
    </>
  );
}

const SearchIcon = () => (
  <svg aria-hidden="true" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round">
    <circle cx="11" cy="11" r="8" /><path d="m21 21-4.3-4.3" />
  </svg>
);

// Widens the rail to show its labels; boot.js puts the choice back before the first paint.
export function RailToggle({ children }) {
  const toggle = () => {
    const wide = document.documentElement.dataset.rail !== "wide";
    document.documentElement.dataset.rail = wide ? "wide" : "narrow";
    localStorage.setItem("rail", wide ? "wide" : "narrow");
  };
  return (
    <button type="button" className="rail-item rail-toggle" onClick={toggle} aria-label="Show or hide labels">
      {children}
    </button>
  );
}

// A plain link: one of the router would name the page, and so would not stay on it.
export const SkipLink = () => <a className="skip" href="#main">Skip to content</a>;
