"""Run the kernels with every index checked: ``NUMBA_BOUNDSCHECK=1 python -m tests.bounds EXAMPLES``.

Without the check an index beyond an array reads what happens to lie there: a wrong number, or a crash.
"""

from __future__ import annotations

import random
import sys

import numpy as np
from numba import njit

from tests.cases import PAIRS


@njit
def beyond(values: np.ndarray, place: int) -> float:
    return values[place]


def main(examples: int) -> None:
    try:
        beyond(np.zeros(3), 3)
    except IndexError:
        print("checked")
    for pair in PAIRS:
        for number in range(examples):
            args = pair.make(random.Random(number), (12, 30, 4)[number % 3])
            pair.outcome(pair.kernel(*args), args)
        print(pair.name, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
