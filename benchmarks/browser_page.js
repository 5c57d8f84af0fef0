/** What the pages of benchmarks/browser.py run: an init script, so it is there before the page's own. */
window.bench = { shifts: 0, longest: 0 };
{
  const watch = (type, note) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  watch('layout-shift', ({ value }) => {
    bench.shifts += value;
  });
  watch('longtask', ({ duration }) => {
    bench.longest = Math.max(bench.longest, duration);
  });
}

const bytesOf = async (url) => (await fetch(url)).arrayBuffer();
const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));

/** The strip's list, once the model was given `item`. */
const listAfter = (item) =>
  new Promise((done) => {
    const stop = intently.on('ranked', ({ placement, tier }) => {
      if (placement !== 'product' || tier === 'pool') return;
      if (intently.snapshot().scoring?.inputs.item.at(-1) !== item) return;
      stop();
      done();
    });
  });

/** Milliseconds to the list and to paint of each click, and of an empty worker's round trip to paint. */
bench.clicks = async ({ items, kind }) => {
  const out = { ranked: [], paint: [], echo: [] };
  const echo = kind === 'strip' ? null : new Worker('/intently/echo.js');
  const echoed = () =>
    new Promise((done) => {
      echo.onmessage = done;
      echo.postMessage(0);
    });
  const seen = [];
  for (const item of items) {
    await painted();
    const began = performance.now();
    if (kind === 'strip') {
      seen.push(item);
      await strip(seen.slice(-20));
    } else {
      const ranked = listAfter(item);
      intently.setViewing(item);
      intently.record({ type: 'view_item', item });
      await ranked;
    }
    out.ranked.push(performance.now() - began);
    await painted();
    out.paint.push(performance.now() - began);
    if (echo === null) continue;
    await painted();
    const asked = performance.now();
    await echoed();
    await painted();
    out.echo.push(performance.now() - asked);
  }
  return out;
};

bench.events = async (count) => {
  for (let at = 0; at < count; at++) {
    intently.record({ type: 'view_item', item: 1 + (at % 900) });
    if (at % 20 === 0) await intently.rank(null, { placement: 'bench', count: 8 });
  }
};

/** Inputs of run `run`: sessions of 1 to 20 events, one more each time. */
const sessionOf = (run, inputs) => {
  const first = 1 + (run - (run % 20)) * 7;
  const values = (name) => Int32Array.from({ length: 1 + (run % 20) }, (_, at) => (name === 'item' ? first + at : 0));
  return Object.fromEntries(inputs.map((name) => [name, values(name)]));
};

bench.scoreKernel = async ({ head, rest, runs, inputs }) => {
  const { Kernel } = await import('/intently/intently-kernel.js');
  const module = await WebAssembly.compile(await bytesOf('/intently/intently-kernel.wasm'));
  const kernel = Kernel.load(module, new Uint8Array(await bytesOf(head)));
  kernel.setCategories(new Uint16Array(1));
  kernel.addRest(new Uint8Array(await bytesOf(rest)));
  const out = { times: [], alone: [] };
  for (let run = 0; run < runs; run++) {
    const session = sessionOf(run, inputs);
    const began = performance.now();
    kernel.embed(session);
    const embedded = performance.now();
    kernel.best('all', 20);
    const ended = performance.now();
    out.times.push(ended - began);
    out.alone.push(ended - embedded);
  }
  return out;
};

bench.scoreOnnx = async ({ model, items, runs, inputs }) => {
  const worker = new Worker('/intently/intently-onnx-worker.js', { type: 'module' });
  const heard = () =>
    new Promise((done, fail) => {
      worker.onmessage = ({ data }) => (data.kind === 'failed' ? fail(data.reason) : done(data));
    });
  const ask = (message) => {
    const answer = heard();
    worker.postMessage(message);
    return answer;
  };
  await heard(); // its script runs
  const wasm = await bytesOf('/intently/ort-wasm-simd-threaded.wasm');
  await ask({ kind: 'load', id: 0, wasm, model: await bytesOf(model) });
  const candidates = Int32Array.from({ length: items }, (_, at) => at + 1);
  const times = [];
  for (let run = 0; run < runs; run++)
    times.push((await ask({ kind: 'score', id: run, inputs: sessionOf(run, inputs), candidates })).ms);
  return { times };
};
