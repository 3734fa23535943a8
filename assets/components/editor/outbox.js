// What this tab has changed and the server has not confirmed: kept over a reload, sent in order, one
// batch at a time, and sent again until there is an answer.
const TYPING_MS = 250;
const RETRY_MS = 2000;
const ALIVE_MS = 4000;

const stored = (key, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
};

export class Outbox {
  // `send(batch)` answers "done", "refused" or "later"; `onChange` hears saved, saving or offline.
  constructor(workflow, { send, onChange }) {
    this.prefix = `outbox ${workflow} `;
    this.send = send;
    this.onChange = onChange;
    this.client = this.claim();
    this.isSending = false;
    this.isOffline = false;
    this.timer = null;
    this.onOnline = () => this.wake();
    window.addEventListener("online", this.onOnline);
    this.beat = setInterval(() => this.keep(), ALIVE_MS);
  }

  // A client's name, with what it left unsent: this tab's own before a reload, else that of a tab
  // that is gone, else a new one.
  claim() {
    const own = sessionStorage.getItem(this.prefix);
    const isGone = (key) => Date.now() - (stored(key, {}).alive ?? 0) > 3 * ALIVE_MS;
    const left = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    const name = own && !this.isTaken(own) ? own : left.find(isGone)?.slice(this.prefix.length);
    const client = name ?? crypto.getRandomValues(new Uint32Array(3)).join("-");
    const saved = stored(this.prefix + client, { count: 0, batches: [] });
    this.batches = saved.batches;
    this.count = saved.count;
    sessionStorage.setItem(this.prefix, client);
    return client;
  }

  // A duplicated tab brings its twin's session storage along, and the twin is still alive.
  isTaken(client) {
    const [entry] = performance.getEntriesByType("navigation");
    return entry?.type === "navigate" && Date.now() - stored(this.prefix + client, {}).alive < ALIVE_MS;
  }

  keep(alive = Date.now()) {
    const value = JSON.stringify({ alive, count: this.count, batches: this.batches });
    try {
      localStorage.setItem(this.prefix + this.client, value);
    } catch {
      // Storage is full: everything still goes to the server, it would only not outlive a reload.
    }
  }

  operations() {
    return this.batches.flatMap((batch) => batch.operations);
  }

  add(operations, revision, merge) {
    const last = this.batches[this.batches.length - 1];
    const isOpen = last && !(this.isSending && this.batches.length === 1);
    if (isOpen && merge && last.merge === merge) last.operations = operations;
    else {
      this.count += 1;
      this.batches.push({ client: this.client, batch: this.count, base_revision: revision, operations, merge });
    }
    this.keep();
    this.tell();
    clearTimeout(this.timer);
    if (merge) this.timer = setTimeout(() => this.wake(), TYPING_MS);
    else this.wake();
  }

  // Forgets a batch that the server has confirmed; whether it was there.
  settle(number) {
    const before = this.batches.length;
    this.batches = this.batches.filter((batch) => batch.batch !== number);
    if (this.batches.length !== before) this.keep();
    this.tell();
    return this.batches.length !== before;
  }

  async wake() {
    clearTimeout(this.timer);
    if (this.isSending || this.isClosed) return;
    this.isSending = true;
    while (this.batches.length && !this.isClosed) {
      const { merge, ...batch } = this.batches[0];
      const outcome = await this.send(batch);
      if (outcome === "later") {
        this.isOffline = true;
        this.timer = setTimeout(() => this.wake(), RETRY_MS);
        break;
      }
      this.isOffline = false;
      this.settle(batch.batch);
    }
    this.isSending = false;
    this.tell();
  }

  tell() {
    this.onChange(!this.batches.length ? "saved" : this.isOffline ? "offline" : "saving");
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    clearInterval(this.beat);
    window.removeEventListener("online", this.onOnline);
    this.keep(0);
  }
}
