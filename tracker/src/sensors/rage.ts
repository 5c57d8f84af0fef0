/** Rage clicks: several at one place within a second. Said once for each burst. */

import { listen, type Sensor } from './sensor';

export const RAGE_CLICKS = 3;
export const RAGE_MS = 1000;
export const RAGE_PX = 30;

export const rageClicks: Sensor = ({ root, signal }) => {
  let burst: MouseEvent[] = [];
  return listen(root, 'click', (click: MouseEvent) => {
    const near = (one: MouseEvent): boolean =>
      click.timeStamp - one.timeStamp < RAGE_MS && Math.hypot(one.clientX - click.clientX, one.clientY - click.clientY) < RAGE_PX;
    burst = [...burst.filter(near), click];
    if (click.detail && burst.length === RAGE_CLICKS) signal({ kind: 'rage_click' }); // a key's or a script's click has no detail
  });
};
