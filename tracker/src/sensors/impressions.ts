/**
 * Viewable impressions (Media Rating Council's bound unless set: half of it in view for one second), and items passed over: an
 * impression that ended, or another item chosen, without a click on this one.
 */

import { IMPRESSION_MS, IMPRESSION_SHARE } from '../limits';
import {
  all,
  hit,
  ITEM_ATTRIBUTE,
  itemOf,
  listen,
  MARKED,
  mutated,
  placeOf,
  type Sensor,
  SKU_ATTRIBUTE,
  visible,
} from './sensor';

/** An element in view. */
interface Sight {
  since: number;
  /** Looked up once it was seen: hundreds pass by in a hard scroll. */
  place?: ReturnType<typeof placeOf>;
  /** The item seen for long enough and not yet passed over or chosen; null for none, absent while not yet for long enough. */
  item?: number | null;
}

export const impressionsAt =
  (share: number, longMs: number): Sensor =>
  (context) => {
    const sights = new Map<Element, Sight>();
    let timer: ReturnType<typeof setTimeout> | undefined;

    /** One timer for all sights: a page of hundreds of items scrolled hard must not keep a timer for each. */
    const look = (): void => {
      const now = context.monotonic();
      timer = undefined;
      for (const [element, sight] of sights) {
        if (sight.item !== undefined) continue;
        if (!visible()) sight.since = now; // time in a hidden tab is no viewing
        if (now - sight.since < longMs) timer ??= setTimeout(look, longMs - now + sight.since);
        else seen(element, sight);
      }
    };
    const seen = (element: Element, sight: Sight): void => {
      const item = itemOf(element, context.resolve);
      sight.item = item;
      sight.place = placeOf(element);
      if (!item) return;
      context.record({ type: 'view_item_list', item });
      context.signal({ kind: 'impression', item, ...sight.place });
    };
    const passOver = (sight: Sight | undefined): void => {
      if (!sight?.item) return;
      context.signal({ kind: 'skip', item: sight.item, ...(sight.place as NonNullable<typeof sight.place>) });
      sight.item = null;
    };
    const leave = (element: Element): void => {
      passOver(sights.get(element));
      sights.delete(element);
    };
    const clicked = (event: Event): void => {
      const element = hit(event);
      const item = element && itemOf(element, context.resolve);
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
          else if (!sights.has(target)) sights.set(target, { since: context.monotonic() });
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
    const changed = (change: MutationRecord): void => {
      for (const node of change.removedNodes) each(node, unwatch);
      for (const node of change.addedNodes) each(node, watch);
      if (change.type === 'childList') return;
      const target = change.target as Element;
      sights.delete(target); // it stands for another item now: the shopper passed over nothing
      unwatch(target);
      if (target.matches(MARKED)) watch(target);
    };
    context.root.querySelectorAll(MARKED).forEach(watch);
    return all(
      () => observer.disconnect(),
      () => clearTimeout(timer),
      listen(context.root, 'click', clicked),
      listen(document, 'visibilitychange', look),
      mutated(context.root, [ITEM_ATTRIBUTE, SKU_ATTRIBUTE], (records) => records.forEach(changed)),
    );
  };

export const impressions = impressionsAt(IMPRESSION_SHARE, IMPRESSION_MS);
