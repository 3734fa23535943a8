// Copies a text; gives whether the browser let it. On an address that is not safe, it has only the older way.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text) {
  const [box, before] = [document.createElement("textarea"), document.activeElement];
  box.value = text;
  box.style.cssText = "position: fixed; opacity: 0";
  // Within an open dialog nothing outside of it can be selected.
  (before?.closest?.("dialog[open]") ?? document.body).append(box);
  box.select();
  const isIn = document.execCommand("copy");
  box.remove();
  before?.focus?.();
  return isIn;
}
