"""Numbers as tables and reports write them: never an exponent, and never a zero in the place of something small."""

from math import floor, isfinite, log10

_DIGITS = 3
_MOST_DECIMALS = 12


def significant(value: float) -> str:
    """Three significant digits; whole numbers stay whole: 0.931, 0.0000412, 12.3, 1,234."""
    decimals = _decimals(value)
    text = f"{_clean(value):,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fixed(value: float) -> str:
    """Three decimals, which stand under one another; more where a small number needs them, fewer from 100 on."""
    least = 1 if abs(value) >= 100 else _DIGITS
    return f"{_clean(value):,.{max(least, _decimals(value) - 1)}f}"


def signed(value: float) -> str:
    """A difference as `significant` writes it, with its sign."""
    return f"{'+' if _clean(value) >= 0 else ''}{significant(value)}"


def between(low: float, high: float, *, sign: bool = False) -> str:
    """An interval: `0.904 to 0.956`."""
    write = signed if sign else significant
    return f"{write(low)} to {write(high)}"


def money(value: float | None, currency: str = "USD") -> str:
    """An amount with its currency, or that no price is known."""
    return "no price known" if value is None else f"{significant(value)} {currency}"


def _clean(value: float) -> float:
    """Without what arithmetic leaves of zero."""
    return value if abs(value) >= 10.0**-_MOST_DECIMALS else 0.0


def _decimals(value: float) -> int:
    if not isfinite(value) or _clean(value) == 0.0:
        return 0
    return min(max(_DIGITS - 1 - floor(log10(abs(value))), 0), _MOST_DECIMALS)
