// The palette at the left: every kind of node, by category, to drag or to add with Enter.
import { useState } from "react";
import { addNode } from "./actions.js";
import { CATEGORIES, hasStart, offers } from "./catalogue.js";
import { useEditor } from "./store.js";
import { Icon } from "./icons.jsx";
import { TypeMark } from "../marks.jsx";

function Item({ offer }) {
  const onDragStart = (event) => {
    event.dataTransfer.setData("application/x-flowstudio-node", `${offer.type} ${offer.mode}`);
    event.dataTransfer.effectAllowed = "copy";
  };
  return (
    <button type="button" className="palette-item" draggable onDragStart={onDragStart} onClick={() => addNode(offer.type, offer.mode)} title={offer.about} data-testid={`palette-${offer.key}`}>
      <TypeMark type={offer.type} category={offer.category} />
      <span>{offer.title}</span>
    </button>
  );
}

export function NodePalette() {
  const types = useEditor((state) => state.types);
  const [query, setQuery] = useState("");
  const isStarted = useEditor((state) => hasStart(state.document));
  const found = offers(types, query, isStarted);
  const addFirst = (event) => {
    if (event.key === "Enter" && found[0] && !event.nativeEvent.isComposing) {
      event.preventDefault();
      addNode(found[0].type, found[0].mode);
    }
  };
  return (
    <aside className="node-palette" aria-label="Nodes to add">
      <label className="find">
        <Icon name="search" />
        <input type="search" placeholder="Add a node" aria-label="Find a node to add" value={query} onChange={(event) => setQuery(event.target.value)} onKeyDown={addFirst} data-testid="palette-search" />
        <kbd>/</kbd>
      </label>
      {CATEGORIES.map(([category, title]) => {
        const here = found.filter((offer) => offer.category === category);
        if (!here.length) return null;
        return (
          <section key={category}>
            <h2>{title}</h2>
            {here.map((offer) => <Item key={offer.key} offer={offer} />)}
          </section>
        );
      })}
      {!found.length && <p className="faint">Nothing is called “{query}”.</p>}
    </aside>
  );
}
