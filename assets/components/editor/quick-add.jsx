// The list of nodes to add: at the pointer, at the end of a wire, or between two cells.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { hasStart, offers } from "./catalogue.js";
import { read, useEditor } from "./store.js";
import { Icon } from "./icons.jsx";
import { TypeMark } from "../marks.jsx";
import { mayEnd } from "./wire-end.js";

export function QuickAdd({ x, y, from, onPick, onClose, className = "" }) {
  const types = useEditor((state) => state.types);
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef(null);
  const id = useId();
  const found = useMemo(
    () => offers(types, query, hasStart(read().document)).filter((offer) => !from || mayEnd(read(), from, offer)),
    [types, query, from],
  );
  useEffect(() => { list.current?.children[active]?.scrollIntoView({ block: "nearest" }); }, [active]);
  const pick = (offer) => {
    onClose();
    onPick(offer);
  };
  const onKeyDown = (event) => {
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setActive((active + step + found.length) % Math.max(found.length, 1));
    else if (event.key === "Enter" && found[active]) pick(found[active]);
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
  };
  return (
    <div className={`quick-add ${className}`} style={{ left: x, top: y }} role="dialog" aria-label={from?.isBack ? "Add a node before this one" : "Add a node"} data-testid="quick-add"
      onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || onClose()}>
      <div className="palette-field">
        <Icon name="search" />
        <input
          autoFocus role="combobox" aria-expanded="true" aria-controls={`${id}-list`} aria-label="Find a node"
          aria-activedescendant={found[active] ? `${id}-${active}` : undefined} placeholder="Add a node" value={query} data-testid="quick-add-search"
          onChange={(event) => { setQuery(event.target.value); setActive(0); }} onKeyDown={onKeyDown}
        />
      </div>
      <ul ref={list} role="listbox" id={`${id}-list`} aria-label="Nodes">
        {found.map((offer, index) => (
          <li
            key={offer.key} id={`${id}-${index}`} role="option" aria-selected={index === active} data-testid={`add-${offer.key}`}
            onPointerMove={() => setActive(index)} onPointerDown={(event) => event.preventDefault()} onClick={() => pick(offer)}
          >
            <TypeMark type={offer.type} category={offer.category} />
            <span className="quick-words"><span>{offer.title}</span><small>{offer.about}</small></span>
          </li>
        ))}
      </ul>
      {!found.length && <p className="palette-none">Nothing is called “{query}”.</p>}
    </div>
  );
}
