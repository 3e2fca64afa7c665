"""Plots are pictures of what they are given, and leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toxmeter.evaluation import plots
from toxmeter.evaluation.plots import confusion_plot, curves_plot, importance_plot, loss_plot

HISTORY = [
    {"step": 10, "loss": 0.7, "learning_rate": 1e-5},
    {"step": 20, "loss": 0.5},
    {"step": 20, "eval_loss": 0.6, "eval_auc": 0.8, "eval_macro_f1": 0.3, "eval_runtime": 3.0},
    {"step": 30, "eval_loss": 0.5, "eval_auc": 0.9, "eval_macro_f1": 0.4, "eval_runtime": 3.0},
    {"step": 30, "train_runtime": 9.0, "train_loss": 0.6},
]
RUNS: dict[str, list[list[tuple[float, float]]]] = {
    "plain": [[(0, 0.1), (10, 0.5)], [(0, 0.3), (5, 0.4), (10, 0.7)]],
    "warm": [[(0, 0.2), (10, 0.9)]],
    "none": [[]],
}


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The figures that are drawn."""
    kept: list[Any] = []
    png = plots._png

    def keep(figure: Any) -> bytes:
        kept.append(figure)
        return png(figure)

    monkeypatch.setattr(plots, "_png", keep)
    return kept


def words(figure: Any) -> set[str]:
    """Everything that is written in a figure."""
    import matplotlib.text

    return {text.get_text() for text in figure.findobj(matplotlib.text.Text)} - {""}


def lines(axes: Any) -> dict[str, list[tuple[float, float]]]:
    return {line.get_label(): [tuple(point) for point in line.get_xydata().tolist()] for line in axes.get_lines()}


@pytest.mark.parametrize("picture", [
    lambda: loss_plot(HISTORY),
    lambda: loss_plot([]),
    lambda: confusion_plot([[3, 1], [0, 2]], ["safe", "toxic"]),
    lambda: confusion_plot([[0, 0], [0, 0]], ["a very long name of a label that nobody reads", "$\\frac{$"]),
    lambda: curves_plot(RUNS, "F1", "a title"),
    lambda: curves_plot({}, "F1", "none"),
    lambda: curves_plot({"from $5 to $6": [[(0, 1)]]}, "F1", "$a$_"),
    lambda: importance_plot({"train.lr": 0.7, "model.dropout": 0.3}),
    lambda: importance_plot({}),
])
def test_every_plot_is_a_png_that_can_be_made_again(picture: Any) -> None:
    made = picture()
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert made == picture()


def test_the_loss_plot_shows_losses_and_metrics_apart(figures: list[Any]) -> None:
    loss_plot(HISTORY)
    top, bottom = figures[0].axes
    assert lines(top) == {"training": [(10, 0.7), (20, 0.5)], "validation": [(20, 0.6), (30, 0.5)]}
    assert lines(bottom) == {"AUC": [(20, 0.8), (30, 0.9)], "macro F1": [(20, 0.3), (30, 0.4)]}
    assert {"loss", "validation metric", "optimizer step"} <= words(figures[0])


def test_without_validation_there_is_no_empty_panel(figures: list[Any]) -> None:
    loss_plot(HISTORY[:2])
    assert len(figures[0].axes) == 1


def test_cells_of_the_confusion_plot_have_counts_and_shares(figures: list[Any]) -> None:
    confusion_plot(np.array([[3000, 1000], [0, 2]]), ["safe", "toxic"])
    assert {"3,000\n75.0%", "1,000\n25.0%", "0\n0.0%", "2\n100.0%", "safe", "toxic", "decision"} <= words(figures[0])


def test_long_names_keep_their_ends(figures: list[Any]) -> None:
    confusion_plot(np.eye(2), ["hateful_towards_a_group_of_people", "hateful_towards_one_person"])
    shown = {word for word in words(figures[0]) if "…" in word}
    assert len(shown) == 2
    assert all(len(word) <= 24 and word.endswith(("of_people", "person")) for word in shown)


def test_seeds_are_thin_and_their_mean_is_thick(figures: list[Any]) -> None:
    curves_plot(RUNS, "F1", "a title")
    (axes,) = figures[0].axes
    widths = [line.get_linewidth() for line in axes.get_lines()]
    assert sorted(widths) == [0.8, 0.8, 2.4, 2.4]
    drawn = lines(axes)
    assert drawn["warm"] == [(0, 0.2), (10, 0.9)]
    np.testing.assert_allclose(drawn["plain (mean of 2 seeds)"], [(0, 0.2), (5, 0.35), (10, 0.6)])
    assert {"F1", "a title", "step"} <= words(figures[0])


def test_importances_are_sorted(figures: list[Any]) -> None:
    importance_plot({"small": 0.1, "large": 0.9, "middle": 0.5}, title="Importance of the fields")
    (axes,) = figures[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["small", "middle", "large"]
    assert [bar.get_width() for bar in axes.patches] == [0.1, 0.5, 0.9]


def test_nothing_is_written_outside_the_picture(figures: list[Any]) -> None:
    long = "a title that goes on and on, " * 8
    curves_plot({"a name that takes some room " * 2: RUNS["plain"]}, "F1", long)
    importance_plot({"train.some_field_with_a_long_name": 1.0, "b": 0.999}, title=long)
    for figure in figures:
        drawn = figure.get_tightbbox(figure.canvas.get_renderer())  # in inches, as is the size
        assert min(drawn.x0, drawn.y0) >= 0
        assert drawn.x1 <= figure.get_figwidth()
        assert drawn.y1 <= figure.get_figheight()


def test_pyplot_is_not_loaded(tmp_path: Path) -> None:
    program = ("import sys; from toxmeter.evaluation.plots import loss_plot; assert 'matplotlib' not in sys.modules;"
               "loss_plot([{'step': 1, 'loss': .5}]); assert 'matplotlib.pyplot' not in sys.modules")
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
