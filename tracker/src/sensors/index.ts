/** Every sensor; import single ones to leave the others out. */

import { attributes } from './attributes';
import { clicks } from './clicks';
import { dataLayer } from './data_layer';
import { dwell } from './dwell';
import { impressions } from './impressions';
import { jsonLd } from './json_ld';
import { pageViews } from './page_view';
import { quickBacks } from './quick_back';
import { rageClicks } from './rage';
import { scroll } from './scroll';
import { searches } from './search';
import type { Sensor } from './sensor';

export const SENSORS: readonly Sensor[] = [
  dwell, clicks, impressions, scroll, pageViews, searches, rageClicks, quickBacks, attributes, jsonLd, dataLayer,
]; // biome-ignore format: one line reads better
