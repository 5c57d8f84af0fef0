import { expect, test } from 'vitest';
import { toHex } from '../src/lib/bytes';
import { ASKING_MS } from '../src/reports/ledger';
import { power, toBytes, toNumber } from '../src/tokens/rsa';
import { Profile, termsOf, until } from './reporter_parts';

const PAIR = await crypto.subtle.generateKey(
  { name: 'RSA-PSS', hash: 'SHA-384', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
  true,
  ['sign', 'verify'],
);
const JWK = await crypto.subtle.exportKey('jwk', PAIR.privateKey);
const [N, D] = [JWK.n, JWK.d].map((text) => Buffer.from(text ?? '', 'base64url')) as [Buffer, Buffer];
const TOKENS = { issuer: 'issuer.test', key: toHex(N), url: 'https://issuer.test' };

/** Signs one request for this browser, and that one again; asked for another it refuses, as privacy/token_issuer.py does. */
class Issuer {
  readonly asked: RequestInit[] = [];
  down = false;
  /** Signs, but the answer is lost. */
  lossy = false;
  signed = '';

  readonly answer = async (_: string, init: RequestInit): Promise<Response> => {
    this.asked.push(init);
    if (this.down) throw new TypeError('offline');
    const request = init.body as Uint8Array;
    if (this.signed !== '' && this.signed !== toHex(request)) return new Response(null, { status: 429 });
    this.signed = toHex(request);
    if (this.lossy) throw new TypeError('the connection broke');
    return new Response(toBytes(power(toNumber(request.subarray(3)), toNumber(D), toNumber(N)), 256));
  };
}

async function visitor(): Promise<[Profile, Issuer]> {
  const [profile, issuer] = [await Profile.fresh(), new Issuer()];
  profile.issuer = issuer.answer;
  return [profile, issuer];
}

const TERMS = termsOf({ tokens: TOKENS, draw_min_ms: 10, draw_max_ms: 10 });

test('a report of 410 bytes: sealed, and a token that verifies; the request goes with the account, the report without', async () => {
  const [profile, issuer] = await visitor();
  const page = profile.page();
  page.use(TERMS);
  await until(() => profile.reports.at(-1)?.state === 'sent');
  const body = profile.sent[0]?.init.body as Uint8Array<ArrayBuffer>;
  expect(body.length).toBe(410);
  const token = body.slice(56);
  const verified = await crypto.subtle.verify(
    { name: 'RSA-PSS', saltLength: 48 },
    PAIR.publicKey,
    token.slice(98),
    token.slice(0, 98),
  );
  expect(verified).toBe(true);
  expect(issuer.asked.length).toBe(1);
  expect(issuer.asked[0]).toMatchObject({ method: 'POST', credentials: 'include', referrerPolicy: 'no-referrer' });
  expect(issuer.asked[0]?.body).toHaveLength(259);
  expect(profile.sent[0]?.init.credentials).toBe('omit');
  expect(toHex(token)).not.toContain(issuer.signed.slice(6));
  const [slot] = await profile.database.getAll('slots');
  expect(slot).toMatchObject({ ticket: null, debit_micro: 2_995_733 });
  expect(profile.reports.at(-1)?.words).toContain('With it goes a token');
  await page.stop(false);
});

test('no token: nothing is sealed, debited or sent, and a page asks once; the next page of the epoch asks again', async () => {
  const [profile, issuer] = await visitor();
  issuer.down = true;
  const first = profile.page();
  first.use(TERMS);
  await first.settled();
  await until(() => profile.states.includes('unavailable'));
  profile.now += 1000;
  first.use(TERMS);
  first.offer('item_dwelled', 3);
  await first.settled();
  expect(issuer.asked.length).toBe(1);
  expect((await profile.database.getAll('slots'))[0]).toMatchObject({ state: 'waiting', debit_micro: 0, body: null });
  expect(first.budget()).toMatchObject({ spent_epsilon: 0 });
  expect(first.views()[0]?.words).toContain('waits for a token');
  await first.stop(false);
  issuer.down = false;
  const second = profile.page();
  second.use(TERMS);
  await until(() => profile.reports.at(-1)?.state === 'sent');
  expect(issuer.asked.length).toBe(2);
  expect(second.budget()).toMatchObject({ spent_epsilon: 2.995733 });
  await second.stop(false);
});

test('no token until the epoch is over: dropped, nothing debited, and the next epoch has a request of its own', async () => {
  const [profile, issuer] = await visitor();
  issuer.down = true;
  const first = profile.page();
  first.use(TERMS);
  await until(() => profile.states.includes('unavailable'));
  await first.stop(false);
  issuer.down = false;
  profile.now += 3_600_000;
  const second = profile.page();
  second.use(TERMS);
  await until(() => profile.reports.at(-1)?.state === 'sent');
  const [over, current] = await profile.database.getAll('slots');
  expect(over).toMatchObject({ state: 'dropped', debit_micro: 0, ticket: null });
  expect(current).toMatchObject({ state: 'sent', debit_micro: 2_995_733 });
  expect(String(issuer.asked[0]?.body)).not.toBe(String(issuer.asked[1]?.body));
  await second.stop(false);
});

test('an answer that was lost: the identical request again, which the issuer counts once', async () => {
  const [profile, issuer] = await visitor();
  issuer.lossy = true;
  const first = profile.page();
  first.use(TERMS);
  await until(() => profile.states.includes('unavailable'));
  await first.stop(false);
  issuer.lossy = false;
  const second = profile.page();
  second.use(TERMS);
  await until(() => profile.reports.at(-1)?.state === 'sent');
  expect(String(issuer.asked[0]?.body)).toBe(String(issuer.asked[1]?.body));
  await second.stop(false);
});

test('two tabs ask once, and a tab that died while asking is taken over', async () => {
  const [profile, issuer] = await visitor();
  const tabs = [profile.page(), profile.page()];
  for (const tab of tabs) tab.use(TERMS);
  await until(() => profile.reports.some(({ state }) => state === 'sent'));
  expect([issuer.asked.length, profile.sent.length]).toEqual([1, 1]);
  for (const tab of tabs) await tab.stop(false);

  const [other, slow] = await visitor();
  let asked = false;
  other.issuer = () => {
    asked = true;
    return new Promise(() => {});
  };
  const dead = other.page();
  dead.use(TERMS);
  await until(() => asked);
  await dead.stop(false);
  other.issuer = slow.answer;
  other.now += ASKING_MS;
  const alive = other.page();
  alive.use(TERMS);
  await until(() => other.reports.at(-1)?.state === 'sent');
  await alive.stop(false);
});

test('consent withdrawn while the token is on its way: it is not kept, and nothing leaves', async () => {
  const [profile, issuer] = await visitor();
  let release = (): void => {};
  profile.issuer = async (url, init) => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return issuer.answer(url, init);
  };
  const page = profile.page();
  page.use(TERMS);
  await until(() => profile.reports.length > 0);
  profile.allowed = false;
  await page.stop(true);
  release();
  await page.settled();
  expect(profile.sent).toEqual([]);
  expect((await profile.database.getAll('slots'))[0]).toMatchObject({ state: 'dropped', ticket: null, debit_micro: 0 });
});

test('an issuer that signs something else, or another key: refused, nothing leaves', async () => {
  for (const answer of [new Uint8Array(256).fill(7), new Uint8Array(9)]) {
    const profile = await Profile.fresh();
    profile.issuer = async () => new Response(answer);
    const page = profile.page();
    page.use(TERMS);
    await until(() => profile.states.includes('unavailable'));
    await page.settled();
    expect(profile.sent).toEqual([]);
    await page.stop(false);
  }
});

test('terms of tokens that are malformed send nothing', async () => {
  for (const wrong of [{ issuer: 'Ä' }, { key: 'ff' }, { url: 'javascript:alert(1)' }, { url: 'https://a/b' }]) {
    const profile = await Profile.fresh();
    const page = profile.page();
    page.use(termsOf({ tokens: { ...TOKENS, ...wrong } }));
    await page.settled();
    expect(profile.states).toEqual(['refused']);
  }
});
