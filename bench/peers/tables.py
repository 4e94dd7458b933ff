"""Figures in words and tables."""

import statistics


def least(*x):
    return number(min((v for v in x if v is not None), default=None))


def most(*x, digits=None):
    x = [v for v in x if v is not None]
    return format(max(x), digits) if digits and x else number(max(x, default=None))


def middle(x):
    x = list(x)
    return f"{number(statistics.median(x))} ({number(min(x))}, {number(max(x))})" if x else "-"


def number(x):
    return "-" if x is None else f"{x:.3g}" if abs(x) < 1000 else f"{x:,.0f}"


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
