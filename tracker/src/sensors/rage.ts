/** Rage clicks: several at one place within a second. Said once for each burst. */

import { RAGE_CLICKS, RAGE_MS, RAGE_PX } from '../limits';
import { listen, type Sensor } from './sensor';

export const rageClicks: Sensor = (context) => {
  let burst: MouseEvent[] = [];
  return listen(context.root, 'click', (click: MouseEvent) => {
    const near = (one: MouseEvent): boolean =>
      click.timeStamp - one.timeStamp < RAGE_MS &&
      Math.hypot(one.clientX - click.clientX, one.clientY - click.clientY) < RAGE_PX;
    burst = [...burst.filter(near), click];
    if (click.detail && burst.length === RAGE_CLICKS) context.signal({ kind: 'rage_click' }); // a key's or a script's click has no detail
  });
};
