/** Where each part stands, and why something is not at its best. */

import type { Status } from '../api';

const NOTES_MOST = 20;

export class StatusBoard {
  private held: Status = { tier: 'pool', model: 'none', updates: 'none', reports: 'off', notes: [] };

  constructor(private readonly changed: (status: Status) => void) {}

  get status(): Status {
    return this.held;
  }

  /** Set some parts; `note` is one sentence, '' for none. Says nothing when nothing changed. */
  set(parts: Partial<Omit<Status, 'notes'>>, note = ''): void {
    const repeated = note === '' || this.held.notes.at(-1) === note;
    const notes = repeated ? this.held.notes : [...this.held.notes, note].slice(-NOTES_MOST);
    const next: Status = { ...this.held, ...parts, notes };
    if (JSON.stringify(next) === JSON.stringify(this.held)) return;
    this.held = next;
    this.changed(next);
  }
}
