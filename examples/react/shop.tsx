/** A small shop: recommendations whose cards React renders, and a search list that the shop draws and Intently orders. */

import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { IntentlyProvider, Recs, useIntently, useRanked } from './intently';

const CANDIDATES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const FOUND = [21, 22, 23, 24, 25, 26];

function Search(): React.ReactNode {
  const items = useRanked(FOUND, { placement: 'search', reorder: true, pins: [{ item: 24, position: 1 }] });
  return (
    <ol id="search">
      {items.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ol>
  );
}

function Product(): React.ReactNode {
  const intently = useIntently();
  const [seen, setSeen] = useState(0);
  const view = (): void => {
    setSeen(seen + 1);
    intently?.record({ type: 'view_item', item: 3 });
  };
  return (
    <button id="view" type="button" onClick={view}>
      Look at item 3 ({seen})
    </button>
  );
}

function Shop(): React.ReactNode {
  const [order, setOrder] = useState('');
  return (
    <IntentlyProvider options={{ eager: true, pollMs: 0, consent: { personalize: true, reports: false } }}>
      <Product />
      <Recs placement="product" count={4} onRanked={({ items }) => setOrder(items.join())}>
        {CANDIDATES.map((item) => (
          <article key={item} data-intently-item={item}>
            Item {item}
          </article>
        ))}
      </Recs>
      <output id="order">{order}</output>
      <Search />
    </IntentlyProvider>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(<Shop />);
