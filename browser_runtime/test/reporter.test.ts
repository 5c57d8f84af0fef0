import { expect, test, vi } from 'vitest';
import type { ReportView } from '../src/api';
import { Ledger, SENDING_MS } from '../src/reports/ledger';
import { later, PINNED, Profile, type Sent, termsOf, until } from './reporter_parts';

test('one report leaves at T: 56 bytes, simple for CORS, without cookie or referrer, debited before', async () => {
  const profile = await Profile.fresh();
  const page = profile.page();
  page.use(termsOf());
  await until(() => profile.reports.at(-1)?.state === 'sent');
  const [{ url, init }] = profile.sent as [Sent];
  expect(url).toBe(`https://relay.test/v1/reports/${'cd'.repeat(32)}/4/2/2`);
  expect((init.body as Uint8Array).length).toBe(56);
  expect(init).toMatchObject({ method: 'POST', credentials: 'omit', referrerPolicy: 'no-referrer', keepalive: true });
  expect(init.headers).toEqual({ 'Content-Type': 'text/plain' });
  expect(page.budget()).toMatchObject({ spent_epsilon: 2.995733, cap_epsilon: 32 });
  const view = page.views().at(-1) as ReportView;
  expect(view.bodyHex).toBe(Buffer.from(init.body as Uint8Array).toString('hex'));
  await later(60);
  expect(profile.sent.length).toBe(1);
  await page.stop(false);
});

test('two tabs send one report', async () => {
  const profile = await Profile.fresh();
  const tabs = [profile.page(), profile.page()];
  for (const tab of tabs) tab.use(termsOf());
  await until(() => profile.sent.length > 0);
  await later(80);
  expect(profile.sent.length).toBe(1);
  expect((await profile.database.getAll('slots')).length).toBe(1);
  for (const tab of tabs) await tab.stop(false);
});

test('a resend is the identical bytes, and is not debited again', async () => {
  const profile = await Profile.fresh();
  profile.network = 'down';
  const first = profile.page();
  first.use(termsOf());
  await until(() => profile.reports.at(-1)?.state === 'failed');
  await first.stop(false);
  profile.network = 'up';
  profile.now += SENDING_MS;
  const second = profile.page();
  second.use(termsOf());
  await until(() => profile.reports.at(-1)?.state === 'sent');
  expect(profile.sent.length).toBe(2);
  expect(String(profile.sent[0]?.init.body)).toBe(String(profile.sent[1]?.init.body));
  expect(second.budget()?.spent_epsilon).toBe(2.995733);
  await second.stop(false);
});

test('closed before T: sent by the next page of the same epoch, dropped in a later one', async () => {
  for (const same of [true, false]) {
    const profile = await Profile.fresh();
    const slow = termsOf({ draw_min_ms: 60_000, draw_max_ms: 60_000 });
    const first = profile.page();
    first.use(slow);
    first.offer('item_dwelled', 3);
    await first.settled();
    expect((await profile.database.getAll('slots'))[0]).toMatchObject({ value: 3, state: 'waiting' });
    await first.stop(false);
    profile.now += same ? 120_000 : 3_600_000;
    const second = profile.page();
    second.use(slow);
    await second.settled();
    expect(profile.sent.length).toBe(same ? 1 : 0);
    expect((await profile.database.getAll('slots'))[0]).toMatchObject({ value: 0, state: same ? 'sent' : 'dropped' });
    await second.stop(false);
  }
});

test('a relay that refuses is told, not thrown, and not asked again', async () => {
  const profile = await Profile.fresh();
  profile.network = 400;
  const page = profile.page();
  page.use(termsOf());
  await until(() => profile.reports.at(-1)?.state === 'refused');
  page.use(termsOf());
  await page.settled();
  expect(profile.sent.length).toBe(1);
  await page.stop(false);
});

test('a configuration beyond the limits draws nothing and sends nothing', async () => {
  const profile = await Profile.fresh();
  const page = profile.page({ ...PINNED, demo: false });
  page.use(termsOf());
  await page.settled();
  await later(60);
  expect(profile.states).toEqual(['refused']);
  expect(await profile.database.getAll('slots')).toEqual([]);
  expect(profile.sent).toEqual([]);
});

test('consent withdrawn before T: what waits is dropped with its value', async () => {
  const profile = await Profile.fresh();
  const page = profile.page();
  page.use(termsOf({ draw_min_ms: 100, draw_max_ms: 100 }));
  page.offer('item_dwelled', 3);
  await page.settled();
  await page.stop(true);
  await later(150);
  expect(profile.sent).toEqual([]);
  expect((await profile.database.getAll('slots'))[0]).toMatchObject({ value: 0, state: 'dropped', debit_micro: 0 });
});

test('consent withdrawn while a report is being sealed: nothing is debited and nothing leaves', async () => {
  const profile = await Profile.fresh();
  const page = profile.page();
  page.use(termsOf({ draw_min_ms: 100, draw_max_ms: 100 }));
  await page.settled();
  const withdrawn = vi.fn(() => {
    profile.allowed = false;
  });
  profile.onChance = withdrawn; // the answer is blurred right before it is sealed
  await until(() => withdrawn.mock.calls.length > 0);
  await later(60);
  await page.settled();
  expect(profile.sent).toEqual([]);
  expect((await profile.database.getAll('slots'))[0]).toMatchObject({ state: 'dropped', debit_micro: 0 });
});

test('consent or the browser withdraws between sealing and sending: dropped, its debit kept', async () => {
  for (const how of ['stopped', 'not allowed'] as const) {
    const profile = await Profile.fresh();
    const page = profile.page();
    const claim = Ledger.prototype.claim;
    let taken = false;
    const spy = vi.spyOn(Ledger.prototype, 'claim').mockImplementation(async function (this: Ledger, starts, now) {
      const slot = await claim.call(this, starts, now);
      if (slot !== null && how === 'stopped') void page.stop(true);
      if (slot !== null) profile.allowed = false;
      taken ||= slot !== null;
      return slot;
    });
    page.use(termsOf());
    await until(() => taken); // before T there is nothing to take
    await later(30);
    spy.mockRestore();
    await page.settled();
    await later(30);
    expect(profile.sent, how).toEqual([]);
    const [slot] = await profile.database.getAll('slots');
    expect(slot, how).toMatchObject({ state: 'dropped', debit_micro: 2_995_733, sending_until: 0 });
    await page.stop(false);
  }
});

test('a page closed at any moment of its turn leaves what waits to the next page, which sends the identical bytes', async () => {
  for (const at of ['open', 'seal', 'claim'] as const) {
    const profile = await Profile.fresh();
    const page = profile.page();
    const real = Ledger.prototype[at] as (...words: unknown[]) => Promise<unknown>;
    let closed = false;
    const spy = vi.spyOn(Ledger.prototype, at).mockImplementation(async function (this: Ledger, ...words: unknown[]) {
      const found = await real.apply(this, words);
      if (found !== null && !closed) void page.stop(false);
      closed ||= found !== null;
      return found as never;
    });
    page.use(termsOf());
    await until(() => closed);
    await page.settled();
    expect(profile.sent, at).toEqual([]);
    const [left] = await profile.database.getAll('slots');
    expect(left?.state, at).toBe(at === 'open' ? 'waiting' : 'sealed');
    spy.mockRestore();
    const next = profile.page();
    next.use(termsOf());
    await until(() => profile.reports.at(-1)?.state === 'sent');
    if (left?.body) expect(profile.sent[0]?.init.body, at).toEqual(left.body);
    await next.stop(false);
  }
});

test('consent withdrawn: what waits for another try is not sent again, not even after it is given anew', async () => {
  const profile = await Profile.fresh();
  profile.network = 503;
  const first = profile.page();
  first.use(termsOf());
  await until(() => profile.reports.at(-1)?.state === 'failed');
  await first.stop(true);
  profile.network = 'up';
  profile.now += SENDING_MS;
  const second = profile.page();
  second.use(termsOf());
  await second.settled();
  expect(profile.sent.length).toBe(1);
  expect(second.views()[0]).toMatchObject({ state: 'dropped', handedOver: true });
  expect(second.views()[0]?.words).toMatch(/handed to the network without a confirmation/);
  expect(second.budget()?.spent_epsilon).toBe(2.995733);
  await second.stop(false);
});

test('idle and busy browsers both report, and events of another kind or beyond the domain are none', async () => {
  const profile = await Profile.fresh();
  const page = profile.page();
  page.use(termsOf({ draw_min_ms: 60_000, draw_max_ms: 60_000 }));
  page.offer('item_skipped', 3);
  page.offer('item_dwelled', 21);
  await page.settled();
  expect((await profile.database.getAll('slots'))[0]).toMatchObject({ seen: 0, value: 0 });
  await page.stop(false);
});

test('an expired release, or one without an active key, opens no epoch', async () => {
  for (const release of [{ expires: 10 }, { hpke_keys: [] }]) {
    const profile = await Profile.fresh();
    const page = profile.page();
    page.use(termsOf({}, release));
    await page.settled();
    expect(await profile.database.getAll('slots')).toEqual([]);
    await page.stop(false);
  }
});

test.each([429, 500, 503, 'down'] as const)(
  '%s: failed, and the identical bytes go again while the epoch lasts, never later',
  async (network) => {
    for (const same of [true, false]) {
      const profile = await Profile.fresh();
      profile.network = network;
      const page = profile.page();
      page.use(termsOf());
      await until(() => profile.reports.at(-1)?.state === 'failed');
      expect(profile.reports.at(-1)?.httpStatus).toBe(network === 'down' ? 0 : network);
      page.use(termsOf()); // at once: no storm of tries
      await page.settled();
      expect(profile.sent.length).toBe(1);
      await page.stop(false);
      profile.network = 'up';
      profile.now += same ? SENDING_MS : 3_600_000;
      const next = profile.page();
      next.use(termsOf({ draw_min_ms: 60_000, draw_max_ms: 60_000 }));
      await next.settled();
      expect(profile.sent.length).toBe(same ? 2 : 1);
      expect(next.views()[0]?.state).toBe(same ? 'sent' : 'failed');
      await next.stop(false);
    }
  },
);

test('a tab that waits for another sees what came of it, and takes over only if that one is gone', async () => {
  const profile = await Profile.fresh();
  let arrive = (): void => {};
  profile.onSend = () => new Promise((resolve) => { arrive = resolve; }); // biome-ignore format: one line reads better
  const [one, two] = [profile.page(), profile.page()];
  one.use(termsOf());
  await until(() => profile.sent.length === 1);
  two.use(termsOf());
  await two.settled();
  expect(two.views()[0]).toMatchObject({ state: 'sealed', handedOver: true });
  arrive();
  await until(() => two.views()[0]?.state === 'sent');
  expect(profile.sent.length).toBe(1);
  await one.stop(false);
  await two.stop(false);
});

test('nothing is drawn under an expired manifest, and nothing sealed once it has expired', async () => {
  const profile = await Profile.fresh();
  const page = profile.page();
  page.use(termsOf({}, {}, { expires: 7_199 }));
  await page.settled();
  expect(await profile.database.getAll('slots')).toEqual([]);
  page.use(termsOf({ draw_min_ms: 60_000, draw_max_ms: 60_000 }, {}, { expires: 7_230 }));
  await page.settled();
  profile.now += 61_000;
  page.use(termsOf({}, {}, { expires: 7_230 }));
  await page.settled();
  expect(profile.sent).toEqual([]);
  expect((await profile.database.getAll('slots'))[0]).toMatchObject({ state: 'waiting', debit_micro: 0 });
  await page.stop(false);
});
