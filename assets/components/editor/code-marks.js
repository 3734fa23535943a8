// How templates and expressions are coloured, and which part of a text a problem is about.
import { Decoration, ViewPlugin } from "@codemirror/view";

const TOKEN = /("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|(\b\d[\d_.]*\b)|(\b(?:and|or|not|in|is|if|else|for|lambda|True|False|None)\b)|([A-Za-z_]\w*)/g;
const CLASSES = [null, "tok-string", "tok-number", "tok-keyword", "tok-variableName"];
const HOLE = Decoration.mark({ class: "cm-hole" });
const MARKS = CLASSES.map((name) => name && Decoration.mark({ class: name }));

// Where a text holds expressions: [from, to] without the braces.
function holesOf(text, language) {
  if (language === "expression") return [[0, text.length]];
  const found = [];
  for (let start = text.indexOf("{{"); start >= 0; start = text.indexOf("{{", start)) {
    const end = text.indexOf("}}", start);
    if (end < 0) {
      found.push([start + 2, text.length]);
      break;
    }
    found.push([start + 2, end]);
    start = end + 2;
  }
  return found;
}

function marks(view, language) {
  const text = view.state.doc.toString();
  const ranges = [];
  for (const [from, to] of holesOf(text, language)) {
    if (language !== "expression") ranges.push(HOLE.range(from - 2, Math.min(to + 2, text.length)));
    for (const token of text.slice(from, to).matchAll(TOKEN)) {
      const kind = token.slice(1).findIndex((part) => part !== undefined) + 1;
      ranges.push(MARKS[kind].range(from + token.index, from + token.index + token[0].length));
    }
  }
  return Decoration.set(ranges, true);
}

export const markup = (language) =>
  ViewPlugin.fromClass(
    class {
      constructor(view) {
        this.decorations = marks(view, language);
      }

      update(update) {
        if (update.docChanged) this.decorations = marks(update.view, language);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );

// A problem names what it is about in quotes; without that, all expressions are meant, or the line.
export function placesOf(text, language, message) {
  if (language === "python") {
    const line = Number(message.match(/^Line (\d+)\b/)?.[1]);
    if (line) {
      const lines = text.split("\n");
      const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      return [[from, from + (lines[line - 1]?.length ?? 0)]];
    }
  }
  const holes = ["template", "expression", "markdown"].includes(language) ? holesOf(text, language) : [[0, text.length]];
  for (const [, , quoted] of message.matchAll(/(['`"])(.+?)\1/g)) {
    const word = quoted.replace(/…$/, "");
    const isWord = /^\w+$/.test(word);
    for (const [from, to] of holes) {
      const inside = text.slice(from, to);
      const at = isWord ? inside.search(new RegExp(`\\b${word}\\b`)) : inside.indexOf(word);
      if (at >= 0) return [[from + at, from + at + word.length]];
    }
  }
  const spans = holes.filter(([from, to]) => to > from);
  return spans.length ? spans : text ? [[0, text.length]] : [];
}
