# SPDX-License-Identifier: Apache-2.0
"""From scores of windows to rates of detection at one rate of false alarms, the same for all methods."""
import math

FALSE_ALARMS = 0.01  # share of undisturbed windows that a threshold may accuse


def threshold(undisturbed, share=FALSE_ALARMS):
    """A score above it is an alarm: no more than that share of undisturbed windows' scores are, ties included."""
    return sorted(undisturbed, reverse=True)[math.floor(share * len(undisturbed))]


def binomial(hits, n, confidence=0.95):
    """Clopper and Pearson's interval of a share."""
    def tail(p, at_most):
        logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log1p(-p)
                for k in range(at_most + 1)]
        return math.fsum(math.exp(term) for term in logs)

    def solve(wanted, at_most):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if tail(middle, at_most) > wanted else (low, middle)
        return (low + high) / 2

    out = (1 - confidence) / 2
    return (0.0 if hits == 0 else solve(1 - out, hits - 1)), (1.0 if hits == n else solve(out, hits))


def fisher(hits, others, n):
    """Fisher's exact test: the chance of so few of both's hits, or fewer, where both had n tries and are as good."""
    both = hits + others
    return sum(math.comb(n, k) * math.comb(n, both - k) for k in range(max(0, both - n), hits + 1)) / math.comb(2 * n, both)
