/**
 * Viewable impressions (Media Rating Council's bound: half of it in view for one second), and items passed over: an impression
 * that ended, or another item chosen, without a click on this one.
 */

import { clickedItem } from './clicks';
import { ITEM_ATTRIBUTE, itemOf, listOf, type SensorContext, type Stop } from './sensor';

/** Share of the element that must be in view. */
export const IMPRESSION_SHARE = 0.5;
/** For how long without a break, ms. */
export const IMPRESSION_MS = 1000;

interface Sight {
  readonly item: number;
  readonly list: string;
  timer: ReturnType<typeof setTimeout> | undefined;
  seen: boolean;
}

export function impressions(root: ParentNode & Node, context: SensorContext): Stop {
  const sights = new Map<Element, Sight>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting && entry.intersectionRatio >= IMPRESSION_SHARE) enter(entry.target);
        else leave(entry.target);
      }
    },
    { threshold: IMPRESSION_SHARE },
  );

  const enter = (element: Element): void => {
    const item = itemOf(element);
    if (item === null || sights.has(element)) return;
    const sight: Sight = { item, list: listOf(element), timer: undefined, seen: false };
    sight.timer = setTimeout(() => seen(element, sight), IMPRESSION_MS);
    sights.set(element, sight);
  };
  const seen = (element: Element, sight: Sight): void => {
    if (document.visibilityState !== 'visible') return;
    sight.seen = true;
    const position = Array.from(element.parentElement?.children ?? []).indexOf(element);
    context.record({ type: 'view_item_list', item: sight.item });
    context.signal({ kind: 'impression', item: sight.item, list: sight.list, position });
  };
  const leave = (element: Element): void => {
    const sight = sights.get(element);
    if (sight === undefined) return;
    clearTimeout(sight.timer);
    sights.delete(element);
    passOver(sight);
  };
  const passOver = (sight: Sight): void => {
    if (!sight.seen) return;
    sight.seen = false;
    context.signal({ kind: 'skip', item: sight.item, list: sight.list });
  };
  const clicked = (event: Event): void => {
    const item = clickedItem(event);
    if (item === null) return;
    const lists = new Set([...sights.values()].filter((sight) => sight.item === item).map((sight) => sight.list));
    for (const sight of sights.values()) {
      if (sight.item === item) sight.seen = false;
      else if (lists.has(sight.list)) passOver(sight);
    }
  };
  const watch = (node: Node): void => {
    if (!(node instanceof Element)) return;
    if (node.hasAttribute(ITEM_ATTRIBUTE)) observer.observe(node);
    for (const inner of node.querySelectorAll(`[${ITEM_ATTRIBUTE}]`)) observer.observe(inner);
  };
  const unwatch = (node: Node): void => {
    if (!(node instanceof Element)) return;
    for (const inner of [node, ...node.querySelectorAll(`[${ITEM_ATTRIBUTE}]`)]) {
      observer.unobserve(inner);
      leave(inner);
    }
  };
  const changed = (record: MutationRecord): void => {
    if (record.type === 'childList') {
      record.removedNodes.forEach(unwatch);
      record.addedNodes.forEach(watch);
    } else if (record.target instanceof Element) {
      // The element stands for another item now: the shopper passed over nothing.
      clearTimeout(sights.get(record.target)?.timer);
      sights.delete(record.target);
      observer.unobserve(record.target);
      if (itemOf(record.target) !== null) observer.observe(record.target);
    }
  };
  const mutations = new MutationObserver((records) => records.forEach(changed));
  mutations.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: [ITEM_ATTRIBUTE] });
  for (const element of root.querySelectorAll(`[${ITEM_ATTRIBUTE}]`)) observer.observe(element);
  root.addEventListener('click', clicked, { capture: true, passive: true });
  return () => {
    observer.disconnect();
    mutations.disconnect();
    root.removeEventListener('click', clicked, { capture: true });
    for (const sight of sights.values()) clearTimeout(sight.timer);
    sights.clear();
  };
}
