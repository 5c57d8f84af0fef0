/** Keeps the feedback memory in the tab, and the seed of its exploration. Storage may be refused; then it ends with the page. */

import type { Event } from '../../../contracts/types';
import type { Platform } from '../api';
import type { CategoryOf, Remembered } from './feedback';
import { afterDismissal, afterEvent, afterLists, afterSkip, NOTHING_REMEMBERED, restored } from './memory';

export const MEMORY_KEY = 'intently-feedback-1';

export class MemoryStore {
  private held: Remembered;
  readonly seed: number;

  constructor(
    /** Asked at each use: consent may refuse it now and allow it later. */
    private readonly storage: () => Platform['sessionStorage'],
    randomBytes: Platform['randomBytes'],
    private readonly categoryOf: CategoryOf,
  ) {
    this.held = restored(attempt(() => storage()?.getItem(MEMORY_KEY)) ?? null);
    this.seed = new DataView(randomBytes(4).slice().buffer).getUint32(0);
  }

  get memory(): Remembered {
    return this.held;
  }

  skipped(item: number): void {
    this.change(afterSkip(this.held, item));
  }

  happened(event: Event): void {
    this.change(afterEvent(this.held, event, this.categoryOf));
  }

  dismissed(item: number): void {
    this.change(afterDismissal(this.held, item, this.categoryOf(item)));
  }

  listShown(): void {
    this.change(afterLists(this.held));
  }

  forget(): void {
    this.held = NOTHING_REMEMBERED;
    attempt(() => this.storage()?.removeItem(MEMORY_KEY));
  }

  private change(memory: Remembered): void {
    if (memory === this.held) return;
    this.held = memory;
    attempt(() => this.storage()?.setItem(MEMORY_KEY, JSON.stringify(memory)));
  }
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
