from __future__ import annotations

import numpy as np
import pytest

from toxmeter.evaluation.clusters import cluster_auc, cluster_means
from toxmeter.evaluation.metrics import bootstrap, bootstrap_auc, percentile_interval, roc_auc


def test_means_of_groups_and_the_empty_one() -> None:
    values = np.array([1.0, 0.0, 1.0, 1.0])
    members = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0]], np.bool_)
    means, drawn, _ = cluster_means(values, members, np.arange(4), resamples=20, seed=0)
    assert means[:2].tolist() == [0.75, 1.0]
    assert np.isnan(means[2])
    assert drawn.shape == (20, 3)
    assert np.isnan(drawn[:, 2]).all()


def test_each_case_a_cluster_is_the_plain_bootstrap() -> None:
    values = np.random.default_rng(0).random(40)
    drawn = cluster_means(values, np.ones((40, 1), np.bool_), np.arange(40), resamples=200, seed=3)
    assert percentile_interval(drawn.drawn[:, 0]) == pytest.approx(
        bootstrap(lambda rows: float(values[rows].mean()), 40, repeats=200, seed=3))


def test_cases_of_one_template_stand_and_fall_together() -> None:
    values = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], 20)
    everything = np.ones((120, 1), np.bool_)
    apart = cluster_means(values, everything, np.arange(120), resamples=300, seed=0)
    together = cluster_means(values, everything, np.repeat(np.arange(6), 20), resamples=300, seed=0)
    assert together.drawn.std() > 3 * apart.drawn.std()


def test_one_cluster_tells_nothing_about_others() -> None:
    means, drawn, _ = cluster_means(np.ones(5), np.ones((5, 1), np.bool_), np.zeros(5, np.int64), resamples=9, seed=0)
    assert means.tolist() == [1.0]
    assert np.isnan(drawn).all()


def test_auc_of_cases_is_that_of_the_plain_bootstrap() -> None:
    random = np.random.default_rng(0)
    truth, score = random.random(60) < 0.4, random.random(60).round(1)
    drawn = cluster_auc(truth, score, np.arange(60), resamples=50, seed=5)
    assert drawn == pytest.approx(bootstrap_auc(truth[:, None].astype(float), score[:, None], repeats=50, seed=5)[:, 0])


def test_auc_of_clusters_is_that_of_the_repeated_rows() -> None:
    truth, score = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.4, 0.4])
    clusters = np.array([7, 7, 3, 3])
    draws = np.random.default_rng(1)
    expected = []
    for _ in range(10):
        places = draws.integers(0, 2, 2)  # 3 is the first cluster, 7 the second
        rows = np.concatenate([[2, 3] if place == 0 else [0, 1] for place in places])
        expected.append(roc_auc(truth[rows], score[rows]))
    assert cluster_auc(truth, score, clusters, resamples=10, seed=1).tolist() == pytest.approx(expected)


def test_nothing_to_draw() -> None:
    none = np.empty(0, np.int64)
    means, drawn, _ = cluster_means(np.empty(0), np.empty((0, 2), np.bool_), none, resamples=4, seed=0)
    assert np.isnan(means).all()
    assert np.isnan(drawn).all()
    assert np.isnan(cluster_auc(np.empty(0, np.bool_), np.empty(0), none, resamples=4, seed=0)).all()
    assert np.isnan(cluster_auc(np.ones(3, np.bool_), np.ones(3), np.arange(3), resamples=4, seed=0)).all()


def test_a_share_of_which_nothing_is_seen_is_not_certain() -> None:
    means = cluster_means(np.zeros(40), np.ones((40, 1), np.bool_), np.repeat(np.arange(10), 4), resamples=20, seed=0)
    assert means.clusters.tolist() == [10]
    assert means.share(0) == {"value": 0.0, "low": 0.0, "high": 0.2775}  # Wilson's interval of 0 in 10 templates
