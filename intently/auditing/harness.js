/**
 * Runs the shipped chunk `intently-reports.js` under a clock, a network and a storage of the auditor's own.
 * Nothing of it is replaced: what is imported here is the file that shoppers get.
 */

const CHUNK = '/bundle/intently-reports.js';
/** Bytes asked of the bundle's source of chance at a time, where millions of reports are drawn. */
const POOL = 65_536;
let chunk;

async function load() {
  chunk ??= await import(CHUNK);
  return chunk;
}

/** n messages of `value`, by the bundle's own randomizer and source of chance, posted as little-endian u32. */
export async function sample(collection, value, n, to) {
  const { randomize, systemRandomBytes } = await load();
  const messages = new Uint32Array(n);
  let [bytes, at] = [systemRandomBytes(POOL), 0];
  const pooled = (count) => {
    if (at + count > POOL) [bytes, at] = [systemRandomBytes(POOL), 0];
    at += count;
    return bytes.subarray(at - count, at);
  };
  for (let i = 0; i < n; i++) messages[i] = randomize(collection, value, pooled);
  await fetch(to, { method: 'POST', body: messages });
}

/** ns a report, the median of `rounds` of n. */
export async function timed(collection, n, rounds) {
  const { randomize, systemRandomBytes } = await load();
  const found = [];
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    for (let i = 0; i < n; i++) randomize(collection, i % (collection.domain_size + 1), systemRandomBytes);
    if (round > 0) found.push(((performance.now() - began) / n) * 1e6);
  }
  return found.sort((a, b) => a - b)[found.length >> 1];
}

/** Weight of each message of each value: every direction and every draw once. For a small field. */
export async function channel(collection, directions, draws) {
  const { randomize } = await load();
  return Array.from({ length: collection.domain_size + 1 }, (_, value) => {
    const weights = {};
    for (let direction = 0; direction < directions; direction++) {
      for (let u = 0; u < draws; u++) {
        const given = directions > 1 ? [direction, u] : [u];
        const message = randomize(collection, value, () => {
          const bytes = new Uint8Array(4);
          new DataView(bytes.buffer).setUint32(0, given.shift());
          return bytes;
        });
        weights[message] = (weights[message] ?? 0) + 1;
      }
    }
    return weights;
  });
}

/** What the ledger asks of IndexedDB; one transaction after another. */
class Store {
  slots = new Map();
  busy = Promise.resolve();

  async getAll() {
    return [...this.slots.values()].sort((a, b) => a.starts_ms - b.starts_ms).map((slot) => ({ ...slot }));
  }

  transaction() {
    const before = this.busy;
    let end;
    this.busy = new Promise((resolve) => (end = resolve));
    const ended = { done: false };
    const after = (act) => async (given) => {
      await before;
      return act(given);
    };
    const put = (slot) => void this.slots.set(slot.starts_ms, { ...slot });
    return {
      store: { getAll: after(() => this.getAll()), put: after(put), add: after(put), delete: after((key) => void this.slots.delete(key)) },
      get done() {
        if (!ended.done) end();
        ended.done = true;
        return before;
      },
    };
  }
}

/** The page's timers, on the auditor's clock. */
class Clock {
  timers = new Map();
  next = 1;

  constructor(now) {
    this.now = now;
    globalThis.setTimeout = (act, ms = 0) => {
      this.timers.set(this.next, { at: this.now + Math.max(0, ms), act });
      return this.next++;
    };
    globalThis.clearTimeout = (id) => this.timers.delete(id);
  }

  due(until) {
    return [...this.timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
  }
}

const real = {
  setTimeout: globalThis.setTimeout.bind(globalThis),
  clearTimeout: globalThis.clearTimeout.bind(globalThis),
  random: Math.random,
  fill: crypto.getRandomValues.bind(crypto),
};
const turn = () => new Promise((resolve) => real.setTimeout(resolve, 0));

/**
 * One browser's life. `script`: {start_ms, pages: [{at_ms, until_ms, events: [[at_ms, kind, value]]}], answers: [status], terms,
 * pinned, seed: null or a number}. Returns {posts, slots, chance: [[at_ms, hex]], floats: calls of Math.random, states}.
 */
export async function live(script) {
  const { Reporter, systemRandomBytes } = await load();
  const clock = new Clock(script.start_ms);
  const found = { posts: [], chance: [], floats: 0, states: [] };
  const answers = [...script.answers];
  const database = new Store();
  let state = script.seed ?? 0;
  Math.random = () => {
    found.floats++;
    return real.random();
  };
  crypto.getRandomValues = (array) => {
    if (script.seed === null) return real.fill(array);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[at] = state >>> 24;
    }
    return array;
  };
  const platform = {
    now: () => clock.now,
    randomBytes: (count) => {
      const bytes = systemRandomBytes(count);
      found.chance.push([clock.now, hex(bytes)]);
      return bytes;
    },
    fetch: async (url, init) => {
      found.posts.push({ at_ms: clock.now, url, ...described(init) });
      const status = answers.length > 1 ? answers.shift() : answers[0];
      return new Response(null, { status });
    },
  };
  try {
    for (const page of script.pages) {
      clock.now = Math.max(clock.now, page.at_ms);
      const reporter = new Reporter({
        platform, pinned: script.pinned, database, allowed: () => true, origin: 'https://shop.example',
        onReport: () => {}, onState: (name, note) => found.states.push([name, note]),
      });
      const settle = async () => {
        for (let i = 0; i < 3; i++) {
          await reporter.settled();
          await turn();
        }
      };
      reporter.use(script.terms);
      await settle();
      const events = [...page.events];
      for (;;) {
        const [id, timer] = clock.due(page.until_ms) ?? [0, { at: Number.POSITIVE_INFINITY }];
        const event = events[0];
        if (event !== undefined && event[0] <= timer.at) {
          events.shift();
          clock.now = Math.max(clock.now, event[0]);
          reporter.offer(event[1], event[2]);
        } else if (id !== 0) {
          clock.timers.delete(id);
          clock.now = Math.max(clock.now, timer.at);
          timer.act();
        } else break;
        await settle();
      }
      clock.now = Math.max(clock.now, page.until_ms);
      await reporter.stop(false);
      clock.timers.clear();
    }
  } finally {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    Math.random = real.random;
    crypto.getRandomValues = real.fill;
  }
  const slots = (await database.getAll()).map(({ body, ...slot }) => ({ ...slot, body: body === null ? null : hex(body) }));
  return { ...found, slots };
}

function described({ method, body, headers, credentials, referrerPolicy, keepalive, ...rest }) {
  return {
    method, headers: Object.entries(headers).sort(), credentials, referrerPolicy, keepalive,
    body: hex(body), other: Object.keys(rest).sort(),
  };
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
