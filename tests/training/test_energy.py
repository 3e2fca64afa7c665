"""Cost: it adds up, survives codecarbon's failures, and writes and fetches nothing."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.training import energy
from toxmeter.training.energy import Cost, measured

if TYPE_CHECKING:
    from pathlib import Path


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(10_000))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a connection fails."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


def test_energy_and_memory_of_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODECARBON_EMISSIONS_ENDPOINT", "http://localhost:9/")  # as a configuration file would
    monkeypatch.setenv("CODECARBON_ELECTRICITYMAPS_API_TOKEN", "secret")
    with measured(energy=True, country="DEU") as meter:
        busy(0.3)
        early = meter.cost
        busy(0.3)
    cost = meter.cost
    assert cost == meter.cost
    assert 0.6 <= cost.seconds < 30
    assert early.energy_kwh is not None
    assert cost.energy_kwh is not None
    assert cost.co2_kg is not None
    watts = cost.energy_kwh * 3.6e6 / cost.seconds
    assert 1 < watts < 2_000
    assert 0 < early.energy_kwh < cost.energy_kwh
    assert 0.05 < cost.co2_kg / cost.energy_kwh < 1.5  # kg per kWh, whatever the mix
    assert cost.peak_memory_mb is not None
    assert cost.peak_memory_mb > 10
    assert "DEU" in cost.method
    assert "estimated" in cost.method
    assert cost.hardware
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_co2_depends_on_the_country() -> None:
    intensity = {}
    for country in ("POL", "NOR"):
        with measured(energy=True, country=country) as meter:
            busy(0.1)
        assert meter.cost.co2_kg
        assert meter.cost.energy_kwh
        intensity[country] = meter.cost.co2_kg / meter.cost.energy_kwh
    assert intensity["POL"] > 5 * intensity["NOR"]


def test_an_unknown_country_leaves_energy() -> None:
    with (pytest.warns(UserWarning, match="no electricity mix of 'XXX'; set track.country"),
          measured(energy=True, country="XXX") as meter):
        busy(0.1)
    assert meter.cost.energy_kwh
    assert meter.cost.co2_kg is None


@pytest.mark.parametrize("what", ["__init__", "start"])
def test_a_failing_codecarbon_is_a_warning(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no such sensor")

    monkeypatch.setattr(need("codecarbon", extra="train").OfflineEmissionsTracker, what, fail)
    with pytest.warns(UserWarning, match="energy is not measured"), measured(energy=True, country="USA") as meter:
        pass
    cost = meter.cost
    assert (cost.energy_kwh, cost.co2_kg, cost.method) == (None, None, "not measured")
    assert cost.seconds >= 0
    assert cost.peak_memory_mb


def test_without_energy_codecarbon_is_not_loaded() -> None:
    program = ("import sys\nfrom toxmeter.training.energy import measured\n"
               "with measured(energy=False, country='USA') as meter: pass\n"
               "print('codecarbon' in sys.modules, 'torch' in sys.modules, meter.cost.energy_kwh, meter.cost.method)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False False None not measured\n"


def test_memory_is_of_the_process_and_its_peak() -> None:
    program = ("from toxmeter.training.energy import measured\n"
               "with measured(energy=False, country='USA') as meter:\n"
               "    block = b'x' * (200 * 2**20)\n    del block\nprint(meter.cost.peak_memory_mb)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 200 < float(done.stdout) < 400


def test_attempts_add_up(tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    seen = []
    for _ in range(3):
        with measured(energy=False, country="USA", file=file) as meter:
            time.sleep(0.05)
        seen.append(meter.cost.seconds)
    assert 0.05 <= seen[0] < seen[1] - 0.04 < seen[2] - 0.08
    assert Cost.from_dict(json.loads(file.read_text())) == meter.cost
    assert os.listdir(tmp_path) == ["cost.json"]  # noqa: PTH208 - names


def test_an_attempt_that_fails_or_is_killed_counts(tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    with contextlib.suppress(KeyboardInterrupt), measured(energy=False, country="USA", file=file):
        time.sleep(0.05)
        raise KeyboardInterrupt
    interrupted = json.loads(file.read_text())["seconds"]
    assert interrupted >= 0.05
    program = ("import os, pathlib, sys, time\nfrom toxmeter.training.energy import measured\n"
               "with measured(energy=False, country='USA', file=pathlib.Path(sys.argv[1])) as meter:\n"
               "    time.sleep(0.02)\n    meter.save()\n    os.kill(os.getpid(), 9)")
    assert subprocess.run([sys.executable, "-c", program, str(file)], check=False).returncode == -9
    assert json.loads(file.read_text())["seconds"] > interrupted


@pytest.mark.parametrize("content", ["", "[1]", '{"hours": 3}', "null", "\udcff"])
def test_a_file_that_holds_no_cost(content: str, tmp_path: Path) -> None:
    file = tmp_path / "cost.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with (pytest.raises(InputError, match="not the cost of an earlier attempt"),
          measured(energy=False, country="USA", file=file)):
        pass


def test_sums() -> None:
    first = Cost(seconds=1, energy_kwh=2, co2_kg=3, peak_memory_mb=400, hardware="a", method="by a")
    second = Cost(seconds=10, energy_kwh=20, peak_memory_mb=50, peak_gpu_mb=6, hardware="b", method="by a")
    both = first + second
    assert (both.seconds, both.energy_kwh, both.co2_kg) == (11, 22, None)
    assert (both.peak_memory_mb, both.peak_gpu_mb) == (400, 6)
    assert (both.hardware, both.method) == ("a + b", "by a")
    assert (both + second).hardware == "a + b"
    assert Cost.from_dict(json.loads(json.dumps(both.to_dict()))) == both


def test_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = energy._peak_memory()
    monkeypatch.setattr(energy, "Path", lambda _: tmp_path / "absent")
    other = energy._peak_memory()
    assert real
    assert other
    assert other > 10
