// Shortcuts as this platform's keyboards name them.
import { useEffect, useState } from "react";

const MAC = { Ctrl: "⌘", Shift: "⇧", Alt: "⌥", Delete: "⌫" };

// For text that is only ever written in a browser.
export const shortcut = (text) =>
  /Mac|iPhone|iPad/.test(navigator.platform) ? text.replace(/Ctrl|Shift|Alt|Delete/g, (name) => MAC[name]) : text;

// The page as it was built names the keys of other keyboards, until it has come to life.
export function Keys({ children }) {
  const [text, setText] = useState(children);
  useEffect(() => setText(shortcut(children)), [children]);
  return <kbd>{text}</kbd>;
}
