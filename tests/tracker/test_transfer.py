"""A session that goes on in another browser: the same order there, and nothing for server, network or a hostile tag to read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser
from shop_pages import Visitor

pytestmark = pytest.mark.browser
VIEWED = (31, 34, 8, 37)
OFFER = """async (how) => {
  const chunk = await intently.importChunk('intently-transfer.js');
  return chunk[how](chunk.partsOf(intently));
}"""
HOSTILE = "window.stolen = [location.href, document.referrer, ...performance.getEntries().map((entry) => entry.name)]; "
HOSTILE += "fetch('/stolen?' + encodeURIComponent(location.href)); setInterval(() => stolen.push(location.href), 1);"


def giver(chromium: Browser, url: str) -> Visitor:
    visitor = Visitor(chromium, url).open("/")
    visitor.until_model()
    visitor.view(*VIEWED)
    return visitor


def taken(visitor: Visitor) -> None:
    """The shopper confirms, and is on the shop's page."""
    visitor.page.get_by_role("button", name="Continue here").click()
    visitor.page.wait_for_function("() => window.intently && intently.held !== null")


def texts(visitor: Visitor) -> str:
    """All that the network and the server saw of a visitor."""
    return "\n".join(f"{r.method} {r.url} {r.headers} {(r.post_data_buffer or b'').decode('latin1')}" for r in visitor.requests)


def test_by_a_link_the_other_browser_reaches_the_same_order_and_no_server_is_in_it(chromium: Browser, shop_url: str) -> None:
    one, two = giver(chromium, shop_url), Visitor(chromium, shop_url)
    asked = len(one.requests)
    offer = one.page.evaluate(OFFER, "offerLink")
    assert [r.url for r in one.requests[asked:] if "transfer.js" not in r.url] == []
    two.page.goto(offer["url"])
    two.page.get_by_text("It holds 4 items looked at").wait_for()
    assert two.page.evaluate("location.href") == f"{shop_url}/intently/intently-receive.html"
    assert two.page.evaluate("sessionStorage.length") == 0, "nothing before the shopper says so"
    taken(two)
    two.until_model()
    assert two.events() == list(VIEWED)
    assert two.rank() == one.rank()
    secret = offer["url"].split("#")[1]
    assert secret not in texts(one) + texts(two)
    two.page.goto(offer["url"])
    two.page.get_by_text("has been used already").wait_for()
    one.context.close()
    two.context.close()


def test_by_a_code_the_server_sees_neither_key_nor_session_and_gives_it_once(chromium: Browser, shop_url: str) -> None:
    one, two, three = giver(chromium, shop_url), Visitor(chromium, shop_url), Visitor(chromium, shop_url)
    lens = one.page.locator("intently-privacy")
    lens.get_by_role("button", name="Continue elsewhere").click()
    lens.get_by_role("button", name="Make a code to type").click()
    code = lens.locator("code.code").inner_text(timeout=60_000)
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", code)
    for visitor in (two, three):
        visitor.page.goto("/intently/intently-receive.html")
        visitor.page.get_by_label("Code").fill(code.lower())
        visitor.page.get_by_role("button", name="Go on").click()
        (visitor.page.get_by_text("It holds 4 items") if visitor is two else visitor.page.get_by_text("used already")).wait_for()
    taken(two)
    two.until_model()
    assert two.rank() == one.rank()
    saw = texts(one) + texts(two) + texts(three)
    assert code not in saw.upper()
    assert code.replace("-", "") not in saw.upper()
    [put] = [r for r in one.requests if r.method == "PUT"]
    body = put.post_data_buffer or b""
    assert len(body) == 8192
    assert b"view_item" not in body
    assert b"31," not in body[:200] or len(set(body)) > 200, "noise"
    for visitor in (one, two, three):
        visitor.context.close()


def test_a_hostile_tag_on_the_receiving_page_reads_nothing(chromium: Browser, shop_url: str) -> None:
    """A third-party script on every page, this one included: the policy refuses it here, and elsewhere it finds nothing."""
    one, two = giver(chromium, shop_url), Visitor(chromium, shop_url)
    offer = one.page.evaluate(OFFER, "offerLink")
    secret = offer["url"].split("#")[1]

    def with_tag(route, request) -> None:  # type: ignore[no-untyped-def]
        answer = route.fetch()
        tag = f'<script src="http://evil.test/tag.js"></script><script>{HOSTILE}</script>'
        route.fulfill(response=answer, body=answer.text().replace("<head>", f"<head>{tag}"))

    two.context.route("**/intently-receive.html", with_tag)
    two.context.route("http://evil.test/**", lambda route: route.fulfill(body=HOSTILE, content_type="text/javascript"))
    two.page.goto(offer["url"])
    two.page.get_by_text("It holds 4 items").wait_for()
    assert two.page.evaluate("window.stolen") is None, "the tag ran"
    assert not [r.url for r in two.requests if "evil.test" in r.url and r.failure is None]
    taken(two)
    two.page.evaluate(HOSTILE)  # the shop's own pages may carry it
    two.page.wait_for_timeout(100)
    assert secret not in str(two.page.evaluate("stolen"))
    assert two.page.evaluate("document.referrer") == ""
    two.page.go_back()
    assert secret not in two.page.evaluate("location.href")
    one.context.close()
    two.context.close()


def test_without_the_policy_the_tag_would_read_it(chromium: Browser, shop_url: str) -> None:
    """The planted fault that the test above catches: the same tag on a page without a policy."""
    visitor = Visitor(chromium, shop_url, bypass_csp=True)
    visitor.context.route(
        "**/intently-receive.html",
        lambda route: route.fulfill(body=f"<!doctype html><head><script>{HOSTILE}</script></head>", content_type="text/html"),
    )
    visitor.page.goto("/intently/intently-receive.html#1.secret")
    assert "#1.secret" in str(visitor.page.evaluate("stolen"))
    visitor.context.close()


def test_a_planted_session_is_shown_first_and_never_replaces(chromium: Browser, shop_url: str) -> None:
    one, two = giver(chromium, shop_url), Visitor(chromium, shop_url)
    offer = one.page.evaluate(OFFER, "offerLink")
    two.open("/")
    two.view(1, 2)
    two.page.goto(offer["url"])
    two.page.get_by_role("button", name="No, leave it").click()
    two.page.get_by_text("Nothing was taken over").wait_for()
    two.page.goto("/")
    two.page.wait_for_function("() => window.intently && intently.held !== null")
    assert two.events() == [1, 2]
    two.page.goto(offer["url"])
    taken(two)
    assert sorted(two.events()) == sorted([1, 2, *VIEWED])
    one.context.close()
    two.context.close()
