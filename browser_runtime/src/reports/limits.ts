/** Limits that are part of the bundle: a configuration beyond them is refused, whoever signed it, and nothing is sent. */

import type { Collection, Configuration, TokenTerms } from '../../../contracts/types';
import {
  CAP_DAYS,
  CAP_LIMIT_EPSILON,
  DEMO_EPOCH_LIMIT_S,
  EPOCH_LIMIT_S,
  EPSILON_LIMIT,
  MICRO,
  type Pinned,
} from '../constants';
import { ReportsRefused } from '../lib/errors';
import { epsilonMicroOf, isPrime, messagesOf, weightOf } from './mechanism';

/** Throws `ReportsRefused` with what, got and want. */
export function checkConfiguration(configuration: Configuration, pinned: Pinned): void {
  const shortest = pinned.demo && configuration.demo ? DEMO_EPOCH_LIMIT_S : EPOCH_LIMIT_S;
  const { epoch_s, cap_epsilon, cap_days, draw_min_ms, draw_max_ms } = configuration;
  want(configuration.shop === pinned.shop, `shop ${configuration.shop}, want ${pinned.shop}`);
  want(!configuration.demo || pinned.demo, 'made for a demo, this bundle is not');
  want(Number.isInteger(epoch_s) && epoch_s >= shortest, `epoch_s ${epoch_s}, want at least ${shortest}`);
  want(
    cap_epsilon > 0 && cap_epsilon <= CAP_LIMIT_EPSILON,
    `cap_epsilon ${cap_epsilon}, want at most ${CAP_LIMIT_EPSILON}`,
  );
  want(cap_days === CAP_DAYS, `cap_days ${cap_days}, want ${CAP_DAYS}`);
  const drawn = Number.isInteger(draw_min_ms) && Number.isInteger(draw_max_ms) && draw_min_ms >= 0;
  want(
    drawn && draw_min_ms <= draw_max_ms && draw_max_ms < epoch_s * 1000,
    'draw_min_ms and draw_max_ms must lie in an epoch',
  );
  want(Array.isArray(configuration.collections), 'no collections');
  want(
    new Set(configuration.collections.map(({ id }) => id)).size === configuration.collections.length,
    'two collections share an id',
  );
  configuration.collections.forEach(checkCollection);
  if (configuration.tokens) checkTokens(configuration.tokens);
}

function checkTokens({ issuer, key, url }: TokenTerms): void {
  want(typeof issuer === 'string' && /^[a-z0-9][a-z0-9.:-]{0,254}$/.test(issuer), 'tokens: issuer is no name');
  want(
    typeof key === 'string' && /^[89a-f][0-9a-f]{510}[13579bdf]$/.test(key),
    'tokens: key is no modulus of 2,048 bits',
  );
  want(url === '' || /^https?:\/\/[^/?#]+$/.test(String(url)), 'tokens: url is no origin');
}

/** Throws `ReportsRefused`; the privacy loss is computed anew from w : v. */
export function checkCollection(collection: Collection): void {
  const { mechanism, domain_size, epsilon, epsilon_micro, name } = collection;
  const whole = [mechanism?.w, mechanism?.v, domain_size, collection.id, collection.share].every(
    (n) => Number.isInteger(n) && n >= 1,
  );
  want(whole && collection.id <= 255, `collection ${name}: id, share, domain_size, w and v must be whole and positive`);
  want(mechanism.kind === 'k_ary' || mechanism.kind === 'affine_point', `collection ${name}: unknown mechanism`);
  want(mechanism.w > mechanism.v, `collection ${name}: w must be above v`);
  const micro = epsilonMicroOf(mechanism);
  want(
    epsilon <= EPSILON_LIMIT && micro <= epsilon * MICRO,
    `collection ${name}: want ln(w/v) ${micro / MICRO} <= epsilon ${epsilon} <= ${EPSILON_LIMIT}`,
  );
  want(micro === epsilon_micro, `collection ${name}: epsilon_micro ${epsilon_micro}, want ${micro}`);
  if (mechanism.kind === 'affine_point') {
    want(isPrime(mechanism.q), `collection ${name}: q ${mechanism.q} is no prime`);
    const fits =
      mechanism.dimension >= 2 && mechanism.dimension <= 16 && mechanism.q ** mechanism.dimension > domain_size;
    want(fits, `collection ${name}: q ** dimension must be above domain_size`);
  }
  want(
    messagesOf(collection) <= 2 ** 32 && weightOf(collection) <= 2 ** 32,
    `collection ${name}: a message does not fit 32 bits`,
  );
}

function want(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new ReportsRefused(`configuration refused, no report is sent: ${sentence}`);
}
