"""What plots share."""

from __future__ import annotations

import pytest

from toxmeter.evaluation.drawing import COLOURS, line_style, literal, new_figure, open_axes, shorten


def test_no_two_of_the_first_28_lines_look_the_same() -> None:
    styles = [tuple(line_style(index).values()) for index in range(4 * len(COLOURS))]
    assert len(set(styles)) == len(styles)
    assert styles[0] == ("#0072B2", "-")


@pytest.mark.parametrize("text", ["$a$", "from $5 to $6", "\\$x\\$", "$", "plain"])
def test_dollars_open_no_formula(text: str) -> None:
    figure = new_figure(2, 1, extra="evaluate")
    drawn = figure.text(0, 0, literal(text))
    assert drawn._preprocess_math(drawn.get_text()) == (text, False)


def test_long_names_keep_both_ends() -> None:
    assert shorten("short") == "short"
    short = shorten("a_long_name_that_ends_with_a_difference_1", 11)
    assert (short, len(short)) == ("a_lon…nce_1", 11)


def test_open_axes_have_two_sides() -> None:
    axes = new_figure(2, 1, extra="evaluate").subplots()
    open_axes(axes)
    assert [name for name, spine in axes.spines.items() if spine.get_visible()] == ["left", "bottom"]
