/** Wires sensors, session and tabs. Guest rule: nothing here throws into the page. */

import { LOCAL, type Mode, STRICT } from './consent';
import type { Counted, Event, EventInput, EventType, Signal } from './event';
import { SAME_MS, WAITING_MOST } from './limits';
import { all, type Hooks, isItem, listen, type Sensor, type SensorContext, type Stop } from './sensors/sensor';
import { attempt, openSession, type Session, type SessionStorageLike } from './session';
import { isAct } from './state';
import { COUNTED, EVENT_TYPES } from './stored';
import type { Tabs } from './tabs';

export interface TrackerOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** The tab's storage; touched in the modes `local` and `full` alone. */
  readonly storage: SessionStorageLike | null;
  /** Where sensors look; null: no sensors. */
  readonly root: (ParentNode & Node) | null;
  readonly sensors: readonly Sensor[];
  readonly mode: Mode;
  /** Catalogue index of a SKU, null for one it does not have, undefined while there is no catalogue. */
  readonly resolve?: (id: string) => number | null | undefined;
  /** Joins the tabs of the shop (`tabsOn`); absent: each tab for itself. */
  readonly tabs?: (session: Session, onTaken: () => void) => Tabs;
  readonly onEvent: (event: Event) => void;
  readonly onSignal: (signal: Signal) => void;
  /** Another tab, or an earlier page come back, changed the session. */
  readonly onTaken?: () => void;
}

export interface Tracker {
  readonly session: Session;
  /** Joins this tab with the others; null where each is for itself. */
  readonly tabs: Tabs | null;
  /** Events that were not recorded: about no item of the catalogue, or more waited for the catalogue than may. */
  readonly refused: number;
  /** Append what happened. Malformed input is ignored. */
  record(event: EventInput): void;
  setViewing(item: number | null): void;
  /** Visible ms on the item in view. */
  dwellMs(): number;
  /** Start one more sensor, also below another root such as a shadow root. */
  add(sensor: Sensor, root?: (ParentNode & Node) | null): Stop;
  /** Consent changed. `told`: somebody said so, so that strictness wipes; else nothing stored is touched. */
  setMode(mode: Mode, told: boolean): void;
  /** The catalogue is there: record what waited for it. */
  resolved(): void;
  stop: Stop;
}

export function startTracker(options: TrackerOptions): Tracker {
  const { resolve = () => null, onTaken = () => {} } = options;
  let { mode } = options;
  const session = openSession(
    options.now,
    options.storage,
    () => mode >= LOCAL,
    (text) => tabs?.tell(text),
  );
  const tabs = options.tabs?.(session, onTaken) ?? null;
  let refused = 0;
  const hooks = new Set<Hooks>();
  /** Of each sensor: starts or stops it, as the mode says. */
  const turns = new Set<() => void>();
  /** Who said the last events of each kind, and when. */
  const said = new Map<string, { source: unknown; at: number }>();
  let waiting: (() => void)[] = [];

  const tell = <K extends keyof Hooks>(name: K, ...said: Parameters<NonNullable<Hooks[K]>>): number[] =>
    [...hooks].map((hook) => (hook[name] as (...said: unknown[]) => number)?.(...said) ?? 0);

  const signal = (noticed: Signal): void => {
    if (!mode) return;
    const counted = COUNTED.indexOf(noticed.kind as Counted);
    if (counted >= 0) session.count(counted);
    attempt(() => options.onSignal(noticed));
  };

  const take = (type: Event['type'], id: unknown, source: unknown, at: number): void => {
    const item = typeof id === 'string' ? resolve(id) : id;
    if (item === undefined && id && waiting.length < WAITING_MOST)
      return void waiting.push(() => take(type, id, source, at));
    if (!isItem(item)) return void refused++;
    const key = type + item;
    const before = said.get(key);
    if (said.size > WAITING_MOST) said.clear();
    said.set(key, { source, at });
    if (before && before.source !== source && at - before.at < SAME_MS) return;
    const act = isAct({ type });
    if (act) tell('before');
    const event = session.record({ type, item }, at);
    if (act) tell('after', event);
    options.onEvent(event);
  };

  const recordAs =
    (source: unknown) =>
    (input: EventInput): void =>
      void attempt(() => {
        if (!mode) return;
        const { type } = input;
        if (COUNTED.includes(type as Counted)) return signal({ kind: type as Counted });
        if (!EVENT_TYPES.includes(type as EventType)) return;
        for (const { item_id } of input.items ?? [{ item_id: input.item }])
          take(type as EventType, item_id, source, options.now());
      });

  const setViewing = (item: number | null): void => {
    if (!mode || item === session.state.viewing) return;
    tell('viewing', item);
    session.setViewing(item);
  };

  /** Sensors run, and tabs are joined, just while something may be kept. */
  const run = (): void => {
    for (const turn of turns) turn();
    if (mode) tabs?.open();
    else tabs?.close();
  };

  const common: Omit<SensorContext, 'record' | 'root'> = {
    signal,
    view: setViewing,
    monotonic: options.monotonic,
    session,
    resolve: (id) => resolve(id) ?? null,
    hook(hooked) {
      hooks.add(hooked);
      return () => hooks.delete(hooked);
    },
  };

  const add: Tracker['add'] = (sensor, root = options.root) => {
    if (!root) return () => {};
    let stop: Stop | undefined;
    const halt = (): void => {
      attempt(() => stop?.());
      stop = undefined;
    };
    const turn = (): void => {
      if (!mode) halt();
      else stop ??= attempt(() => sensor({ ...common, root, record: recordAs(sensor) })) ?? (() => {}); // a browser without what it needs
    };
    turns.add(turn);
    run();
    return () => {
      halt();
      turns.delete(turn);
    };
  };

  session.setViewing(null); // a new page: what it shows is not known until it says so
  for (const sensor of options.sensors) add(sensor);
  run();
  /** The page is hidden, about to end, or restored from the back/forward cache. */
  const settle = (): void => {
    tell('before');
    session.save();
  };
  const unwatch =
    typeof document === 'undefined'
      ? () => {}
      : all(
          listen(document, 'visibilitychange', settle),
          listen(window, 'pagehide', () => {
            settle();
            tabs?.close();
          }),
          listen(window, 'pageshow', (event: PageTransitionEvent) => {
            if (!event.persisted) return;
            const { viewing } = session.state;
            session.restore();
            session.setViewing(viewing);
            run();
            onTaken();
          }),
        );

  return {
    session,
    tabs,
    get refused() {
      return refused;
    },
    record: recordAs(null),
    setViewing,
    dwellMs: () => Math.max(0, ...tell('elapsed')),
    add,
    setMode(next, told) {
      const stored = mode >= LOCAL;
      mode = next;
      if (told && !next) session.forget();
      else if (stored && next < LOCAL && (told || next)) session.unstore();
      if (!next) waiting = [];
      if (!stored && next >= LOCAL) session.rejoin();
      run();
    },
    resolved: () => waiting.splice(0).forEach(attempt),
    stop() {
      mode = STRICT;
      run();
      turns.clear();
      unwatch();
    },
  };
}
