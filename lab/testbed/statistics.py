"""Shares with their intervals."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Hits of trials, with Wilson's 95 % interval (E. B. Wilson, JASA 22, 1927)."""

    hits: int
    trials: int

    @property
    def value(self) -> float:
        """The share itself, 0 to 1."""
        return self.hits / self.trials if self.trials else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound, 0 to 1."""
        if not self.trials:
            return 0.0, 1.0
        z, n, p = 1.959964, self.trials, self.value
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        reach = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __add__(self, other: "Share") -> "Share":
        return Share(self.hits + other.hits, self.trials + other.trials)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} [{100 * low:.1f}, {100 * high:.1f}] ({self.hits}/{self.trials})"
