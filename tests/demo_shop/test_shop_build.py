"""Build of the shop's pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from intently.demo.shop.build import ShopBuildError, build_shop


def outside(text: str) -> list[str]:
    """Addresses of other sites, without the names of XML's namespaces, which nobody fetches."""
    return [found for found in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s'\"`)]*", text) if "www.w3.org" not in found]


def inline_scripts(html: str) -> list[str]:
    """What `script-src 'self'` would refuse: script bodies and handlers in attributes."""
    return re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|\son[a-z]+\s*=", html)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "demo.json").write_text("{}")
    build_shop(folder)
    return folder


def test_writes_the_pages_beside_what_stands_there_and_leaves_nothing_else(built: Path) -> None:
    assert sorted(path.name for path in built.iterdir()) == ["demo.json", "index.html", "shop.css", "shop.js"]


def test_loads_intently_as_a_shop_would(built: Path) -> None:
    html = (built / "index.html").read_text()
    assert '<script type="module" src="/intently/intently.js">' in html
    script = (built / "shop.js").read_text()
    assert '"/intently/intently.js"' in script, "the same module as the page's tag, not a copy of it"
    assert "WebAssembly" not in script


@pytest.mark.parametrize("name", ["index.html", "shop.js", "shop.css"])
def test_names_no_other_site(built: Path, name: str) -> None:
    assert outside((built / name).read_text()) == []


def test_a_planted_address_and_a_planted_inline_script_are_found(built: Path) -> None:
    assert outside("@import '//fonts.example.com/a.css'")
    assert inline_scripts("<script>1</script>")
    assert inline_scripts("<p onclick='x()'>")
    assert inline_scripts((built / "index.html").read_text()) == []


def test_is_the_same_every_time_and_small(built: Path, tmp_path: Path) -> None:
    for path in build_shop(tmp_path):
        assert path.read_bytes() == (built / path.name).read_bytes()
        assert path.stat().st_size < 40_000


def test_says_what_to_do_without_esbuild(tmp_path: Path) -> None:
    with pytest.raises(ShopBuildError, match="npm ci"):
        build_shop(tmp_path / "out", repository=tmp_path)
