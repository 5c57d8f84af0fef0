"""`<intently-recs>`: what the server rendered is ranked where it stands, nothing moves, and no request depends on the model."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from playwright.sync_api import Browser, Page, Route
from shop_server import ITEMS, PAGE_CSP, Request, Server, Shop

import contracts as c

pytestmark = pytest.mark.browser

CANDIDATES = range(1, 25)
"""Of the page: the same for everyone who opens it; 8 are shown."""
READY = "() => ['kernel', 'onnx'].includes(window.intently?.snapshot().status.tier)"
SHIFTS = (
    "window.shifts = []; new PerformanceObserver((list) => list.getEntries().forEach(({ value, sources }) =>"
    " shifts.push([value, ...sources.map(({ node, previousRect: a, currentRect: b }) =>"
    " `${node?.nodeName} ${node?.dataset?.intentlyItem} ${a.x},${a.y} -> ${b.x},${b.y}`)])))"
    ".observe({ type: 'layout-shift', buffered: true });"
)
STYLE = """<style>
intently-recs { display: grid; grid-template-columns: repeat(4, 1fr); gap: 8px; }
intently-recs > article { border: 1px solid #ccc; min-height: 150px; } article img { width: 80px; height: 80px; }
</style>"""


def rendered(count: int = 8) -> str:
    """A list as a server renders it, pictures lazy, what is beyond `count` hidden."""
    cards = "".join(
        f'<article role="listitem" data-intently-item="{item}" aria-label="Item {item}"{" hidden" if at >= count else ""}>'
        f'<a href="#{item}"><img loading="lazy" src="/img/{item}.png" alt=""> Item {item}</a>'
        f'<button data-intently-dismiss aria-label="Not interested in item {item}">×</button></article>'
        for at, item in enumerate(CANDIDATES)
    )
    return f'<intently-recs role="list" placement="product" count="{count}"><h2>For you</h2>{cards}</intently-recs>'


def page_of(body: str) -> tuple[str, dict[str, str]]:
    head = '<!doctype html><html lang="de"><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">'
    html = f'{head}{STYLE}<script type="module" src="/page.js"></script>{body}<p id="after">After the list</p></html>'
    return html, {"Content-Security-Policy": PAGE_CSP + " 'unsafe-inline'"}


@pytest.fixture
def rules(shop: Shop) -> c.RankingRules:
    """Signed rules with something in each part."""
    rules = c.RankingRules(
        placements=(c.PlacementRule(placement="product", pins=(c.Pin(item=20, position=2),)),),
        restrictions=(c.Restriction(reason="spirits", items=(4,), age_least=18),),
    )
    shop.configure(ranking=rules)
    return rules


def shown(page: Page) -> list[int]:
    found: list[int] = page.evaluate("[...document.querySelector('intently-recs').items]")
    return found


def visible(page: Page) -> list[int]:
    """Items whose cards a person sees, in reading order."""
    found: list[int] = page.evaluate(
        "[...document.querySelectorAll('intently-recs > article')].filter((card) => card.checkVisibility())"
        ".map((card) => [card.getBoundingClientRect(), Number(card.dataset.intentlyItem)])"
        ".sort(([a], [b]) => a.top - b.top || a.left - b.left).map(([, item]) => item)"
    )
    return found


def test_children_of_the_server_are_ranked_in_place_and_nothing_moves(
    shop: Shop, server: Server, page: Page, rules: c.RankingRules
) -> None:
    shop.publish(availability=c.Availability(issued=int(time.time()), unavailable=(1,), banned=(2,)))
    server.pages["/ssr"] = page_of(rendered())
    page.add_init_script(SHIFTS)
    held: list[Route] = []
    page.route("**/intently-core.js", lambda route: held.append(route))  # playwright takes no bound builtin
    page.goto(f"{server.origin}/ssr?noreports")
    assert visible(page) == list(range(1, 9)), "at first as the server rendered it"
    page.evaluate("window.nodes = [...document.querySelector('intently-recs').children]")
    for route in held:
        route.continue_()
    page.unroute("**/intently-core.js")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 })")
    page.wait_for_function("() => intently.snapshot().lastRanked?.tier !== 'pool'"
                           " && !document.querySelector('intently-recs').items.includes(3)")  # fmt: skip
    page.wait_for_timeout(300)
    items = shown(page)
    assert len(items) == 8
    assert items[1] == 20, "the signed pin"
    assert not {1, 2, 3, 4} & set(items), "out of stock, banned, in view, for adults"
    assert visible(page) == items
    assert page.evaluate("document.querySelector('h2').checkVisibility()")
    assert page.evaluate("nodes.every((node, at) => node === document.querySelector('intently-recs').children[at])")
    assert page.evaluate("shifts") == []


def test_not_interested_by_keyboard_takes_the_category_and_says_so(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    server.pages["/ssr"] = page_of(rendered())
    page.goto(f"{server.origin}/ssr?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    page.focus("article[data-intently-item='3'] button")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.querySelector('intently-recs').items.includes(3)")
    assert all(item % 5 != 3 % 5 for item in shown(page)), "items of a category are five apart"
    assert page.evaluate("document.querySelector('intently-recs').shadowRoot.querySelector('[role=status]').textContent") == (
        "Item 3 is no longer recommended."
    )
    page.focus("article[data-intently-item='5'] a")
    before = shown(page).index(5)
    page.evaluate("intently.setCart([1])")
    page.wait_for_function("() => !document.querySelector('intently-recs').items.includes(1)")
    assert shown(page).index(5) == before, "what has the focus keeps its place"


def test_without_javascript_the_list_is_the_servers(shop: Shop, server: Server, chromium: Browser) -> None:
    server.pages["/ssr"] = page_of(rendered())
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{server.origin}/ssr")
        assert page.locator("article:visible").count() == 8


def test_cards_of_our_own_write_prices_for_the_market_and_say_why(shop: Shop, server: Server, page: Page) -> None:
    prices = tuple(-1 if n == 2 else 100_000 + n for n in range(1, ITEMS + 1))
    about = {"shop": "test-shop", "name": "ch", "locale": "de-CH", "currency": "CHF", "region": "CH"}
    shop.markets = {"ch": c.Market(**about, prices_minor=prices, names=("Eins",))}
    shop.publish()
    body = '<intently-recs placement="p" count="4" why href-template="/product/{sku}"></intently-recs>'
    server.pages["/ch"] = page_of(body)
    page.goto(f"{server.origin}/ch?noreports&market=ch")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 4")
    assert shown(page) == [1, 3, 4, 5], "item 2 is not sold here"
    card = "document.querySelector('intently-recs').shadowRoot.querySelector('li')"
    assert page.evaluate(f"{card}.querySelector('[part=name]').textContent") == "Eins"
    assert (
        page.evaluate(f"{card}.querySelector('[part=price]').textContent.replace(/\\s/g, ' ').replace('’', \"'\")")
        == "CHF 1'000.01"
    )
    assert page.evaluate(f"{card}.querySelector('[part=why]').textContent") == "Often chosen in this shop."
    assert page.evaluate(f"{card}.querySelector('[part=dismiss]').getAttribute('aria-label')") == "Not interested in Eins"
    asked = [request.path for request in server.requests if "/files/" in request.path]
    assert len(asked) == len(set(asked))
    page.goto(f"{server.origin}/ch?noreports&market=fr")
    assert (
        page.evaluate("intently.ready.then(() => intently.snapshot().status.notes.join())").count("market fr, there are ch") >= 1
    )


def test_the_shops_own_list_is_reordered_and_keeps_its_pins(shop: Shop, server: Server, page: Page) -> None:
    shop.publish(unavailable=(7,))
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 }); intently.setCart([9]); intently.notInterested(12)")
    options = "{ placement: 'search', reorder: true, pins: [{ item: 11, position: 1 }] }"
    ranked = page.evaluate(f"intently.rank([3, 5, 7, 9, 11, 12], {options})")
    assert ranked["items"][0] == 11
    assert sorted(ranked["items"]) == [3, 5, 9, 11, 12], "nothing but what is out of stock goes"
    assert ranked["tier"] != "pool"
    assert ranked["why"][0]["code"] == "pinned"


LEAK = """
  addEventListener('intently-ranked', ({ detail }) => {
    if (detail.tier !== 'pool') for (const item of detail.items.slice(0, 2)) new Image().src = `/img/chosen-${item}.png`;
  });
"""
"""What a careless page does: ask for a picture of what was chosen, and of nothing else."""
SMALL = {"width": 900, "height": 500}


Note = tuple[str, str, str, int]


def asked(server: Server, chromium: Browser, path: str, item: int, init: str = "") -> tuple[Counter[Note], list[int]]:
    """Everything that one visit asks for, and the list that its model made."""
    server.requests.clear()
    with chromium.new_context(viewport=SMALL) as context:
        page = context.new_page()
        page.add_init_script(init)
        page.goto(f"{server.origin}{path}")
        page.wait_for_function(READY)
        for step in range(3):
            page.evaluate("(item) => intently.record({ type: 'view_item', item })", 1 + (item + 7 * step) % 20)
            page.wait_for_timeout(150)
        page.evaluate("intently.notInterested(document.querySelector('intently-recs').items[1])")
        page.wait_for_timeout(700)
        items = shown(page)
    return Counter(note(request) for request in server.requests), items


def note(request: Request) -> Note:
    """Method, URL, headers and size, the connection's own left out."""
    headers = sorted((name, value) for name, value in request.headers.items() if name != "host")
    return request.method, request.path, repr(headers), len(request.body)


@pytest.mark.parametrize("mode", ["page", "page-drawn", "local"])
def test_what_is_fetched_does_not_depend_on_the_model(shop: Shop, server: Server, chromium: Browser, mode: str) -> None:
    """Two shoppers, other behaviour, other lists, the same requests; a planted picture of a chosen item is caught."""
    shop.publish()
    template = 'image-template="/img/{item}.png"'
    bodies = {
        "page": rendered(),
        "page-drawn": f'<intently-recs placement="product" cards="page" {template}></intently-recs>',
        "local": f'<intently-recs placement="product" cards="local" {template}></intently-recs>',
    }
    server.pages["/two"] = page_of(bodies[mode])
    path = "/two?eager&noreports" + ("&candidates" if mode == "page-drawn" else "")
    one, first = asked(server, chromium, path, 1)
    two, second = asked(server, chromium, path, 4)
    assert first != second, "the two lists do not differ, so nothing was tested"
    pictures = {url for _, url, _, _ in one if url.startswith("/img/")}
    assert len(pictures) == (0 if mode == "local" else len(CANDIDATES)), "every candidate's picture, or none"
    assert one == two
    if mode == "page":
        leaky, _ = asked(server, chromium, path, 4, LEAK)
        odd = {url for _, url, _, _ in (leaky - one)}
        assert odd, "the planted fault was not caught"
        assert all("chosen" in url for url in odd)


def test_cards_of_the_shop_need_a_signature(shop: Shop, server: Server, page: Page) -> None:
    body = '<intently-recs placement="p" cards="shop" image-template="/img/{item}.png"></intently-recs>'
    server.pages["/shop"] = page_of(body)
    shop.pictures = False
    for signed, pictures in (("page", 0), ("shop", 8)):
        shop.configure(ranking=c.RankingRules(cards=signed))
        shop.publish(release_version=1 if signed == "page" else 2)
        server.requests.clear()
        page.goto(f"{server.origin}/shop?noreports")
        page.wait_for_function("(signed) => intently.snapshot().cards === signed", arg=signed)
        page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
        page.wait_for_timeout(500)
        assert len({request.path for request in server.requests if request.path.startswith("/img/")}) == pictures


def test_no_signature_loosens_a_bundle_that_pins_the_cards(shop: Shop, server: Server, page: Page) -> None:
    for file in [shop.folder / "intently.js", shop.folder / "intently-core.js"]:
        script = file.read_text()
        assert script.count('"cards":"shop"') == 1, "each script pins it"
        file.unlink()
        file.write_text(script.replace('"cards":"shop"', '"cards":"page"'))
    server.pages["/shop"] = page_of('<intently-recs placement="p" cards="shop" image-template="/img/{item}.png"></intently-recs>')
    shop.pictures = False
    shop.configure(ranking=c.RankingRules(cards="shop"))
    shop.publish()
    page.goto(f"{server.origin}/shop?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    page.wait_for_function("() => intently.snapshot().status.model === 'ready'")
    assert page.evaluate("intently.snapshot().cards") == "page"
    assert [request.path for request in server.requests if request.path.startswith("/img/")] == []


def test_a_category_page_offers_the_items_of_its_pool(shop: Shop, server: Server, page: Page) -> None:
    lists = (c.CategoryList(category=2, items=(11, 6, 1, 16)),)
    pool = c.CategoryPool(shop="test-shop", demo=True, epoch=3, lists=lists)
    shop.publish(category_pool=shop.put(pool.to_bytes(), ".json"))
    recs = '<intently-recs placement="{0}" category="{1}" count="3" tier="pool"></intently-recs>'
    server.pages["/category"] = page_of(recs.format("a", "Category 2") + recs.format("b", 3))
    page.goto(f"{server.origin}/category?noreports")
    shown = "[...document.querySelectorAll('intently-recs')].map(({ items }) => String(items)).join(' ')"
    page.wait_for_function(f"() => {shown} === '11,6,1 2,7,12'")
    model = page.evaluate("intently.rank(null, { category: 2, count: 9 }).then(({ items }) => items.toSorted((a, b) => a - b))")
    assert model == [1, 6, 11, 16], "the model chooses among the same, whatever it thinks"
    assert page.evaluate("intently.rank(null, { category: 'nowhere' }).then(({ items }) => items)") == []


def test_a_damaged_category_pool_is_refused_and_the_category_keeps_its_items(shop: Shop, server: Server, page: Page) -> None:
    reference = shop.put(b'{"lists":[{"category":2,"items":[1,"x"]}]}', ".json")
    shop.publish(category_pool=reference)
    server.pages["/category"] = page_of('<intently-recs placement="a" category="2" count="3" tier="pool"></intently-recs>')
    page.goto(f"{server.origin}/category?noreports")
    page.wait_for_function("() => String(document.querySelector('intently-recs').items) === '1,6,11'")
    page.wait_for_function("() => intently.snapshot().status.notes.some((note) => note.includes('category pool'))")
