// Runs before the first paint, without the app: the rail's width, secrets out of the address, and
// the session kept alive for as long as a page is open.
document.documentElement.dataset.rail = localStorage.getItem("rail") ?? "narrow";

// Not an error: what came into sight while sizes were told is measured a frame later. Those who listen
// for errors would report it.
window.addEventListener("error", (event) => {
  if (!event.message?.startsWith("ResizeObserver loop")) return;
  event.stopImmediatePropagation();
  event.preventDefault();
});

window.flowstudio = (() => {
  const HINT = /(?:^|;\s*)fs_until=(\d+)/;
  const ACCESS_MS = 600_000;
  const EARLY_MS = 60_000;
  const RETRY_MS = 15_000;
  const OPEN_PAGES = ["/setup", "/sign-in", "/register", "/forgot", "/reset", "/verify", "/invitation"];

  // Reflex knows a page by both `/sign-in` and `/sign-in/`.
  const page = () => location.pathname.replace(/(.)\/+$/, "$1");
  const isOpen = () => OPEN_PAGES.includes(page());

  // A link's secret would go to the server with every event of the page: it leaves the address and
  // waits here for the form that posts it.
  const query = new URLSearchParams(location.search);
  if (isOpen() && query.has("token")) {
    sessionStorage.setItem(`token:${page()}`, query.get("token"));
    query.delete("token");
    history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : ""));
  }
  const token = (path = page()) => sessionStorage.getItem(`token:${path}`) ?? "";
  const keepToken = (path, secret) => sessionStorage.setItem(`token:${path}`, secret);

  // Only a place of this site; anything else becomes the first page.
  const local = (path) => {
    if (typeof path !== "string" || !path.startsWith("/")) return "/";
    const url = URL.canParse(path, location.origin) ? new URL(path, location.origin) : null;
    return url?.origin === location.origin ? url.pathname + url.search + url.hash : "/";
  };
  const next = () => local(new URLSearchParams(location.search).get("next"));
  const here = () => location.pathname + location.search;

  // When access ends, by this machine's clock, which need not agree with the server's.
  const hint = () => Number(document.cookie.match(HINT)?.[1] ?? 0) * 1000;
  const note = () => localStorage.setItem("access", JSON.stringify([hint(), Date.now() + ACCESS_MS]));
  const endsAt = () => {
    const until = hint();
    const [noted, end] = JSON.parse(localStorage.getItem("access") ?? "[0, 0]");
    if (noted === until) return end;
    return until - Date.now() > ACCESS_MS + 5000 ? 0 : until;
  };

  // "kept", "gone" (sign in again) or "later" (the server does not answer).
  const ask = async () => {
    let reply;
    try {
      reply = await fetch("/api/v1/auth/refresh", {
        method: "POST", headers: { "content-type": "application/json" }, body: "{}",
      });
    } catch {
      return "later";
    }
    if (reply.status === 401) return "gone";
    if (!reply.ok && reply.status !== 409) return "later";
    note();
    return "kept";
  };
  const locked = (work) => navigator.locks?.request("session", work) ?? work();
  const refresh = () => {
    const before = hint();
    if (!before) return Promise.resolve("gone");
    return locked(() => (hint() === before ? ask() : "kept"));
  };

  // A page that is told to sign in leaves once: a second way out would take the place of the first.
  let isLeaving = false;
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) isLeaving = false; });
  const signIn = (path = here()) => {
    if (isLeaving) return undefined;
    isLeaving = true;
    return leave(path);
  };
  // Perhaps only the short-lived half of the session is over.
  const leave = async (path) => {
    const again = Date.now() - Number(sessionStorage.getItem("renewed") ?? 0) < 10_000;
    const outcome = again ? "gone" : await refresh();
    // Whoever only lost the connection keeps the page they are on.
    if (outcome === "later") {
      setTimeout(() => leave(path), RETRY_MS);
      return;
    }
    if (outcome === "kept") {
      sessionStorage.setItem("renewed", Date.now());
      location.replace(local(path));
      return;
    }
    const target = path === "/" ? "" : `?next=${encodeURIComponent(local(path))}`;
    if (page() === "/sign-in") isLeaving = false;
    else location.assign(`/sign-in${target}`);
  };

  let timer;
  const keep = async () => {
    clearTimeout(timer);
    if (!hint()) return;
    let wait = endsAt() - EARLY_MS - Date.now();
    if (wait <= 0) {
      const outcome = await refresh();
      if (outcome === "gone") return isOpen() ? undefined : signIn();
      wait = outcome === "kept" ? endsAt() - EARLY_MS - Date.now() : RETRY_MS;
    }
    clearTimeout(timer);
    timer = setTimeout(keep, Math.max(wait, RETRY_MS));
  };
  document.addEventListener("visibilitychange", () => document.hidden || keep());
  window.addEventListener("online", keep);

  // The address of a workflow says what its editor will ask first: the answers are on their way while
  // the editor's own code still is. Before cookies are read, which waits for another process.
  const early = new Map();
  const [, place, id, more] = location.pathname.split("/");
  if (place === "workflows" && id && !more) {
    for (const action of [`/api/v1/workflows/${id}/editor`, "/api/v1/node-types"]) {
      const reply = fetch(action, { headers: { accept: "application/json" } });
      // Whoever takes it is told; nobody else needs to be.
      reply.catch(() => {});
      early.set(action, reply);
    }
  }
  const take = (action) => {
    const reply = early.get(action);
    early.delete(action);
    return reply;
  };

  if (page() === "/sign-in" && hint() && !query.has("again")) signIn(next());
  else keep();

  return { here, keep, keepToken, local, next, page, refresh, signIn, take, token };
})();
