"""The console in a real Chromium, offline: the numbers of plain Python, and every planted fault named."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import public_folder
import pytest
from console_reference import guarantees_of, report_of
from playwright.sync_api import Browser, Page, Route
from public_folder import RELEASE, STRANGER, PublicFolder

from intently.console import build_console, console_server
from privacy.audit import verify_public
from privacy.explanation import explain
from privacy.plan import check_plan, read_plan

pytestmark = pytest.mark.browser
START_MS = 60_000
WITHOUT_POLICY = "without-policy"
"""Path of this origin that the test answers itself, with no Content-Security-Policy."""


@dataclass
class Console:
    """A started console: one tab in which Python starts once."""

    page: Page
    public: PublicFolder
    strangers: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def done(self) -> str:
        self.page.wait_for_selector("#verdict:not([data-state=busy])", timeout=START_MS)
        return self.page.get_attribute("#verdict", "data-state") or ""

    def give(self, files: dict[str, bytes]) -> tuple[str, str]:
        """Hand a ZIP over as an auditor would; (state, text of the verdict)."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in files.items():
                archive.writestr(f"copy/{path}", data)
        # The state is marked before the file is given: otherwise the verdict of the check before could be read.
        self.page.evaluate("document.getElementById('verdict').dataset.state = 'busy'")
        self.page.set_input_files("#zip", {"name": "public.zip", "mimeType": "application/zip", "buffer": buffer.getvalue()})
        return self.done(), self.page.inner_text("#verdict")

    def table(self, name: str) -> list[list[str]]:
        rows = self.page.query_selector_all(f"#{name} tbody tr")
        return [[cell.get_attribute("title") or cell.inner_text() for cell in row.query_selector_all("td")] for row in rows]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Console]:
    root = tmp_path_factory.mktemp("audit")
    public = PublicFolder(root / "public", guarantees_of)
    build_console(root / "console", public.folder, release_key=RELEASE.public)
    with console_server(root / "console") as server, chromium.new_context(viewport={"width": 1200, "height": 900}) as context:
        Thread(target=server.serve_forever, daemon=True).start()
        page = context.new_page()
        made = Console(page, public)
        origin = f"http://127.0.0.1:{server.server_port}/"

        def offline(route: Route) -> None:
            if route.request.url == origin + WITHOUT_POLICY:
                route.fulfill(content_type="text/html", body="<p>control</p>")
            elif route.request.url.startswith((origin, "blob:")):
                route.continue_()
            else:
                made.strangers.append(route.request.url)
                route.abort()

        page.context.route("**/*", offline)
        page.on("console", lambda message: made.messages.append(message.text))
        page.on("pageerror", lambda error: made.messages.append(str(error)))
        page.goto(origin)
        yield made
        server.shutdown()


def test_verdict_and_numbers_of_the_own_site_equal_plain_pythons(console: Console) -> None:
    assert console.done() == "good", console.page.inner_text("#verdict")
    want = report_of(files_of(console.public.folder), RELEASE.public)
    columns = (
        "epoch",
        "collection",
        "reports",
        "mechanism",
        "local",
        "shuffled",
        "public",
        "delta",
        "operators",
        "entry",
        "path",
    )
    assert console.table("receipts") == [["✓", *(row[name] for name in columns)] for row in want["receipts"]]
    totals = ("collection", "audience", "epochs", "reports", "epsilon", "delta")
    assert console.table("totals") == [[row[name] for name in totals] for row in want["totals"]]
    assert len(console.table("receipts")) == len(console.public.receipts) == 6
    assert console.page.inner_text("#headline") == want["summary"]
    assert console.page.input_value("#key") == RELEASE.public
    theirs = verify_public(console.public.folder, RELEASE.public)
    assert theirs.ok
    stated = [(row.path, row.guarantees) for row in theirs.receipts]
    printed = [(path, *(f"{getattr(each, name):.6f}" for name in ("local", "shuffled", "public"))) for path, each in stated]
    assert {(row[-1], *row[5:8]) for row in console.table("receipts")} == set(printed)
    if folder := os.environ.get("INTENTLY_SCREENSHOTS"):
        console.page.screenshot(path=Path(folder) / "console.png", full_page=True)


def test_nothing_was_asked_of_another_origin_and_nothing_was_refused_by_the_policy(console: Console) -> None:
    console.done()
    assert console.strangers == []
    assert console.messages == []


REACH_OUT = """() => new Promise(resolve => {
    const source = "fetch('https://elsewhere.example/').then(() => postMessage('reached'), () => postMessage('refused'))";
    const worker = new Worker(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})), {type: 'module'});
    worker.onmessage = event => resolve(event.data);
})"""
"""A worker made as the page makes its own, that asks for a file of another origin."""


def test_the_policy_binds_the_worker_too(console: Console) -> None:
    """What the count above rests on: the same worker on a page without the policy is counted, on ours it gets nowhere."""
    control = console.page.context.new_page()
    control.goto(console.page.url + WITHOUT_POLICY)
    control.evaluate(REACH_OUT)
    control.close()
    assert console.strangers == ["https://elsewhere.example/"]
    console.strangers.clear()
    assert console.page.evaluate(REACH_OUT) == "refused"
    assert console.strangers == []


def test_a_chosen_folder_gives_the_same_verdict_as_the_site(console: Console) -> None:
    console.page.evaluate("document.getElementById('verdict').dataset.state = 'busy'")
    console.page.set_input_files("#folder", str(console.public.folder))
    assert console.done() == "good", console.page.inner_text("#verdict")
    assert "the folder you chose (16 files)" in console.page.inner_text("#origin")


def test_a_zip_gives_the_same_verdict_as_the_site(console: Console) -> None:
    state, text = console.give(files_of(console.public.folder))
    assert state == "good", text
    assert "public.zip" in console.page.inner_text("#origin")


Tamper = Callable[[dict[str, bytes], PublicFolder], str]


def flip_in_receipt(files: dict[str, bytes], public: PublicFolder) -> str:
    """One more report in a receipt's payload; returns what must be named."""
    path = public.receipts[2].path
    envelope: dict[str, Any] = json.loads(files[path])
    payload = base64.b64decode(envelope["payload"])
    changed = payload.replace(b'"reports":13000', b'"reports":13001')
    assert changed != payload
    spelled = {**envelope, "payload": base64.b64encode(changed).decode()}
    files[path] = json.dumps(spelled, separators=(",", ":")).encode()
    return path


def flip_a_bit(files: dict[str, bytes], public: PublicFolder) -> str:
    path = public.receipts[4].path
    data = bytearray(files[path])
    data[len(data) // 2] ^= 1
    files[path] = bytes(data)
    return path


def remove_a_line(files: dict[str, bytes], public: PublicFolder) -> str:
    lines = files["ledger.jsonl"].splitlines(keepends=True)
    files["ledger.jsonl"] = b"".join(lines[:2] + lines[3:])
    return "ledger.jsonl, line 3, field index"


def swap_lines(files: dict[str, bytes], public: PublicFolder) -> str:
    a, b, *rest = files["ledger.jsonl"].splitlines(keepends=True)
    files["ledger.jsonl"] = b"".join([b, a, *rest])
    return "ledger.jsonl, line 1, field index"


def cut_the_last_line(files: dict[str, bytes], public: PublicFolder) -> str:
    files["ledger.jsonl"] = b"".join(files["ledger.jsonl"].splitlines(keepends=True)[:-1])
    return "ledger.jsonl"


def sign_a_line_by_a_stranger(files: dict[str, bytes], public: PublicFolder) -> str:
    lines = files["ledger.jsonl"].splitlines(keepends=True)
    payload = base64.b64decode(json.loads(lines[1])["payload"])
    lines[1] = STRANGER.sign("application/vnd.intently.ledger-entry+json", payload) + b"\n"
    files["ledger.jsonl"] = b"".join(lines)
    return "ledger.jsonl, line 2"


def lose_a_file(files: dict[str, bytes], public: PublicFolder) -> str:
    del files[public.receipts[0].path]
    return public.receipts[0].path


def change_the_configuration(files: dict[str, bytes], public: PublicFolder) -> str:
    path = public.configuration.path
    files[path] = files[path].replace(b'"cap_epsilon":32', b'"cap_epsilon":64')
    return path


@pytest.mark.parametrize(
    "tamper",
    [
        flip_in_receipt, flip_a_bit, remove_a_line, swap_lines, cut_the_last_line, sign_a_line_by_a_stranger, lose_a_file,
        change_the_configuration,
    ],
)  # fmt: skip
def test_a_planted_fault_is_named_as_the_command_line_names_it(console: Console, tamper: Tamper, tmp_path: Path) -> None:
    files = files_of(console.public.folder)
    named = tamper(files, console.public)
    state, text = console.give(files)
    assert state == "bad", text
    assert named in text
    marks = {row[-1]: row[0] for row in console.table("receipts")}
    assert len(marks) == len(console.public.receipts)
    assert [path for path, mark in marks.items() if mark == "✗"] == [path for path in marks if path in text]
    want = report_of(files, RELEASE.public)
    shown = [item.inner_text() for item in console.page.query_selector_all("#problems li")]
    assert shown == [f"{problem['where']}\n{problem['what']}" for problem in want["problems"]]
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert shown == [f"{fault.place}\n{fault.what}" for fault in verify_public(tmp_path, RELEASE.public).faults]


def test_a_key_typed_in_is_the_one_that_is_checked(console: Console) -> None:
    console.give(files_of(console.public.folder))
    for key, want in ((STRANGER.public, "bad"), ("", "open"), ("12ab", "bad"), (RELEASE.public, "good")):
        console.page.fill("#key", key)
        console.page.click("#again")
        assert console.done() == want, key


def test_a_receipt_that_states_less_than_it_costs_is_refused(console: Console, tmp_path: Path) -> None:
    """Signed by the right key all the way: only the recomputation can see it."""

    def modest(*words: Any) -> Any:
        honest = guarantees_of(*words)
        return honest.model_copy(update={"local": honest.local - 1e-5})

    public = PublicFolder(tmp_path / "public", modest)
    state, text = console.give(files_of(public.folder))
    assert state == "bad"
    assert f"{public.receipts[0].path}, field guarantees.local" in text
    shutil.rmtree(public.folder)


def test_noise_that_is_stated_and_left_out_is_named_here_too(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_folder, "discrete_gaussian_many", lambda sigma, size, rng: 0 * rng.integers(2, size=size))
    public = PublicFolder(tmp_path / "public", guarantees_of)
    state, text = console.give(files_of(public.folder))
    assert state == "bad"
    assert "it is not in them" in text
    assert [str(fault.place) in text for fault in verify_public(public.folder, RELEASE.public).faults] == [True]
    shutil.rmtree(public.folder)


LEARNERS = """(terms) => terms.map((term) =>
    [term.textContent, [...term.nextSibling.querySelectorAll('li')].map((line) => line.textContent)])"""


def test_explain_says_what_the_command_line_says(console: Console) -> None:
    state, text = console.give(files_of(console.public.folder))
    assert state == "good", text
    want = explain(console.public.folder)
    shown = console.page.eval_on_selector_all(
        "#learners dt",
        LEARNERS,
    )
    assert shown == [[learner.who, list(learner.learns)] for learner in want.learners]
    rows = [(each.collection, str(each.closes), f"{each.reports:,}", f"{each.epsilon_micro / 1e6:.6f}") for each in want.spent]
    assert [tuple(row) for row in console.table("spent")][:-1] == rows
    assert console.table("spent")[-1][-1] == f"{want.total_micro / 1e6:.6f}"


def test_a_plan_costs_what_the_command_line_says_and_a_planted_difference_shows(console: Console) -> None:
    console.done()
    page, text = console.page, console.page.input_value("#plan")
    noised = text.replace("{", '{"noise_epsilon": 1,', 1)
    cases = ((text, text, True), (noised, noised, True), (text.replace('"batch": 100000', '"batch": 100100'), text, False))
    for planted, told, equal in cases:
        page.evaluate("document.getElementById('plan-verdict').textContent = ''")
        page.fill("#plan", planted)
        page.click("#planning button")
        page.wait_for_function("() => document.getElementById('plan-verdict').textContent !== ''", timeout=START_MS)
        report = check_plan(read_plan(told.encode(), "plan.json"))
        want = [
            [row.collection, row.audience, *(f"{getattr(row, span):.6f}" for span in ("report", "day", "month", "cap", "year"))]
            for row in report.rows
        ]
        assert ([row[:-1] for row in console.table("plan-rows")] == want) == equal
        assert ("spreads by" in page.inner_text("#plan-notes")) == (planted == noised)
    if folder := os.environ.get("INTENTLY_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "console-plan.png", full_page=True)
    for broken, words in (
        ("{", "is not JSON"),
        ('{"collections": []}', "at least one"),
        ('{"a": 1, "collections": [1]}', "unknown"),
    ):
        page.fill("#plan", broken)
        page.click("#planning button")
        page.wait_for_function("(words) => document.getElementById('plan-verdict').textContent.includes(words)", arg=words)
    page.fill("#plan", text)
