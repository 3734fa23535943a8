// Copies a text, and says whether the browser let it.
import { copy } from "./copy.js";
import { Copy } from "lucide-react";

export function CopyButton({ text, label, testId }) {
  const onClick = async () => {
    const isIn = await copy(text);
    window.flowstudio.toast(isIn ? "Copied." : "Copying was refused. Select the text and copy it yourself.", isIn ? "info" : "error");
  };
  return <button type="button" className="button" aria-label={label} data-testid={testId} onClick={onClick}><Copy size={14} aria-hidden="true" /> Copy</button>;
}
