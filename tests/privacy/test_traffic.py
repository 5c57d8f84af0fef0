"""Captures: what each must hold to, and the two-world test, with a planted difference for each part of a request."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import pytest

from contracts import Bucket
from privacy.errors import AuditRefused
from privacy.traffic import Request, check_capture, compare, read_har

PATH = Bucket("ab" * 32, 1, 82_000, 1).path()
HEADERS = (("accept", "*/*"), ("referer", "https://shop.example/product/7"))
REPORT = Request(31_000, "POST", f"https://shop.example{PATH}", (("content-type", "text/plain"),), 56)
VISIT = (
    Request(0, "GET", "https://shop.example/product/7", (("accept", "text/html"),), 0),
    Request(900, "GET", "https://shop.example/intently/manifest.json", HEADERS, 0),
    Request(1_000, "GET", "https://shop.example/intently/files/x.json", (*HEADERS, ("if-none-match", f'"{"cd" * 32}"')), 0),
    REPORT,
)


def wrong(findings: list) -> set[str]:  # type: ignore[type-arg]
    return {finding.name for finding in findings if not finding.ok}


def test_a_clean_capture_passes_and_two_of_them_are_alike() -> None:
    assert wrong(check_capture(VISIT)) == set()
    later = tuple(dataclasses.replace(request, at_ms=request.at_ms + 70_400) for request in VISIT)
    assert wrong(compare(VISIT, later)) == set(), "when the capture began does not matter"
    polled = (*VISIT, dataclasses.replace(VISIT[1], at_ms=30_000))
    assert wrong(compare(VISIT, polled)) == set(), "how often a manifest is polled hangs on the tab's clock"


Planted = Callable[[Request], Request]


def changed(**changes: object) -> Planted:
    return lambda request: dataclasses.replace(request, **changes)  # type: ignore[arg-type]


def header(name: str, value: str) -> Planted:
    return lambda request: dataclasses.replace(request, headers=tuple(sorted({**dict(request.headers), name: value}.items())))


@pytest.mark.parametrize(
    ("place", "plant", "part"),
    [
        (3, changed(method="PUT"), "count alike"),
        (2, changed(url="https://shop.example/intently/files/y.json"), "count alike"),
        (2, changed(url="https://shop.example/intently/files/x.json?chosen=9"), "query alike"),
        (2, header("x-intent", "shoes"), "headers alike"),
        (2, header("referer", "https://shop.example/other"), "referrer alike"),
        (2, header("if-modified-since", "Tue, 01 Jan 2030 00:00:00 GMT"), "cache validators alike"),
        (3, changed(size=57), "size alike"),
        (3, changed(at_ms=38_000), "time alike"),
    ],
)  # fmt: skip
def test_a_difference_in_any_part_is_named(place: int, plant: Planted, part: str) -> None:
    other = list(VISIT)
    other[place] = plant(other[place])
    assert part in wrong(compare(VISIT, other))


def test_a_missing_report_is_named() -> None:
    assert {"count alike", "time alike"} <= wrong(compare(VISIT, VISIT[:-1]))


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (changed(size=57), "size of a report"),
        (changed(url=f"https://shop.example{PATH}?b=1"), "place of a report"),
        (changed(method="OPTIONS"), "no preflight"),
        (header("cookie", "id=1"), "no cookie on a report"),
        (header("referer", "https://shop.example/product/7"), "no referrer on a report"),
    ],
)
def test_a_report_that_says_more_is_named(plant: Planted, name: str) -> None:
    assert name in wrong(check_capture([*VISIT[:-1], plant(REPORT)]))


def test_two_reports_in_an_epoch_a_body_of_ours_and_a_validator_that_a_server_chose_are_named() -> None:
    second = changed(url=f"https://shop.example{Bucket('ab' * 32, 2, 82_000, 1).path()}")(REPORT)
    assert "one report an epoch" in wrong(check_capture([*VISIT, second]))
    assert wrong(check_capture([*VISIT, REPORT])) == set(), "a resend goes to the same bucket"
    assert "bodies" in wrong(check_capture([*VISIT, changed(size=9, method="POST")(VISIT[1])]))
    assert "validators" in wrong(check_capture([*VISIT, header("if-none-match", '"visitor-81"')(VISIT[1])]))
    assert "size of a report" in wrong(check_capture(VISIT, with_tokens=True))


def test_token_requests_are_judged_too() -> None:
    asked = Request(950, "POST", "https://shop.example/v1/tokens", (("cookie", "account=1"),), 259)
    visit = (*VISIT[:2], asked, VISIT[2], changed(size=410)(REPORT))
    assert wrong(check_capture(visit, with_tokens=True)) == set(), "the account's cookie goes to the issuer, and nowhere else"
    assert wrong(check_capture([*VISIT, asked])) == {"token requests"}
    for planted in (changed(size=260), changed(url=asked.url + "?t=1"), header("referer", "https://shop.example/product/7")):
        assert wrong(check_capture([*visit, planted(asked)], with_tokens=True)) == {"token requests"}
    late = (*visit[:2], changed(at_ms=9_000)(asked), *visit[3:])
    assert wrong(compare(visit, late)) == {"time alike"}
    assert "time alike" in wrong(compare(visit, (*visit[:2], *visit[3:])))


def test_a_har_file_is_read() -> None:
    entry = {
        "startedDateTime": "2026-11-25T08:00:00.250Z",
        "request": {"method": "POST", "url": REPORT.url, "bodySize": 56,
                    "headers": [{"name": "Content-Type", "value": "text/plain"}]},
    }  # fmt: skip
    (found,) = read_har(json.dumps({"log": {"entries": [entry]}}).encode(), "x.har")
    assert dataclasses.replace(found, at_ms=31_000) == REPORT
    assert found.at_ms % 1000 == 250
    for data in (b"{}", b"[", b'{"log": {"entries": [{}]}}'):
        with pytest.raises(AuditRefused, match="HAR"):
            read_har(data, "x.har")
