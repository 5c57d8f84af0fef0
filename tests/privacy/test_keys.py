"""Keys at rest and their rotation: sealed files open with their passphrase and name alone, and one key is active at any time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typer.testing import CliRunner

from aggregator.errors import KeyRefused
from aggregator.keys import create_keys, read_hpke_keys, read_signing_key, read_states, seal_keys
from intently.commands.keys import app
from privacy.errors import KeyFileRefused
from privacy.key_files import KEY_PREFIX, key_of_environment, key_text, passphrase_of, read_key_text
from privacy.key_states import States, add, begin, check_states, retire, rotate

PRIVATE = bytes(range(32))


def test_a_sealed_key_opens_with_its_passphrase_and_its_name_alone() -> None:
    data = key_text(PRIVATE, "pool", b"correct horse")
    text = data.decode()
    assert PRIVATE.hex() not in text
    assert read_key_text(text, "pool", b"correct horse") == PRIVATE
    assert key_text(PRIVATE, "pool", b"correct horse") != data, "salt and nonce are fresh"
    flipped = json.loads(text)
    flipped["sealed"] = flipped["sealed"][:-1] + ("0" if flipped["sealed"][-1] != "0" else "1")
    for wrong, name, passphrase in (
        (text, "pool", b"other"), (text, "ledger", b"correct horse"), (json.dumps(flipped), "pool", b"correct horse"),
    ):  # fmt: skip
        with pytest.raises(KeyFileRefused, match="does not open"):
            read_key_text(wrong, name, passphrase)
    with pytest.raises(KeyFileRefused, match="INTENTLY_PASSPHRASE"):
        read_key_text(text, "pool", None)
    for bad in ("{}", text.replace('"n":32768', '"n":99999999999'), "{not json"):
        with pytest.raises(KeyFileRefused, match="not a sealed key"):
            read_key_text(bad, "pool", b"correct horse")


def test_plain_keys_are_as_they_were() -> None:
    assert key_text(PRIVATE, "pool", None) == PRIVATE.hex().encode() + b"\n"
    assert read_key_text(PRIVATE.hex() + "\n", "pool", None) == PRIVATE
    with pytest.raises(KeyFileRefused, match="64 hexadecimal"):
        read_key_text("abc", "pool", None)


def test_passphrases_and_keys_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"from a file\n")
    assert passphrase_of({}) is None
    assert passphrase_of({"INTENTLY_PASSPHRASE": "x"}) == b"x"
    assert passphrase_of({"INTENTLY_PASSPHRASE_FILE": str(file)}) == b"from a file"
    file.write_bytes(b"\n")
    for path in (file, tmp_path / "absent"):
        with pytest.raises(KeyFileRefused, match="INTENTLY_PASSPHRASE_FILE"):
            passphrase_of({"INTENTLY_PASSPHRASE_FILE": str(path)})
    assert key_of_environment("hpke-3", {KEY_PREFIX + "HPKE_3": PRIVATE.hex()}) == PRIVATE
    with pytest.raises(KeyFileRefused, match="INTENTLY_KEY_POOL"):
        key_of_environment("pool", {KEY_PREFIX + "POOL": "zz"})


def test_a_folder_is_made_sealed_and_an_older_one_is_sealed_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_keys(tmp_path)
    before = read_signing_key(tmp_path / "pool.key")
    with pytest.raises(KeyRefused, match="no passphrase"):
        seal_keys(tmp_path)
    monkeypatch.setenv("INTENTLY_PASSPHRASE", "correct horse")
    assert seal_keys(tmp_path) == ["hpke-1.key", "ledger.key", "pool.key", "release.key"]
    assert seal_keys(tmp_path) == []
    assert read_signing_key(tmp_path / "pool.key") == before
    assert before.private.hex() not in (tmp_path / "pool.key").read_text()
    assert (tmp_path / "pool.key").stat().st_mode & 0o777 == 0o600
    create_keys(tmp_path / "new")
    assert (tmp_path / "new" / "ledger.key").read_text().startswith("{")
    monkeypatch.delenv("INTENTLY_PASSPHRASE")
    with pytest.raises(KeyFileRefused, match="sealed with a passphrase"):
        read_signing_key(tmp_path / "pool.key")


def test_a_key_of_the_environment_stands_before_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTENTLY_KEY_HPKE_9", PRIVATE.hex())
    create_keys(tmp_path)
    assert sorted(read_hpke_keys(tmp_path)) == [9], "a key is there already, so none is made"
    assert read_hpke_keys(tmp_path)[9].private == PRIVATE


class Rotation(RuleBasedStateMachine):
    """Whatever the order of commands, one key is active and one id means one key at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.states: States = begin([1], 0)
        self.now = 0

    @rule(seconds=st.integers(0, 100_000))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def add(self) -> None:
        pending = any(state.state == "pending" for state in self.states)
        try:
            self.states, key_id = add(self.states, self.now)
            assert not pending
            assert [state.state for state in self.states if state.key_id == key_id] == ["pending"]
        except KeyFileRefused:
            assert pending

    @rule()
    def rotate(self) -> None:
        pending = [state.key_id for state in self.states if state.state == "pending"]
        active = next(state.key_id for state in self.states if state.state == "active")
        try:
            self.states = rotate(self.states, self.now)
        except KeyFileRefused:
            assert not pending
            return
        of = {state.key_id: state.state for state in self.states}
        assert (of[pending[0]], of[active]) == ("active", "expired")

    @rule(overlap=st.integers(0, 50_000))
    def retire(self, overlap: int) -> None:
        before = {state.key_id: state for state in self.states}
        self.states, gone = retire(self.states, self.now, overlap)
        assert all(before[each].state == "expired" and self.now - before[each].since >= overlap for each in gone)

    @invariant()
    def one_is_active(self) -> None:
        check_states(self.states, [state.key_id for state in self.states])
        assert len({state.key_id for state in self.states}) == len(self.states)


Rotation.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestRotation = Rotation.TestCase


def test_ids_wrap_around_and_run_out() -> None:
    _, key_id = add(begin([255], 0), 5)
    assert key_id == 0
    full = tuple(state for state in begin(list(range(256)), 0))
    with pytest.raises(KeyFileRefused, match="256"):
        add(full, 1)
    with pytest.raises(KeyFileRefused, match="exactly one"):
        check_states((), [])


def keys(folder: Path, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--folder", str(folder)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_rotation_on_the_command_line(tmp_path: Path) -> None:
    create_keys(tmp_path)
    with pytest.raises(KeyFileRefused, match="no key is pending"):
        keys(tmp_path, "rotate")
    keys(tmp_path, "add")
    keys(tmp_path, "rotate")
    listed = json.loads(keys(tmp_path, "list", "--json"))["keys"]
    assert [(row["key_id"], row["state"], row["kept"]) for row in listed] == [(1, "expired", "plain"), (2, "active", "plain")]
    assert sorted(read_hpke_keys(tmp_path)) == [1, 2], "overlap: what was sealed to the old key still opens"
    keys(tmp_path, "retire")
    assert len(read_states(tmp_path)) == 2
    keys(tmp_path, "retire", "--overlap-s", "0")
    assert sorted(read_hpke_keys(tmp_path)) == [2]
    (tmp_path / "hpke-states.json").write_text("[]")
    with pytest.raises(KeyFileRefused, match="key states"):
        keys(tmp_path, "list")
    assert (tmp_path / "hpke-2.key").exists()
