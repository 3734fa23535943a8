// Habits that are kept in this browser; where its storage is full, until the page is left.
export function keepHere(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Nothing that somebody made is lost with it.
  }
}
