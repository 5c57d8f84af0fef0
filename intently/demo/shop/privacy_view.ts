/** `/privacy`: the same lens as the drawer's, with room to read. */

import { h } from './dom';
import type { View } from './views';

/** Page of the lens; `room` is where the lens goes. */
export function privacyView(room: HTMLElement, line: string): View {
  return {
    title: 'What does this shop know?',
    nodes: [
      h(
        'section',
        { class: 'privacy' },
        h('h1', {}, 'What does this shop know?'),
        h(
          'p',
          { class: 'lead' },
          'Everything below is read from this tab, where it stays, and every report that left it is shown as it left.',
        ),
        h('p', { class: 'quiet' }, line),
        room,
      ),
    ],
  };
}
