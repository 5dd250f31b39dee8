# SPDX-License-Identifier: Apache-2.0
"""Tails, comparisons of columns and mixes, and Holm's correction are what scipy and numpy make of their definitions in
src/monitor."""
import os
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    from safetensors.numpy import save_file
    from scipy import stats
    from scipy.spatial.distance import jensenshannon
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge-statistics")
random = np.random.default_rng(5)


def ask(*words, text=""):
    run = subprocess.run([JUDGE, *words], check=True, capture_output=True, text=True, input=text)
    return [list(map(float, line.split())) for line in run.stdout.splitlines()]


def near(what, got, want, relative, absolute=0.0):
    same = got == want or np.isnan(got) and np.isnan(want)
    assert same or abs(got - want) <= relative * abs(want) + absolute, f"{what}: {got!r} where scipy has {want!r}"


# ---- tails: relative accuracy, as far out as doubles go ---------------------------------------------------------------
questions = [("normal", z, 0, stats.norm.sf(z), 1e-14 * (1 + z * z)) for z in np.linspace(-8, 37, 300)]
questions += [("point", p, 0, stats.norm.isf(p), 1e-12) for p in 10.0 ** -np.linspace(0.01, 300, 300)]
for freedom in [1, 2, 3, 4, 7, 9, 10, 39, 40, 99, 100, 1000, 1023, 10000, 99999]:
    for x in freedom * np.concatenate([np.linspace(0.01, 3, 40), np.linspace(3, 30, 10)]):
        want = stats.chi2.sf(x, freedom)
        if want > 1e-290:
            questions.append(("chi", x, freedom, want, 1e-10))
for t in np.linspace(0.41, 15, 200):
    j = np.arange(1, 100)
    want = np.sum(2 * (4 * (j * t) ** 2 - 1) * np.exp(-2 * (j * t) ** 2))
    questions.append(("kuiper", t, 0, want, 1e-12))
answers = ask("tails", text="".join(f"{name} {x!r} {freedom}\n" for name, x, freedom, _, _ in
                                    [(q[0], float(q[1]), *q[2:]) for q in questions]))
assert len(answers) == len(questions)
for (name, x, freedom, want, relative), (got,) in zip(questions, answers):
    near(f"{name}({x}, {freedom})", got, want, relative, 1e-12 if name == "point" else 0)


# ---- columns -----------------------------------------------------------------------------------------------------------
def bins(f, g):
    edges = [np.quantile(f, k / 10, method="inverted_cdf") for k in range(1, 10)]
    cuts = []  # (edge, whether it lies below the cut)
    for edge in sorted(set(edges)):
        cuts += [(edge, False)] * (edges.count(edge) > 1) + [(edge, True)]
    counts = []
    for x in (f, g):
        below = [np.sum(x <= edge if with_it else x < edge) for edge, with_it in cuts]
        counts.append(np.diff([0, *below, len(x)]).astype(float))
    return counts


def psi(p, q):
    each = 0.5 / min(p.sum(), q.sum())
    p, q = p / p.sum() + each, q / q.sum() + each
    p, q = p / p.sum(), q / q.sum()
    return np.sum((q - p) * np.log(q / p))


def quietly(call, *words, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its tables end
        return call(*words, **options)


def anderson(f, g):
    """scipy tells it less its mean and over its deviation (Scholz and Stephens, equation 6)."""
    n, m = len(f), len(g)
    total = n + m
    h, per = 1 / n + 1 / m, np.cumsum(1 / np.arange(total - 1, 1, -1.0))
    harmonic, g_sum = per[-1] + 1, np.sum(per / np.arange(2, total))
    a = (4 * g_sum - 6) + (10 - 6 * g_sum) * h
    b = (2 * g_sum - 4) * 4 + 8 * harmonic * 2 + (2 * g_sum - 14 * harmonic - 4) * h - 8 * harmonic + 4 * g_sum - 6
    c = (6 * harmonic + 2 * g_sum - 2) * 4 + (4 * harmonic - 4 * g_sum + 6) * 2 + (2 * harmonic - 6) * h + 4 * harmonic
    d = (2 * harmonic + 6) * 4 - 4 * harmonic * 2
    variance = (a * total**3 + b * total**2 + c * total + d) / ((total - 1.0) * (total - 2.0) * (total - 3.0))
    return 1 + np.sqrt(variance) * quietly(stats.anderson_ksamp, [f, g], midrank=True).statistic


def columns():
    for n, m in [(1, 1), (2, 5), (3, 40), (50, 50), (300, 17), (1000, 200), (1000, 999), (5000, 3000), (10000, 10000)]:
        for shift in (0, 0.05, 0.5, 3):
            yield random.normal(size=n), random.normal(size=m) + shift
        yield random.exponential(size=n), random.exponential(size=m) * 1.2
        yield np.full(n, 3.0), random.normal(size=m)
        yield random.normal(size=n), np.full(m, 0.1)
        yield random.integers(0, 6, n) * 32.0, random.integers(1, 7, m) * 32.0
        yield 1e6 + random.normal(size=n) * 1e3, -random.normal(size=m) * 1e9
    yield random.normal(size=200000), random.normal(size=150000) + 0.01


pairs = [(f.astype(np.float32), g.astype(np.float32)) for f, g in columns()]
with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "columns")
    tensors = {}
    for i, (f, g) in enumerate(pairs):
        holes = g if i % 3 else np.insert(g, [0, len(g) // 2], [np.nan, np.inf])
        tensors |= {f"{2 * i:04}": f, f"{2 * i + 1:04}": holes.astype(np.float32)}
    save_file(tensors, file)
    answers = ask("compare", file)
    permuted = 0
    for i, ((f, g), got) in enumerate(zip(pairs, answers)):
        f, g = f.astype(float), g.astype(float)
        ks, robust, p, kuiper, psi_got, js, wasserstein, a2, n, absent, total, mean, deviation, quantile = got
        name = f"pair {i} of {len(f)} and {len(g)}"
        want = stats.ks_2samp(f, g, method="asymp").statistic
        near(f"{name}: D", ks, want, 1e-12, 1e-15)
        near(f"{name}: robust", robust, max(0, want - 1.8 * np.sqrt((len(f) + len(g)) / (len(f) * len(g)))), 1e-12, 1e-14)
        if 4 < len(f) + len(g) < 20000 and len(np.unique(np.concatenate([f, g]))) > 1:
            near(f"{name}: A^2", a2, anderson(f, g), 1e-8)
        if len(f) > 10 and len(f) * len(g) <= 1000 * 200 and 0.02 < p < 0.98:
            permuted += 1
            draws = stats.PermutationMethod(n_resamples=4000, rng=np.random.default_rng(i))
            near(f"{name}: p", p, quietly(stats.anderson_ksamp, [f, g], midrank=True, method=draws).pvalue, 0.12, 0.02)
        p_counts, q_counts = bins(f, g)
        near(f"{name}: psi", psi_got, psi(p_counts, q_counts), 1e-10, 1e-12)
        near(f"{name}: js", js, jensenshannon(p_counts, q_counts, base=2), 1e-9, 1e-7)
        area = stats.wasserstein_distance(f, g)
        near(f"{name}: wasserstein", wasserstein, area / f.std() if f.std() > 0 else np.inf if area > 0 else 0, 1e-9)
        assert np.isnan(kuiper) and n == len(g) and absent == (0 if i % 3 else 2), name
        near(f"{name}: sum", total, g.sum(), 1e-12, 1e-12 * np.abs(g).sum())
        near(f"{name}: mean", mean, g.mean(), 1e-12, 1e-12 * np.abs(g).mean())
        near(f"{name}: deviation", deviation, g.std(), 1e-10, 1e-15)
        near(f"{name}: quantile", quantile, np.quantile(g, 0.3, method="inverted_cdf"), 0)
    assert permuted >= 10, permuted

    # ---- circles: Kuiper's p against permutations, the rest as on a line that is cut opposite to the mean ---------------
    circles = [(random.vonmises(3.0, 2, n) % (2 * np.pi) * 180 / np.pi, random.vonmises(3.0 + turn, 2, m) % (2 * np.pi) * 180 / np.pi)
               for n, m, turn in [(40, 12, 0.2), (100, 100, 0.3), (300, 30, 0.4), (200, 100, 0.15), (500, 40, 3)]]
    circles += [((f + 180) % 360, (g + 180) % 360) for f, g in circles]  # over the end
    circles = [(f.astype(np.float32), g.astype(np.float32)) for f, g in circles]
    save_file({f"{2 * i + k:04}": pair[k] for i, pair in enumerate(circles) for k in (0, 1)}, file)
    for (f, g), got in zip(circles, ask("compare", file, "--period", "360")):
        f, g = f.astype(float), g.astype(float)
        pool = np.concatenate([f, g])
        order = np.argsort(pool)
        step_f, step_g = 1 / len(f), 1 / len(g)

        def v_of(mine):
            ahead = np.cumsum(np.where(mine, step_f, -step_g), axis=-1)
            return np.maximum(ahead.max(-1), 0) - np.minimum(ahead.min(-1), 0)

        v = v_of(order < len(f))
        near("V", got[3], v, 1e-12, 1e-12)
        chance = np.mean([v_of(np.argsort(random.random((2000, len(pool))), axis=1) < len(f)) >= v - 1e-12 for _ in range(10)])
        near("Kuiper's p", got[2], chance, 0.12, 0.0015)
        mean = np.angle(np.mean(np.exp(1j * np.radians(f))), deg=True) % 360
        cut = (mean + 180) % 360
        f, g = np.where(f >= cut, f - 360, f), np.where(g >= cut, g - 360, g)
        near("circle: D", got[0], stats.ks_2samp(f, g, method="asymp").statistic, 1e-12, 1e-15)
        near("circle: psi", got[4], psi(*bins(f, g)), 1e-10)
        near("circle: wasserstein", got[6], stats.wasserstein_distance(f, g) / f.std(), 1e-9)

# ---- mixes -------------------------------------------------------------------------------------------------------------
mixes = []
for n, m, k in [(1000, 800, 3), (5000, 5000, 10), (200000, 90000, 100), *[(300, 40, 4), (2000, 60, 8), (100, 100, 2), (5000, 30, 12)] * 3]:
    for spread in (0, 0.1, 0.4, 1):
        shares = random.dirichlet(np.full(k, 3.0))
        other = shares * np.exp(spread * random.normal(size=k))
        mixes.append((random.multinomial(n, shares), random.multinomial(m, other / other.sum())))
answers = ask("mixes", text="".join(f"{len(f)} {' '.join(map(str, f))} {' '.join(map(str, g))}\n" for f, g in mixes))
drawn = 0
for (f, g), (linf, robust, js, psi_got, statistic, freedom, p, how) in zip(mixes, answers):
    p_share, q_share = f / f.sum(), g / g.sum()
    near("mix: linf", linf, np.abs(p_share - q_share).max(), 1e-12, 1e-15)
    near("mix: js", js, jensenshannon(f, g, base=2), 1e-9, 1e-7)
    near("mix: psi", psi_got, psi(np.append(f, 0.0), np.append(g, 0.0)), 1e-10)  # and an empty one: all else
    expected = (f + g) * min(f.sum(), g.sum()) / (f + g).sum()
    rare = expected < 1
    table = np.array([[*row[~rare], *([row[rare].sum()] if (f + g)[rare].sum() else [])] for row in (f, g)])
    chi = stats.chi2_contingency(table, correction=False)
    near("mix: chi-square", statistic, chi.statistic, 1e-10)
    near("mix: freedom", freedom, chi.dof, 0)
    if how == 0:
        near("mix: p", p, chi.pvalue, 1e-9)
    elif how == 1:  # drawn: against scipy's draws
        drawn += 1
        many = stats.random_table(table.sum(1), table.sum(0)).rvs(20000, random_state=random)
        e = chi.expected_freq
        chance = np.mean(((many - e) ** 2 / e).sum((1, 2)) >= statistic * (1 - 1e-9))
        near("mix: p, drawn", p, chance, 0.6, 3e-4)
    else:
        assert p < 1e-4 and chi.pvalue < 1e-2, (p, chi.pvalue)
assert drawn >= 3, drawn

# ---- Holm --------------------------------------------------------------------------------------------------------------
families = [random.random(n) ** 3 for n in (1, 2, 5, 10, 300)]
for p, got in zip(families, ask("holm", text="".join(f"{len(p)} {' '.join(map(repr, map(float, p)))}\n" for p in families))):
    order = np.argsort(p)
    want = np.empty(len(p))
    want[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    assert np.allclose(got, want, rtol=1e-14), "Holm"

print(f"{len(questions)} tails, {len(pairs)} pairs of columns ({permuted} against permutations), {len(circles)} circles, "
      f"{len(mixes)} mixes ({drawn} drawn)")
