/** Everything that Intently holds in this tab, put together for the lens. */

import type { SessionState } from '../../tracker/src/state';
import type { Budget, Consent, Ranked, ReportView, Scoring, Snapshot, Status, Versions } from './api';
import type { Pinned } from './constants';
import { allowedCards } from './elements/recs_mode';
import type { Remembered } from './ranking/feedback';
import type { HeldSet } from './updates/updater';

export interface SnapshotParts {
  readonly session: SessionState;
  readonly dwell_ms: number;
  readonly noticed: { readonly scroll_depth: number; readonly impressions: number; readonly skips: number };
  readonly feedback: Remembered;
  readonly scoring: Scoring | null;
  readonly lastRanked: Ranked | null;
  readonly status: Status;
  readonly held: HeldSet | null;
  readonly budget: Budget | null;
  readonly reports: readonly ReportView[];
  readonly consent: Consent;
  readonly globalPrivacyControl: boolean;
  readonly pinned: Pinned;
}

export function snapshotOf({ session, held, pinned, noticed, ...rest }: SnapshotParts): Snapshot {
  return {
    ...rest,
    ...noticed,
    events: session.events,
    dropped: session.dropped,
    viewing: session.viewing,
    cart: session.cart,
    versions: held === null ? null : versionsOf(held, pinned),
    cards: held === null ? null : allowedCards(held.configuration.ranking.cards, pinned.cards),
    shop: pinned.shop,
    demo: pinned.demo,
  };
}

function versionsOf({ release, manifest, manifest_sha256, pool }: HeldSet, pinned: Pinned): Versions {
  return {
    release: release.version,
    manifest: manifest.version,
    manifest_sha256,
    configuration_sha256: release.configuration.sha256,
    model_sha256: release.model.sha256,
    model_bytes: release.model.bytes,
    pool_sha256: manifest.pool.sha256,
    pool_epoch: pool.epoch,
    pool_reports: pool.reports,
    bundle: pinned.version,
  };
}
