// Three open editors and a server, in one process and on a clock of their own: two people, one of them
// with two tabs. Lines break before and after the server has heard, sockets close, pages are loaded
// anew, tabs sleep. Reads {"seeds", "steps"} from standard input; writes what is wrong, one per line.
//
// node --experimental-vm-modules pages_together.mjs
import { readFileSync } from "node:fs";
import vm from "node:vm";
import * as model from "../../assets/components/editor/document.js";

const EDITOR = new URL("../../assets/components/editor/", import.meta.url);
const sources = new Map();
const source = (name) => {
  if (!sources.has(name)) sources.set(name, readFileSync(new URL(name, EDITOR), "utf8"));
  return sources.get(name);
};
const settle = () => new Promise((done) => setImmediate(done));

// A clock that jumps to whatever is next.
class Clock {
  now = 1_000_000;
  due = [];
  count = 0;

  at(ms, work) {
    const one = { time: this.now + Math.max(0, ms), number: ++this.count, work };
    this.due.push(one);
    return one;
  }

  async run(ms) {
    const end = this.now + ms;
    while (true) {
      const next = this.due.reduce((best, one) => (!best || one.time < best.time || (one.time === best.time && one.number < best.number) ? one : best), null);
      if (!next || next.time > end) break;
      this.due.splice(this.due.indexOf(next), 1);
      this.now = Math.max(this.now, next.time);
      next.work();
      await settle();
    }
    this.now = end;
  }
}

function dice(seed) {
  let state = seed * 2654435761 >>> 0 || 1;
  const next = () => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state / 2 ** 32;
  };
  return { next, one: (items) => items[Math.floor(next() * items.length)], upTo: (most) => Math.floor(next() * most) };
}

// What flowstudio/services/changes.py does, without looking into nodes.
class Server {
  constructor(document) {
    this.document = model.read(document);
    this.revision = 1;
    this.entries = [];
    this.listeners = new Set();
  }

  ask(method, path, body) {
    if (method === "GET" && path.endsWith("/node-types")) return { items: [] };
    if (method === "GET" && path.endsWith("/editor")) {
      return {
        revision: this.revision, document: model.write(this.document), project: "P", project_id: "p", me: { id: "me", name: "Me" },
        may_edit: true, may_run: true, problems: [], faces: {}, published_version: null, is_changed: false,
      };
    }
    if (method === "GET") {
      const after = Number(path.split("after=")[1]);
      const changes = this.entries.filter((entry) => entry.revision > after);
      // Too many to tell.
      const isWhole = changes.length <= 15;
      return { revision: this.revision, is_whole: isWhole, changes: isWhole ? changes : [] };
    }
    return this.submit(body);
  }

  submit({ client, batch, base_revision, operations }) {
    const known = this.entries.find((entry) => entry.client === client && entry.batch === batch);
    if (known) return { ...known, refused: [] };
    const applied = [];
    const refused = [];
    operations.forEach((operation, index) => {
      try {
        this.document = model.apply(this.document, operation);
        applied.push(operation);
      } catch (error) {
        if (!(error instanceof model.Misfit)) throw error;
        refused.push({ index, message: error.message });
      }
    });
    if (applied.length) this.revision += 1;
    const entry = { revision: this.revision, client, batch, base_revision, name: "Other", operations: applied };
    if (applied.length) {
      this.entries.push(entry);
      for (const listener of this.listeners) listener({ t: "change", ...entry });
    }
    return { ...entry, refused };
  }
}

class Storage {
  setItem(key, value) { this[key] = String(value); }
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
  removeItem(key) { delete this[key]; }
}

// One tab: the page in it may be loaded anew.
class Tab {
  constructor(world, name, local) {
    Object.assign(this, { world, name, local, session: new Storage(), badness: 0.25, typed: new Map(), isAsleep: false, asleep: [] });
  }

  async load(type = "navigate") {
    const { clock, roll, server } = this.world;
    const page = { isGone: false, onHide: new Set() };
    this.page?.leave();
    const timers = new Map();
    const later = (work, ms, again) => {
      const id = ++clock.count;
      const wait = () => timers.set(id, clock.at(ms, () => {
        if (page.isGone || !timers.has(id)) return;
        const run = () => { if (timers.has(id) && !page.isGone) { again ? wait() : timers.delete(id); work(); } };
        if (this.isAsleep) this.asleep.push(run);
        else run();
      }));
      wait();
      return id;
    };
    const context = vm.createContext({
      console: { ...console, error: (text) => this.world.say(`${this.name}: ${text}`) },
      localStorage: this.local, sessionStorage: this.session,
      setTimeout: (work, ms = 0) => later(work, ms, false), clearTimeout: (id) => timers.delete(id),
      setInterval: (work, ms) => later(work, ms, true), clearInterval: (id) => timers.delete(id),
      crypto: { getRandomValues: (array) => array.map(() => roll.upTo(2 ** 32)) },
      performance: { getEntriesByType: () => [{ type }] },
      AbortSignal: { timeout: () => null }, queueMicrotask,
      window: {
        addEventListener: (kind, work) => kind === "pagehide" && page.onHide.add(work),
        removeEventListener: (kind, work) => page.onHide.delete(work),
        dispatchEvent() {}, flowstudio: { toast() {}, signIn() {} },
      },
    });
    vm.runInContext("Date.now = () => now()", Object.assign(context, { now: () => clock.now }));
    const ask = (method, path, body) => new Promise((done) => {
      const text = JSON.stringify(body ?? null);
      const lost = { ok: false, status: 0, body: {} };
      const answer = (reply) => clock.at(roll.upTo(300), () => page.isGone || done(reply));
      if (roll.next() < this.badness) answer(lost);
      else {
        clock.at(roll.upTo(300), () => {
          const reply = JSON.parse(JSON.stringify(server.ask(method, path, JSON.parse(text))));
          answer(roll.next() < this.badness ? lost : { ok: true, status: 200, body: reply });
        });
      }
    });
    const modules = new Map();
    const made = (name) => {
      if (modules.has(name)) return modules.get(name);
      const stub = (values) => new vm.SyntheticModule(Object.keys(values), function () {
        for (const [key, value] of Object.entries(values)) this.setExport(key, value);
      }, { context });
      const stubs = { react: { useSyncExternalStore() {} }, "../rest.js": { sendSignedIn: ask } };
      modules.set(name, name in stubs ? stub(stubs[name]) : new vm.SourceTextModule(source(name), { context, identifier: name }));
      return modules.get(name);
    };
    const store = made("./store.js");
    await store.link(made);
    await store.evaluate();
    Object.assign(page, { store: store.namespace, outbox: made("./outbox.js").namespace });
    // Messages of one socket come in order, until it closes.
    let socket = null;
    const listener = (message) => {
      const mine = socket;
      if (!mine) return;
      mine.last = Math.max(mine.last, clock.now + roll.upTo(200));
      clock.at(mine.last - clock.now, () => mine === socket && !page.isGone && this.hear(page, message));
    };
    server.listeners.add(listener);
    page.connect = () => {
      socket = { last: clock.now };
      listener({ t: "hello" });
    };
    page.cut = () => { socket = null; };
    // A page that is killed does not hear that it ends.
    page.leave = () => {
      if (roll.next() < 0.5) for (const work of page.onHide) work();
      page.isGone = true;
      server.listeners.delete(listener);
    };
    this.page = page;
    page.store.open("w");
    await settle();
    clock.at(roll.upTo(400), () => page.isGone || page.connect());
  }

  hear(page, message) {
    const told = JSON.parse(JSON.stringify(message));
    if (this.isAsleep) this.asleep.push(() => page.isGone || page.store.receive(told));
    else page.store.receive(told);
  }

  wake() {
    this.isAsleep = false;
    for (const work of this.asleep.splice(0)) work();
  }

  get isReady() {
    return this.page.store.read().status === "ready";
  }

  // Something a person does; most of it where the others are at work, too.
  act(step) {
    const { clock, roll } = this.world;
    const { change, read, redo, undo } = this.page.store;
    const { document } = read();
    const ids = [...document.nodes.keys()].filter((id) => !id.startsWith("own"));
    const id = roll.one(ids);
    const { page } = this;
    // A few keystrokes, in a field that nobody else writes in.
    const type = (place, count) => {
      if (page.isGone || this.isAsleep) return;
      const value = `${this.name} ${step} ${count}`;
      const own = `own_${this.name}`;
      if (change([{ op: "set_config", id: own, path: [place], value }], { merge: `${own} ${place}` })) this.typed.set(place, value);
      if (count) clock.at(roll.upTo(400), () => type(place, count - 1));
    };
    switch (roll.one(["type", "type", "type", "write", "write", "add", "add", "remove", "wire", "name", "head", "undo", "redo"])) {
      case "type": return type(roll.one(["x", "y"]), roll.upTo(6));
      case "write": return id && change([{ op: "set_config", id, path: [roll.one(["x", "y"])], value: `${this.name} ${step}` }], { merge: roll.one(["", id]) });
      case "add": return change([{ op: "add_node", node: { id: `${this.name}${step}`, type: "task", name: `n${step}`, config: {}, position: { x: 0, y: 0 } }, before: roll.one([null, id ?? null]) }]);
      case "remove": return id && change([{ op: "remove_node", id }]);
      case "wire": return id && change([{ op: "add_edge", edge: { id: `${this.name}${step}`, source: id, target: roll.one(ids) } }]);
      case "name": return id && change([{ op: "rename_node", id, name: `n${step}` }]);
      case "head": return change([{ op: "update_workflow", name: `${this.name} ${step}` }]);
      case "undo": return this.travel(undo);
      default: return this.travel(redo);
    }
  }

  // What is typed may be taken back, too: it is what stands there then that is looked for.
  travel(way) {
    const config = () => this.page.store.read().document.nodes.get(`own_${this.name}`).config;
    const before = config();
    way();
    for (const place of ["x", "y"]) {
      if (config()[place] !== before[place]) this.typed.set(place, config()[place]);
    }
  }
}

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
};
const plain = (document) => JSON.stringify(sorted(model.write(document)));

async function play(seed, steps) {
  const problems = [];
  const [clock, roll] = [new Clock(), dice(seed)];
  const names = ["a", "b", "c"];
  const server = new Server({ name: "w", nodes: names.map((name) => ({ id: `own_${name}`, type: "task", name: `own_${name}`, config: {} })), edges: [] });
  const world = { clock, roll, server, say: (text) => problems.push(`seed ${seed}: ${text}`) };
  const [hers, his] = [new Storage(), new Storage()];
  const tabs = [new Tab(world, "a", hers), new Tab(world, "b", his), new Tab(world, "c", hers)];
  for (const tab of tabs) {
    await tab.load();
    await clock.run(roll.upTo(3000));
  }
  for (let step = 0; step < steps; step++) {
    const tab = roll.one(tabs);
    const event = roll.next();
    if (event < 0.02) await tab.load("reload");
    else if (event < 0.04) {
      tab.page.cut();
      clock.at(roll.upTo(20_000), () => tab.page.connect());
    } else if (event < 0.05) tab.badness = roll.one([0, 0.25, 1]);
    else if (event < 0.06) {
      tab.isAsleep = true;
      clock.at(roll.upTo(60_000), () => tab.wake());
    } else if (tab.isReady && !tab.isAsleep) tab.act(step);
    else if (tab.page.store.read().status === "failed") tab.page.store.open("w");
    await clock.run(roll.one([5, 50, 200, 1500]));
  }
  for (const tab of tabs) {
    tab.badness = 0;
    tab.wake();
  }
  await clock.run(30_000);
  for (const tab of tabs) {
    tab.page.cut();
    tab.page.connect();
    if (!tab.isReady) tab.page.store.open("w");
  }
  await clock.run(120_000);
  for (const tab of tabs) {
    const { document, notices, saving, status } = tab.page.store.read();
    if (status !== "ready" || saving !== "saved") world.say(`${tab.name} is ${status}, ${saving}`);
    if (plain(document) !== plain(server.document)) world.say(`${tab.name} differs:\n${plain(document)}\n${plain(server.document)}`);
    for (const [place, value] of tab.typed) {
      const kept = server.document.nodes.get(`own_${tab.name}`).config[place];
      // One tab may send late what another left unsent; then it is told.
      const isTold = notices.some((notice) => notice.key === `own_${tab.name} config ${place}`);
      if (kept !== value && !isTold) world.say(`${tab.name} typed ${value} into ${place}, and ${kept} was kept`);
    }
  }
  return { problems, revision: server.revision };
}

const { seeds, steps } = JSON.parse(readFileSync(0, "utf8"));
for (const seed of seeds) {
  const { problems, revision } = await play(seed, steps);
  if (revision < steps / 8) problems.push(`seed ${seed}: only ${revision} revisions`);
  for (const problem of problems) console.log(problem);
}
