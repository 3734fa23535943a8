// The graph of a run. The picture is sent once; each node listens to its own state.
import { useLive } from "../live.jsx";
import { TypeMark } from "../marks.jsx";

export function RunPicture({ selected, onSelect }) {
  const drawing = useLive("picture");
  if (!drawing) return null;
  const { nodes, edges, width, height, zoom } = drawing;
  return (
    <div className="picture" tabIndex={0} role="region" aria-label="Graph of the workflow">
      <div className="picture-sheet" style={{ width, height, zoom }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map((edge, index) => <Wire key={index} edge={edge} />)}
        </svg>
        {nodes.map((node) => (
          <Node key={node.name} node={node} isSelected={selected?.split("/").at(-1) === node.name} onSelect={onSelect} />
        ))}
      </div>
    </div>
  );
}

function Wire({ edge }) {
  const from = useLive(`state:${edge.source}`) ?? "idle";
  const to = useLive(`state:${edge.target}`) ?? "idle";
  return <path d={edge.path} className="wire" data-from={from} data-to={to} />;
}

function Node({ node, isSelected, onSelect }) {
  const state = useLive(`state:${node.name}`) ?? "idle";
  // Only what began has details; inside a container there may be many, which the timeline tells apart.
  const canSelect = state !== "idle";
  return (
    <div
      className={node.frame ? "node frame" : "node"} data-testid={`node-${node.name}`} data-state={state}
      data-selected={isSelected || undefined}
      onClick={canSelect ? () => onSelect(node.name) : undefined}
      style={{ left: node.x, top: node.y, width: node.width, height: node.height }}
    >
      <TypeMark type={node.type} category={node.category} size={14} />
      <span className="node-words">
        <span className="node-name">{node.name}</span>
        <span className="node-title">{node.title}</span>
      </span>
    </div>
  );
}
