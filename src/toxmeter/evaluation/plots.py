"""Plots as PNG files in memory: training curves, confusion matrices, comparisons of runs, importances.

Colours and axes are those of ``drawing.py``. This module computes no metrics and writes no files.
"""

from __future__ import annotations

import io
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from toxmeter.evaluation.drawing import COLOURS, line_style, literal, new_figure, open_axes, shorten
from toxmeter.extras import need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

__all__ = ["confusion_plot", "curves_plot", "importance_plot", "loss_plot"]

_NOT_METRICS = {"loss", "runtime", "samples_per_second", "steps_per_second", "model_preparation_time"}


def loss_plot(history: Sequence[Mapping[str, Any]]) -> bytes:
    """Loss of training and validation, and below it the validation metrics, against optimizer steps.

    Args:
        history: entries with ``step`` and ``loss`` or ``eval_*``, as ``log_history`` of transformers'
            TrainerState has them; other entries and other keys are passed over.

    Returns:
        PNG.
    """
    names = dict.fromkeys(key for entry in history for key in entry if key.startswith("eval_"))
    metrics = [name for name in names if name.removeprefix("eval_") not in _NOT_METRICS]
    figure = new_figure(7, 6 if metrics else 3.6, extra="train")
    panels = figure.subplots(2 if metrics else 1, 1, sharex=True, squeeze=False)[:, 0]
    _lines(panels[0], {"training": _points(history, "loss"), "validation": _points(history, "eval_loss")})
    panels[0].set_ylabel("loss")
    if metrics:
        _lines(panels[1], {_shown(name): _points(history, name) for name in metrics})
        panels[1].set_ylabel("validation metric")
    panels[-1].set_xlabel("optimizer step")
    return _png(figure)


def confusion_plot(matrix: npt.ArrayLike, names: Sequence[str]) -> bytes:
    """A confusion matrix: in each cell the rows, and below them their share of the true class.

    Args:
        matrix: ``[k, k]`` counts, row = truth, column = decision.
        names: of the ``k`` classes.

    Returns:
        PNG.
    """
    counts = np.asarray(matrix, np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 1.05 * len(names)
    figure = new_figure(side + 0.2, side, extra="train")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        axes.text(column, row, f"{counts[row, column]:,.0f}\n{share:.1%}", ha="center", va="center",
                  color="white" if share > 0.55 else "black")
    tilted = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if max(map(len, names)) > 9 else {}
    axes.set_xticks(range(len(names)), [shorten(name) for name in names], **tilted)
    axes.set_yticks(range(len(names)), [shorten(name) for name in names])
    axes.set_xlabel("decision")
    axes.set_ylabel("truth (shares are of its rows)")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return _png(figure)


def curves_plot(
    runs: Mapping[str, Sequence[Sequence[tuple[float, float]]]], ylabel: str, title: str, *, xlabel: str = "step"
) -> bytes:
    """Several runs in one plot: each seed a thin line, the mean of a run's seeds a thick one.

    The mean is drawn over the steps that all seeds have reached, straight between their points.

    Args:
        runs: per name, one curve of ``(step, value)`` for each seed, steps rising.
        ylabel: what the values are.
        title: above the plot.
        xlabel: what the steps are.

    Returns:
        PNG.
    """
    figure = new_figure(7, 4.2, extra="train")
    axes = figure.subplots()
    for index, (name, curves) in enumerate(runs.items()):
        drawn = [np.array(curve, np.float64).T for curve in curves if len(curve)]
        if not drawn:
            continue
        style = line_style(index)
        if len(drawn) > 1:
            for steps, values in drawn:
                axes.plot(steps, values, linewidth=0.8, alpha=0.5, **style)
        steps, values = _mean_curve(drawn)
        seeds = f" (mean of {len(drawn)} seeds)" if len(drawn) > 1 else ""
        axes.plot(steps, values, linewidth=2.4, label=literal(name) + seeds, **style)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    open_axes(axes)
    figure.suptitle(fill(literal(title), 75), fontsize="large")
    if axes.get_lines():
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return _png(figure)


def importance_plot(importances: Mapping[str, float], *, title: str = "", xlabel: str = "importance") -> bytes:
    """Bars of how much each field matters, the largest on top.

    Args:
        importances: by name, at least 0.
        title: above the plot.
        xlabel: what the bars measure.

    Returns:
        PNG.
    """
    ordered = sorted(importances.items(), key=lambda pair: pair[1])
    figure = new_figure(7, 1.4 + 0.38 * max(len(ordered), 1), extra="train")
    axes = figure.subplots()
    bars = axes.barh([name for name, _ in ordered], [value for _, value in ordered], color=COLOURS[0], height=0.65)
    axes.bar_label(bars, fmt="%.2f", padding=4)
    axes.margins(x=0.12)
    axes.set_xlim(left=0)
    axes.set_xlabel(xlabel)
    figure.suptitle(fill(literal(title), 75), fontsize="large")
    axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def _mean_curve(curves: Sequence[npt.NDArray[np.float64]]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Steps and mean values of curves ``[2, m]``, over the steps that all of them span."""
    begin = max(steps[0] for steps, _ in curves)
    end = min(steps[-1] for steps, _ in curves)
    every = np.unique(np.concatenate([steps for steps, _ in curves]))
    shared = every[(every >= begin) & (every <= end)]
    return shared, np.mean([np.interp(shared, steps, values) for steps, values in curves], axis=0)


def _points(history: Sequence[Mapping[str, Any]], key: str) -> list[tuple[float, float]]:
    return [(entry["step"], entry[key]) for entry in history if "step" in entry and key in entry]


def _lines(axes: Any, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:  # noqa: ANN401 - matplotlib Axes
    for index, (name, points) in enumerate(curves.items()):
        if points:
            steps, values = zip(*points, strict=True)
            marker = "o" if len(points) <= 40 else None
            axes.plot(steps, values, linewidth=1.6, marker=marker, markersize=3.5, label=name, **line_style(index))
    open_axes(axes)
    if any(curves.values()):  # beside the lines, where it covers none of them
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0.0)


def _shown(metric: str) -> str:
    """``eval_macro_f1`` as people write it."""
    return metric.removeprefix("eval_").replace("_", " ").replace("f1", "F1").replace("auc", "AUC")


def _png(figure: Any) -> bytes:  # noqa: ANN401
    stream = io.BytesIO()
    canvas = need("matplotlib.backends.backend_agg", extra="train").FigureCanvasAgg(figure)
    canvas.print_png(stream, metadata={"Software": None})  # the same figures give the same bytes
    return stream.getvalue()
