/** Intently in a React shop: one provider that starts it, one component for its element, one hook for lists that the shop draws. */

import {
  createContext, type ReactNode, use, useEffect, useRef, useState,
} from 'react'; // biome-ignore format: one line reads better
import type { CardFacts, Intently, IntentlyOptions, IntentlyRecs, Ranked, RankOptions, Why } from '../../browser_runtime/src/index';

type Bundle = { readonly createIntently: (options?: IntentlyOptions) => Intently };

const Current = createContext<Intently | null>(null);

/** Starts Intently once the page runs in a browser; on a server, and until then, children are rendered without it. */
export function IntentlyProvider({ options, children }: { options?: IntentlyOptions; children: ReactNode }): ReactNode {
  const [intently, setIntently] = useState<Intently | null>(null);
  const first = useRef(options);
  useEffect(() => {
    let made: Intently | null = null;
    let gone = false;
    const address = '/intently/intently.js'; // served by the shop beside its pages, so not part of the shop's own bundle
    import(/* @vite-ignore */ /* webpackIgnore: true */ address)
      .then(({ createIntently }: Bundle) => {
        if (gone) return;
        made = createIntently(first.current);
        setIntently(made);
      })
      .catch(() => {}); // the shop works without it
    return () => {
      gone = true;
      made?.dispose();
    };
  }, []);
  return <Current value={intently}>{children}</Current>;
}

/** null on a server and until it runs. */
export function useIntently(): Intently | null {
  return use(Current);
}

export interface RecsProps {
  readonly placement: string;
  readonly count?: number;
  /** Candidates that React renders, on a server too: they are ranked where they stand, and React keeps them. */
  readonly children?: ReactNode;
  readonly className?: string;
  readonly onSelect?: (detail: { item: number; sku: string; position: number }) => void;
  readonly onRanked?: (detail: { items: readonly number[]; why: readonly Why[] }) => void;
}

/** `<intently-recs>`; a child is a candidate if it carries `data-intently-item`. */
export function Recs({ placement, count = 8, children, className, onSelect, onRanked }: RecsProps): ReactNode {
  const element = useRef<IntentlyRecs>(null);
  useEffect(() => {
    const host = element.current;
    const select = (event: Event): void => onSelect?.((event as CustomEvent).detail);
    const ranked = (event: Event): void => onRanked?.((event as CustomEvent).detail);
    host?.addEventListener('intently-select', select);
    host?.addEventListener('intently-ranked', ranked);
    return () => {
      host?.removeEventListener('intently-select', select);
      host?.removeEventListener('intently-ranked', ranked);
    };
  }, [onSelect, onRanked]);
  return (
    <intently-recs ref={element} placement={placement} count={String(count)} class={className}>
      {children}
    </intently-recs>
  );
}

const NO_ITEMS: readonly number[] = [];

/** The shop's own list in the session's order, anew after each event; the order given until there is one. */
export function useRanked(ids: readonly number[], options: RankOptions): readonly number[] {
  const intently = useIntently();
  const [ranked, setRanked] = useState<Ranked | null>(null);
  const wanted = JSON.stringify([ids, options]);
  useEffect(() => {
    if (intently === null) return;
    let newest = 0;
    const [candidates, how] = JSON.parse(wanted) as [number[], RankOptions];
    const ask = (): void => {
      const asked = ++newest;
      void intently.rank(candidates, how).then((list) => asked === newest && setRanked(list));
    };
    const stops = [intently.on('session', ask), intently.on('update', ask)];
    ask();
    return () => {
      newest = -1;
      for (const stop of stops) stop();
    };
  }, [intently, wanted]);
  return ranked?.items ?? (ids.length > 0 ? ids : NO_ITEMS);
}

/** Name, price and category of an item in the page's language; null until the catalogue is held. */
export function useCard(item: number, language: string): CardFacts | null {
  const intently = useIntently();
  const [, redraw] = useState(0);
  useEffect(() => intently?.on('update', () => redraw((n) => n + 1)), [intently]);
  return intently?.describe(item, language) ?? null;
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'intently-recs': {
        ref?: React.Ref<IntentlyRecs>;
        placement: string;
        count?: string;
        class?: string | undefined;
        children?: ReactNode;
      };
      'intently-privacy': { class?: string };
    }
  }
}
