"""
All benchmarks whose figures have goals, one after the other, and one table of all of them.

Run as `python -m benchmarks [--quick] [--json FILE]` in the checkout, on a machine that does nothing
else. It takes about an hour; a few minutes with `--quick`, which shows that all of it works.
"""

from benchmarks import formation, many, pieces, start
from benchmarks.command import Options, main, note
from benchmarks.measure import Figure


def measure(options: Options) -> list[Figure]:
    """All figures, those with a goal in its order first."""
    figures: list[Figure] = []
    for benchmark in (start, pieces, formation, many):
        note(f"{benchmark.__name__}:")
        figures += benchmark.measure(options)
    return sorted(figures, key=lambda figure: figure.goal or 99)


if __name__ == "__main__":
    main(measure, __doc__)
