/** Wires sensors and session. Guest rule: nothing here throws into the page. */

import type { Event, EventInput, Signal } from './event';
import { clicks } from './sensors/clicks';
import { type DwellSensor, dwell } from './sensors/dwell';
import { impressions } from './sensors/impressions';
import { scroll } from './sensors/scroll';
import type { SensorContext, Stop } from './sensors/sensor';
import { Session, type SessionStorageLike } from './session';

export interface TrackerOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly storage: SessionStorageLike | null;
  /** Where sensors look; null: no sensors. */
  readonly root: (ParentNode & Node) | null;
  /** Whether events may be kept now: consent can be withdrawn at any time. */
  readonly recording: () => boolean;
  readonly onEvent: (event: Event) => void;
  readonly onSignal: (signal: Signal) => void;
}

export interface Tracker {
  readonly session: Session;
  /** Append what happened. Malformed input is ignored. */
  record(event: EventInput): void;
  setViewing(item: number | null): void;
  /** Visible ms on the item in view. */
  dwellMs(): number;
  /** Watch impressions below another root, such as a shadow root. */
  observe(root: ParentNode & Node): Stop;
  stop: Stop;
}

const TYPES: ReadonlySet<string> = new Set([
  'view_item', 'select_item', 'view_item_list', 'add_to_cart', 'remove_from_cart', 'purchase',
]); // biome-ignore format: one line reads better

export function startTracker(options: TrackerOptions): Tracker {
  const session = new Session(options.now, options.storage);
  const stops: Stop[] = [];
  let dwelling: DwellSensor | null = null;
  const record = (input: EventInput): void => {
    if (!options.recording() || !TYPES.has(input?.type) || !Number.isInteger(input.item) || input.item < 1) return;
    const viewed = session.state.viewing;
    const act = input.type !== 'view_item_list';
    if (act && dwelling !== null) dwelling.flush();
    const event = session.record(input);
    if (act) dwelling?.act(session.state.viewing, input.type === 'view_item' || session.state.viewing !== viewed);
    options.onEvent(event);
  };
  const context: SensorContext = {
    record: guarded(record),
    signal: guarded(options.onSignal),
    monotonic: options.monotonic,
  };
  const observe = (root: ParentNode & Node): Stop => {
    if (typeof IntersectionObserver === 'undefined') return () => {};
    const stop = impressions(root, context);
    stops.push(stop);
    return stop;
  };
  if (typeof document !== 'undefined') {
    dwelling = dwell(document, session, context);
    session.setViewing(null); // a new page: what it shows is not known until it says so
    stops.push(dwelling.stop);
  }
  if (options.root !== null) {
    stops.push(observe(options.root), clicks(options.root, context), scroll(window, context));
  }
  return {
    session,
    record: guarded(record),
    setViewing(item) {
      if (item === session.state.viewing) return;
      dwelling?.turn(item);
      session.setViewing(item);
    },
    dwellMs: () => dwelling?.elapsed() ?? 0,
    observe,
    stop: () =>
      stops.forEach((stop) => {
        stop();
      }),
  };
}

function guarded<T>(act: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      act(value);
    } catch {
      // A fault of ours is not the page's.
    }
  };
}
