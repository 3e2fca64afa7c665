"""What a training costs: time, energy, CO2 and memory.

Energy and CO2 come from codecarbon, strictly offline: it writes no file, opens no connection and asks for no
password. Where the processor's energy counters cannot be read it estimates, and ``Cost.method`` says so. This
module measures one machine; energy is that of the whole machine while the training ran, whoever used it.
"""

from __future__ import annotations

import json
import logging
import platform
import re
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from toxmeter.errors import InputError
from toxmeter.extras import need
from toxmeter.files import write_whole

__all__ = ["Cost", "Meter", "measured"]

_MB = 2**20  # bytes, as in nvidia-smi


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a training, or several attempts at it, took. None stands for what was not measured.

    Attributes:
        seconds: by the clock.
        energy_kwh: of processor, memory and GPUs.
        co2_kg: CO2 equivalents of that energy in the electricity mix of the country.
        peak_memory_mb: most main memory that the process ever held, in units of 2**20 bytes.
        peak_gpu_mb: most memory that torch held on the GPU.
        hardware: processor and GPUs.
        method: how energy was found: by counters, or estimated.
    """

    seconds: float = 0.0
    energy_kwh: float | None = None
    co2_kg: float | None = None
    peak_memory_mb: float | None = None
    peak_gpu_mb: float | None = None
    hardware: str = ""
    method: str = "not measured"

    def __add__(self, later: Cost) -> Cost:
        """The cost of two attempts: sums, and the higher peaks. A sum with an unknown part is unknown."""
        return Cost(
            seconds=self.seconds + later.seconds,
            energy_kwh=_sum(self.energy_kwh, later.energy_kwh),
            co2_kg=_sum(self.co2_kg, later.co2_kg),
            peak_memory_mb=_highest(self.peak_memory_mb, later.peak_memory_mb),
            peak_gpu_mb=_highest(self.peak_gpu_mb, later.peak_gpu_mb),
            hardware=_both(self.hardware, later.hardware),
            method=_both(self.method, later.method),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Cost:
        """The cost that ``to_dict`` gave.

        Raises:
            InputError: when it is not such a table.
        """
        try:
            return cls(**stored)
        except TypeError as err:
            raise InputError(f"a cost has the fields {', '.join(field.name for field in fields(cls))}: {err}") from err


class Meter:
    """Tells what a training has cost so far, earlier attempts included."""

    def __init__(self, tracker: _Tracker | None, file: Path | None) -> None:
        self._tracker, self._file = tracker, file
        self._began = time.perf_counter()
        self._earlier = _read(file)
        self._total: Cost | None = None

    @property
    def cost(self) -> Cost:
        """The cost until now; once the measured block is over, the cost of all of it."""
        if self._total is not None:
            return self._total
        energy, co2 = self._tracker.so_far() if self._tracker else (None, None)
        now = Cost(seconds=round(time.perf_counter() - self._began, 3), energy_kwh=energy, co2_kg=co2,
                   peak_memory_mb=_peak_memory(), peak_gpu_mb=_peak_gpu(),
                   hardware=self._tracker.hardware if self._tracker else _hardware(),
                   method=self._tracker.method if self._tracker else "not measured")
        return self._earlier + now if self._earlier else now

    def save(self) -> None:
        """Keep the cost until now in the file, so that a run that is killed and resumed counts it."""
        if self._file is not None:
            write_whole(self._file, json.dumps(self.cost.to_dict(), indent=1) + "\n")

    def close(self) -> None:
        """Measure for the last time, and keep the cost in the file."""
        if self._tracker:
            self._tracker.stop()
        self._total = self.cost
        self.save()


@contextmanager
def measured(*, energy: bool, country: str, file: Path | None = None) -> Iterator[Meter]:
    """Measure what happens inside. Energy that cannot be measured is a warning, never the end of a training.

    Args:
        energy: measure energy and CO2 as well; needs codecarbon.
        country: ISO 3166 code of three letters, whose electricity mix turns energy into CO2.
        file: JSON file with the cost of earlier attempts, if there were any; rewritten at the end, also when
            an exception ends the block. Remove it to start anew.

    Raises:
        MissingExtra: when energy is asked for and codecarbon is not installed.
    """
    torch = sys.modules.get("torch")
    if torch and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    meter = Meter(_Tracker.start(country) if energy else None, file)
    try:
        yield meter
    finally:
        meter.close()


class _Tracker:
    """codecarbon's offline tracker behind three words: start, so far, stop.

    It hands its totals to what it calls an output handler; this object is one.
    """

    def __init__(self, country: str) -> None:
        codecarbon = need("codecarbon", extra="train")
        # its own switch works from the second line on that it logs
        logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
        self._latest: Any = None
        self._known_country = country in need("codecarbon.input", extra="train").DataSource(
        ).get_global_energy_mix_data()
        # what a configuration file of codecarbon could turn on and would go over the network is turned off
        self._tracker = codecarbon.OfflineEmissionsTracker(
            country_iso_code=country, region=None, cloud_provider=None, cloud_region=None,
            country_2letter_iso_code=None, electricitymaps_api_token="", emissions_endpoint="", output_methods=[],
            output_handlers=[self], allow_multiple_runs=True, tracking_mode="machine", log_level="critical")
        self._tracker.start()
        self.hardware, self.method = _hardware(), "not measured"

    @classmethod
    def start(cls, country: str) -> _Tracker | None:
        """A running tracker; None, and a warning, where codecarbon fails."""
        need("codecarbon", extra="train")
        try:
            tracker = cls(country)
        except Exception as err:  # noqa: BLE001 - nothing that goes wrong in there is worth a training
            warnings.warn(f"energy is not measured: codecarbon failed ({err})", stacklevel=4)
            return None
        if tracker.so_far()[0] is None:
            warnings.warn("energy is not measured: codecarbon does not know this machine", stacklevel=4)
        elif not tracker._known_country:
            warnings.warn(f"CO2 is not measured: codecarbon knows no electricity mix of {country!r}; set track.country"
                          " to a code of three letters, for instance DEU", stacklevel=4)
        return tracker

    def so_far(self) -> tuple[float | None, float | None]:
        """Energy in kWh and CO2 in kg until now."""
        try:
            self._tracker.flush()
            self._describe()
        except Exception:  # noqa: BLE001 - see start
            self._latest = None
        if self._latest is None:
            return None, None
        return self._latest.energy_consumed, self._latest.emissions if self._known_country else None

    def stop(self) -> None:
        """End the threads of the tracker."""
        self._tracker.stop()

    def _describe(self) -> None:
        found, parts = self._latest, self._tracker._conf.get("hardware", [])
        counted = any(re.search("rapl|emi|gadget|apple", part, re.IGNORECASE)
                      for part in parts if not part.startswith(("RAM", "GPU")))
        processor = "by its energy counters" if counted else "estimated from its load and nominal power"
        gpus = ", GPUs by their counters" if found.gpu_count else ""
        self.hardware = ", ".join(filter(None, [f"{found.cpu_count} × {found.cpu_model}", found.gpu_model]))
        self.method = (f"codecarbon {found.codecarbon_version}, whole machine: processor {processor}{gpus}, memory"
                       f" estimated; electricity mix of {found.country_iso_code}")

    def out(self, total: Any, _delta: Any) -> None:  # noqa: ANN401 - codecarbon's EmissionsData
        """Called by codecarbon with its totals."""
        self._latest = total

    def live_out(self, total: Any, _delta: Any) -> None:  # noqa: ANN401
        """Called by codecarbon now and then."""

    def task_out(self, _data: Any, _name: str) -> None:  # noqa: ANN401
        """Called by codecarbon for tasks, of which there are none."""

    def exit(self) -> None:
        """Called by codecarbon at its end."""


def _read(file: Path | None) -> Cost | None:
    """The cost in a file; None where there is no file."""
    if file is None or not file.is_file():
        return None
    try:
        return Cost.from_dict(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, InputError) as err:
        raise InputError(f"{file}: not the cost of an earlier attempt ({err}); remove it") from err


def _hardware() -> str:
    return platform.processor() or platform.machine()


def _peak_memory() -> float | None:
    """Most memory of this process, in MB: Linux' own figure, since getrusage's is inherited from the parent."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return round(int(found[1]) / 1024, 1)
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB, 1)


def _peak_gpu() -> float | None:
    torch = sys.modules.get("torch")  # a training that has no torch loaded has no GPU
    if torch is None or not torch.cuda.is_available():
        return None
    return round(float(torch.cuda.max_memory_allocated()) / _MB, 1)


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _highest(first: float | None, second: float | None) -> float | None:
    return max((each for each in (first, second) if each is not None), default=None)


def _both(first: str, second: str) -> str:
    """What is said of several attempts, each thing once."""
    return " + ".join(dict.fromkeys(filter(None, [*first.split(" + "), second])))
