// Draws a Plotly figure in the colours of the page; loaded by values.jsx when there is one to draw.
import Plotly from "plotly.js-basic-dist-min";
import { useEffect, useRef, useState } from "react";

const SERIES = ["--accent", "--c-data", "--c-logic", "--c-models", "--ok", "--fail", "--run", "--stale"];
const HEIGHT = 320;

function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: colour("--line"), linecolor: colour("--line2"), zerolinecolor: colour("--line2"), tickcolor: colour("--line2"), automargin: true };
  return {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: style.getPropertyValue("--text"), size: 12, color: colour("--ink2") },
      title: { font: { size: 14, color: colour("--ink") }, x: 0, xanchor: "left" }, colorway: SERIES.map(colour), xaxis: axis, yaxis: axis,
      hoverlabel: { bgcolor: colour("--ink"), bordercolor: colour("--ink"), font: { color: colour("--panel") } }, legend: { bgcolor: "rgba(0,0,0,0)" },
    },
  };
}

// The template is the page's own; pictures from elsewhere, menus and sliders are left out.
function layoutOf(given) {
  const { template, images, updatemenus, sliders, width, ...layout } = given ?? {};
  const margin = { l: 48, r: 16, t: layout.title ? 44 : 16, b: 40, ...layout.margin };
  return { ...layout, template: theme(), margin, autosize: true, height: Math.min(Number(layout.height) || HEIGHT, 900) };
}

export default function Plot({ figure }) {
  const box = useRef(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const element = box.current;
    let isWanted = true;
    setError("");
    const draw = async () => {
      try {
        // Plotly writes into what it is given.
        await Plotly.react(element, structuredClone(figure.data), layoutOf(structuredClone(figure.layout)), { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtonsToRemove: ["sendDataToCloud", "lasso2d", "select2d"], showTips: false });
      } catch (problem) {
        if (isWanted) setError(`This figure cannot be drawn: ${problem.message ?? problem}.`);
      }
    };
    draw();
    // Light turns dark on the class of the root element.
    const watch = new MutationObserver(draw);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    return () => {
      isWanted = false;
      watch.disconnect();
      Plotly.purge(element);
    };
  }, [figure]);
  const title = figure.layout?.title;
  const said = typeof title === "string" ? title : title?.text ?? "Plot";
  return (
    <>
      {error && <p className="note">{error}</p>}
      <div ref={box} className="value-plot" role="figure" aria-label={said} hidden={Boolean(error)} />
    </>
  );
}
