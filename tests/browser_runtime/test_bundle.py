"""The bundler: reproducible, self-describing, and clear about what is missing."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from shop_server import SHOP, Shop, public_hex

import browser_runtime.templates as templates_module
import contracts as c
from browser_runtime import BUNDLE_FILES, BundleFailed, BundlerMissing, BundleUnreadable, build_bundle, check_bundle, read_bundle

KEY = "ab" * 32


def release_of(shop: Shop, **changes: object) -> c.Release:
    shop.publish()
    manifest = c.Manifest.from_bytes(c.Envelope.from_bytes((shop.folder / "manifest.json").read_bytes()).payload_bytes())
    held = c.Release.from_bytes(c.Envelope.from_bytes((shop.folder / manifest.release.path).read_bytes()).payload_bytes())
    return held.model_copy(update=changes)


def test_two_builds_are_byte_equal_and_another_key_is_not(tmp_path: Path) -> None:
    for folder, key in (("one", KEY), ("two", KEY), ("three", "cd" * 32)):
        build_bundle(tmp_path / folder, key, SHOP, demo=False)
    for name in BUNDLE_FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert (tmp_path / "one/intently.js").read_bytes() != (tmp_path / "three/intently.js").read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(BUNDLE_FILES), "nothing is left beside"


def test_the_record_states_what_is_there(bundled: Shop) -> None:
    record = read_bundle(bundled.folder)
    assert (record.shop, record.demo, record.release_key) == (SHOP, True, public_hex(bundled.release_key))
    assert set(record.files) == {name for name in BUNDLE_FILES if not name.endswith(".map")} - {"bundle.json"}
    for name, file in record.files.items():
        data = (bundled.folder / name).read_bytes()
        assert (file.sha256, file.bytes) == (c.sha256_hex(data), len(data))
        assert file.integrity == "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()
        assert 0 < file.brotli_bytes < file.bytes
    code = (bundled.folder / "intently-core.js").read_text()
    assert record.release_key in (bundled.folder / "intently.js").read_text()
    assert record.files["ort-wasm-simd-threaded.wasm"].sha256 in code


def test_shoppers_do_not_wait_for_more_than_they_need(bundled: Shop) -> None:
    files = read_bundle(bundled.folder).files
    assert files["intently.js"].brotli_bytes <= 6_000, "before the page is idle"
    assert files["intently-core.js"].brotli_bytes < 32_000
    assert files["intently-reports.js"].brotli_bytes < 14_000
    assert files["intently-lens.js"].brotli_bytes < 6_000
    code = (bundled.folder / "intently-core.js").read_text()
    assert "intently/report/v1" not in code, "sealing belongs to the lazy chunk"
    assert "What is known in this tab" not in code, "the lens is a lazy chunk"


def test_no_markup_from_strings_and_no_chance_but_the_systems(bundled: Shop) -> None:
    for name in ("intently.js", "intently-core.js", "intently-reports.js", "intently-lens.js"):
        code = (bundled.folder / name).read_text()
        for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Math.random"):
            assert banned not in code, (name, banned)
        assert (".localStorage" in code) == (name == "intently-core.js"), "only the shopper's choice is kept there"


def test_a_bundle_for_another_release_is_told(shop: Shop) -> None:
    release = release_of(shop)
    assert check_bundle(shop.folder, release) is None
    other_roles = release.roles.model_copy(update={"release": KEY})
    for changes, words in (({"shop": "other"}, "of shop test-shop"), ({"roles": other_roles}, "release key")):
        sentence = check_bundle(shop.folder, release.model_copy(update=changes))
        assert sentence is not None
        assert sentence.startswith("a bundle built for another model: ")
        assert words in sentence
    spec = c.FeatureSpec(length=4, event_types=(c.EventType.VIEW_ITEM,), inputs=(c.ItemInput(items=9),))
    assert check_bundle(shop.folder, release, spec) is None
    later = spec.model_copy(update={"version": 3})
    assert "feature specs up to version 2" in (check_bundle(shop.folder, release, later) or "")


def test_a_demo_release_needs_a_demo_bundle(tmp_path: Path, shop: Shop) -> None:
    release = release_of(shop)
    build_bundle(tmp_path / "real", release.roles.release, SHOP, demo=False)
    assert "the release is a demo's" in (check_bundle(tmp_path / "real", release) or "")


def test_an_altered_or_missing_file_is_named(tmp_path: Path) -> None:
    build_bundle(tmp_path, KEY, SHOP, demo=False)
    with (tmp_path / "intently-lens.js").open("a") as file:
        file.write(";")
    with pytest.raises(BundleUnreadable, match=r"intently-lens\.js was changed"):
        read_bundle(tmp_path)
    (tmp_path / "intently-lens.js").unlink()
    with pytest.raises(BundleUnreadable, match=r"intently-lens\.js is missing"):
        read_bundle(tmp_path)
    with pytest.raises(BundleUnreadable, match=r"no bundle\.json"):
        read_bundle(tmp_path / "nowhere")


def test_what_is_missing_is_said_in_one_sentence(tmp_path: Path) -> None:
    if not templates_module.BUILT.exists():  # a checkout carries none
        with pytest.raises(BundlerMissing, match="carries no built JavaScript and esbuild is not in node_modules"):
            build_bundle(tmp_path / "out", KEY, SHOP, demo=False, repository=tmp_path)
    esbuild = tmp_path / "node_modules/.bin/esbuild"
    esbuild.parent.mkdir(parents=True)
    esbuild.write_text("no program")
    with pytest.raises(BundlerMissing, match=r"onnxruntime-web is not in node_modules; run `npm ci`"):
        build_bundle(tmp_path / "out", KEY, SHOP, demo=False, repository=tmp_path)
    assert not (tmp_path / "out").exists(), "nothing half-built stays"
    with pytest.raises(BundleFailed, match="64 hexadecimal digits"):
        build_bundle(tmp_path / "out", "short", SHOP, demo=False)
    with pytest.raises(BundleFailed, match="lower-case letters"):
        build_bundle(tmp_path / "out", KEY, "Shop!", demo=False)


def test_a_wheel_without_node_gives_the_very_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_bundle(tmp_path / "by_node", KEY, SHOP, demo=True)
    templates_module.write_built(tmp_path / "built")
    monkeypatch.setattr(templates_module, "BUILT", tmp_path / "built")
    monkeypatch.setattr(templates_module, "build_templates", None)  # esbuild must not be asked
    build_bundle(tmp_path / "carried", KEY, SHOP, demo=True, repository=tmp_path / "no_checkout")
    for name in BUNDLE_FILES:
        assert (tmp_path / "by_node" / name).read_bytes() == (tmp_path / "carried" / name).read_bytes(), name


def test_a_script_that_keeps_no_room_for_the_key_is_refused() -> None:
    pin = {"releaseKey": KEY, "shop": SHOP, "demo": False, "version": "1"}
    room = templates_module.PLACEHOLDER.encode()
    assert len(templates_module.pinned("intently.js", b"x=" + room, pin)) == len(room) + 2, "source maps stay right"
    for script in (b"x=1", b"x=" + room.replace(b"--", b"++", 1), b"x=" + room[:-9] + b'"'):
        with pytest.raises(BundleFailed, match=r"intently\.js"):
            templates_module.pinned("intently.js", script, pin)
    with pytest.raises(BundleFailed, match="does not fit"):
        templates_module.pinned("intently.js", room, pin | {"version": "1" * 400})


def test_a_source_map_names_the_repositorys_files(bundled: Shop) -> None:
    sources = json.loads((bundled.folder / "intently.js.map").read_text())["sources"]
    root = Path(__file__).parents[2]
    assert "browser_runtime/src/constants.ts" in sources
    assert all((root / source).is_file() for source in sources), sources


def test_constants_have_one_value_in_both_languages() -> None:
    source = (Path(__file__).parents[2] / "browser_runtime/src/constants.ts").read_text()
    for name in ("EPSILON_LIMIT", "EPOCH_LIMIT_S", "DEMO_EPOCH_LIMIT_S", "CAP_LIMIT_EPSILON", "CAP_DAYS"):
        assert f"export const {name} = {json.dumps(getattr(c, name)).removesuffix('.0')};" in source, name
