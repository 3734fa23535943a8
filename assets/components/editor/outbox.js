// What this tab has changed and the server has not confirmed: kept over a reload, sent in order, one
// batch at a time, and sent again until there is an answer. An answered batch stays until the page has
// come to the revision that it made, so that what was typed is never out of sight.
// The first of what is typed goes out at once, and what follows this often, or as often as the server
// has time for; a long text travels whole each time, and less often.
const TYPING_MS = 80;
const TRIPS = 2;
const MOST_MS = 300;
const LONG_MS = 600;
const LONG = 4000;
const RETRY_MS = 2000;
// The server takes 500 operations at once, and 20 renames among them.
const MOST_TOGETHER = 400;
const MOST_RENAMES = 20;
const ALIVE_MS = 4000;
const GONE_MS = 3 * ALIVE_MS;

const stored = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
};

const mayGo = (operations) =>
  operations.length <= MOST_TOGETHER && operations.filter(({ op }) => op === "rename_node").length <= MOST_RENAMES;

export class Outbox {
  // `place` names the workflow and the person. `send(batch)` answers "done", "refused", "later" or
  // "stop"; `onChange` hears saved, saving, offline or stopped, `onDrop` that a batch was refused; `base()`
  // is the document that the changes are made to.
  constructor(place, { send, onChange, onDrop, base }) {
    this.prefix = `outbox ${place} `;
    this.baseKey = `base ${place}`;
    this.send = send;
    this.onChange = onChange;
    this.onDrop = onDrop;
    this.makeBase = base;
    this.client = crypto.getRandomValues(new Uint32Array(3)).join("-");
    this.count = 0;
    this.batches = [];
    this.sending = null;
    this.timer = null;
    this.sentAt = 0;
    this.trip = 0;
    this.adopt();
    this.onOnline = () => this.wake();
    this.onHide = () => this.keepBase(true);
    window.addEventListener("online", this.onOnline);
    window.addEventListener("pagehide", this.onHide);
    this.beat = setInterval(() => this.keep(), ALIVE_MS);
  }

  get key() {
    return this.prefix + this.client;
  }

  // Takes over what this tab had on its way before a reload, and what tabs that are gone did. It keeps
  // the names and numbers it had: what did arrive is known by them, and not applied again. New batches
  // never go by an old name: a tab may only seem to be gone.
  adopt() {
    const own = this.prefix + sessionStorage.getItem(this.prefix);
    const left = Object.keys(localStorage)
      .filter((key) => key.startsWith(this.prefix))
      .filter((key) => (key === own ? !this.isTwin(own) : Date.now() - (stored(key).alive ?? 0) > GONE_MS));
    this.batches = left.flatMap((key) => stored(key).batches ?? []);
    this.base = this.batches.length ? stored(this.baseKey) : {};
    this.keepBase();
    if (this.keep()) for (const key of left) localStorage.removeItem(key);
    sessionStorage.setItem(this.prefix, this.client);
  }

  // A duplicated tab brings its twin's session storage along, and the twin is still alive.
  isTwin(key) {
    const [entry] = performance.getEntriesByType("navigation");
    return entry?.type === "navigate" && Date.now() - stored(key).alive < ALIVE_MS;
  }

  // Whether it could be kept: storage may be full. Everything still goes to the server then, it would
  // only not outlive a reload.
  keep(alive = Date.now()) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ alive, batches: this.batches }));
      return true;
    } catch {
      return false;
    }
  }

  // What the changes were made to: with it, a page that comes back can say what others did meanwhile.
  keepBase(isNeeded = this.isOffline) {
    try {
      if (!this.batches.length) localStorage.removeItem(this.baseKey);
      else if (isNeeded) localStorage.getItem(this.baseKey) ?? localStorage.setItem(this.baseKey, JSON.stringify(this.makeBase()));
    } catch {
      // Storage is full.
    }
  }

  get unsent() {
    return this.batches.filter((batch) => batch.revision === undefined);
  }

  operations() {
    return this.batches.flatMap((batch) => batch.operations);
  }

  add(operations, revision, merge) {
    const last = this.batches[this.batches.length - 1];
    // One that was tried may have arrived, and one that lay for long may be another tab's by now.
    const isOpen = last && !last.isTried && last.client === this.client && Date.now() - last.at < GONE_MS - ALIVE_MS;
    if (isOpen && merge && last.merge === merge) Object.assign(last, { operations, at: Date.now() });
    else {
      this.count += 1;
      this.batches.push({ client: this.client, batch: this.count, base_revision: revision, operations, merge, at: Date.now() });
    }
    this.keep();
    this.tell();
    // Otherwise it goes when the timer says, be that of typing or of trying again.
    if (!merge || !this.timer) this.wake();
  }

  // How long what was typed waits for what is typed after it: nothing after a pause in typing. What was
  // done in one go waits for nothing.
  get patience() {
    const waiting = this.unsent;
    if (this.isClosed || !waiting.length || waiting.some((batch) => batch.isTried || !batch.merge)) return 0;
    const isLong = waiting.some(({ operations }) => JSON.stringify(operations).length > LONG);
    const pause = isLong ? LONG_MS : Math.min(Math.max(TYPING_MS, TRIPS * this.trip), MOST_MS);
    return this.sentAt + pause - Date.now();
  }

  // Notes which revision a batch has made.
  answer({ client, batch, revision }) {
    const found = this.batches.find((each) => each.client === client && each.batch === batch);
    if (found) found.revision = revision;
  }

  // Forgets what the page has seen among the others' changes by now.
  reach(revision) {
    const before = this.batches.length;
    this.batches = this.batches.filter((batch) => !(batch.revision <= revision));
    if (this.batches.length !== before) {
      this.keep();
      this.keepBase();
    }
    this.tell();
  }

  // The next to send, and with it what waits behind it: over a slow line each by itself would take a
  // trip. Only what this tab made, and has surely not sent: the server knows a batch by its number.
  next() {
    const [first, ...rest] = this.unsent;
    const mayJoin = (batch) => !batch.isTried && !batch.isAlone && batch.client === this.client;
    if (!first) return first;
    if (mayJoin(first)) {
      const joined = { ...first, merge: "", lengths: [first.operations.length], operations: [...first.operations] };
      for (const batch of rest) {
        if (!mayJoin(batch) || !mayGo([...joined.operations, ...batch.operations])) break;
        joined.operations.push(...batch.operations);
        joined.lengths.push(batch.operations.length);
        // Whoever was written over is told rather once too often.
        joined.base_revision = Math.min(joined.base_revision, batch.base_revision);
      }
      if (joined.lengths.length > 1) return this.join(first, joined);
    }
    first.isTried = true;
    this.keep();
    return first;
  }

  // Unless it can be kept that they go together: after a reload they would go one by one again, twice.
  join(first, joined) {
    const apart = this.batches;
    const at = apart.indexOf(first);
    this.batches = [...apart.slice(0, at), { ...joined, isTried: true }, ...apart.slice(at + joined.lengths.length)];
    if (this.keep()) return this.batches[at];
    this.batches = apart;
    first.isTried = true;
    return first;
  }

  // Of several that were refused together, each may have its way alone.
  drop(batch) {
    let start = 0;
    const parts = (batch.lengths ?? []).map((length) => {
      this.count += 1;
      const operations = batch.operations.slice(start, (start += length));
      return { client: this.client, batch: this.count, base_revision: batch.base_revision, operations, merge: "", at: batch.at, isAlone: true };
    });
    this.batches = this.batches.flatMap((each) => (each !== batch ? [each] : parts.length > 1 ? parts : []));
    return parts.length < 2;
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  async wake() {
    this.rest();
    if (this.sending || this.isStopped) return;
    let [batch, patience] = [null, 0];
    try {
      while ((patience = this.patience) <= 0 && (batch = this.next())) {
        this.sending = batch;
        this.sentAt = Date.now();
        const { client, batch: number, base_revision, operations } = batch;
        const outcome = await this.send({ client, batch: number, base_revision, operations });
        this.trip = Date.now() - this.sentAt;
        this.isOffline = outcome === "later";
        this.isStopped = outcome === "stop";
        if (this.isOffline || this.isStopped) break;
        if (outcome === "refused") {
          if (this.drop(batch)) this.onDrop();
        } else batch.revision ??= 0;
        this.keep();
      }
    } finally {
      this.sending = null;
    }
    this.keepBase();
    if (this.isOffline && !this.isClosed) patience = RETRY_MS;
    if (patience > 0) {
      this.rest();
      this.timer = setTimeout(() => this.wake(), patience);
    }
    if (this.isClosed) this.leave();
    this.tell();
  }

  tell() {
    if (this.isClosed) return;
    this.onChange(!this.unsent.length ? "saved" : this.isStopped ? "stopped" : this.isOffline ? "offline" : "saving");
  }

  // Sends what is left, once; what stays is for whoever opens the workflow here next.
  close() {
    this.isClosed = true;
    this.rest();
    clearInterval(this.beat);
    window.removeEventListener("online", this.onOnline);
    window.removeEventListener("pagehide", this.onHide);
    this.leave();
    this.wake();
  }

  leave() {
    if (this.batches.length) this.keep(0);
    else localStorage.removeItem(this.key);
  }
}
