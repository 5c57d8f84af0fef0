/**
 * Viewable impressions (Media Rating Council's bound unless set: half of it in view for one second), and items passed over: an
 * impression that ended, or another item chosen, without a click on this one.
 */

import { all, hit, ITEM_ATTRIBUTE, itemOf, listen, MARKED, mutated, placeOf, type Sensor, SKU_ATTRIBUTE } from './sensor';

/** Share of the element that must be in view. */
export const IMPRESSION_SHARE = 0.5;
/** For how long without a break, ms. */
export const IMPRESSION_MS = 1000;

/** An element in view. */
interface Sight {
  since: number;
  /** Not yet for long enough. */
  fresh: boolean;
  /** Looked up once it was seen: hundreds pass by in a hard scroll. */
  place?: ReturnType<typeof placeOf>;
  /** The item seen for long enough and not yet passed over or chosen; null for none. */
  item: number | null;
}

export const impressionsAt =
  (share: number, longMs: number): Sensor =>
  ({ root, record, signal, resolve, monotonic }) => {
    const sights = new Map<Element, Sight>();
    let timer: ReturnType<typeof setTimeout> | undefined;

    /** One timer for all sights: a page of hundreds of items scrolled hard must not keep a timer for each. */
    const look = (): void => {
      const now = monotonic();
      timer = undefined;
      for (const [element, sight] of sights) {
        if (!sight.fresh) continue;
        if (document.visibilityState !== 'visible') sight.since = now; // time in a hidden tab is no viewing
        if (now - sight.since < longMs) timer ??= setTimeout(look, longMs - now + sight.since);
        else seen(element, sight);
      }
    };
    const seen = (element: Element, sight: Sight): void => {
      const item = itemOf(element, resolve);
      sight.fresh = false;
      sight.item = item;
      sight.place = placeOf(element);
      if (!item) return;
      record({ type: 'view_item_list', item });
      signal({ kind: 'impression', item, ...sight.place });
    };
    const passOver = (sight: Sight | undefined): void => {
      if (!sight?.item) return;
      signal({ kind: 'skip', item: sight.item, ...(sight.place as NonNullable<typeof sight.place>) });
      sight.item = null;
    };
    const leave = (element: Element): void => {
      passOver(sights.get(element));
      sights.delete(element);
    };
    const clicked = (event: Event): void => {
      const element = hit(event);
      const item = element && itemOf(element, resolve);
      if (!item) return;
      const { list } = placeOf(element);
      for (const sight of sights.values()) {
        if (sight.item === item) sight.item = null;
        else if (sight.place?.list === list) passOver(sight);
      }
    };
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting, intersectionRatio } of entries) {
          if (!isIntersecting || intersectionRatio < share) leave(target);
          else if (!sights.has(target)) sights.set(target, { since: monotonic(), fresh: true, item: null });
        }
        timer ??= setTimeout(look, longMs);
      },
      { threshold: share },
    );
    const watch = (element: Element): void => observer.observe(element);
    const unwatch = (element: Element): void => {
      observer.unobserve(element);
      leave(element);
    };
    const each = (node: Node, act: (element: Element) => void): void => {
      if (!(node instanceof Element)) return;
      for (const element of [node, ...node.querySelectorAll(MARKED)]) if (element.matches(MARKED)) act(element);
    };
    const changed = ({ type, target, removedNodes, addedNodes }: MutationRecord): void => {
      for (const node of removedNodes) each(node, unwatch);
      for (const node of addedNodes) each(node, watch);
      if (type === 'childList') return;
      sights.delete(target as Element); // it stands for another item now: the shopper passed over nothing
      observer.unobserve(target as Element);
      if ((target as Element).matches(MARKED)) watch(target as Element);
    };
    root.querySelectorAll(MARKED).forEach(watch);
    return all(
      () => observer.disconnect(),
      () => clearTimeout(timer),
      listen(root, 'click', clicked),
      listen(document, 'visibilitychange', look),
      mutated(root, [ITEM_ATTRIBUTE, SKU_ATTRIBUTE], (records) => records.forEach(changed)),
    );
  };

export const impressions = impressionsAt(IMPRESSION_SHARE, IMPRESSION_MS);
