"""Numbers as a person reads them: as many digits as mean something, groups of thousands, a true minus sign."""

import math

MINUS = "\N{MINUS SIGN}"
_GROUP = "\N{NARROW NO-BREAK SPACE}"
_NO_BREAK = "\N{NO-BREAK SPACE}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def count_text(count: int) -> str:
    """1234567 as "1 234 567", with spaces that do not break."""
    return f"{count:,}".replace(",", _GROUP).replace("-", MINUS)


def figure_text(value: float, *, digits: int = 4, signed: bool = False) -> str:
    """So many significant digits, trailing zeros kept; powers of ten beyond a million and below a ten-thousandth.

    Infinity is "∞", no number "not a number".
    """
    if math.isnan(value):
        return "not a number"
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    if size == 0.0:
        return "0"
    exponent = math.floor(math.log10(float(f"{size:.{digits - 1}e}")))
    if not -4 <= exponent < 6:
        mantissa, _, power = f"{size:.{max(0, digits - 2)}e}".partition("e")
        return f"{sign}{mantissa}{_NO_BREAK}×{_NO_BREAK}10{str(int(power)).translate(_RAISED)}"
    whole, _, fraction = f"{round(size, digits - 1 - exponent):.{max(0, digits - 1 - exponent)}f}".partition(".")
    return sign + f"{int(whole):,}".replace(",", _GROUP) + (f".{fraction}" if fraction else "")


def decimal_text(value: float, *, places: int, signed: bool = False) -> str:
    """So many places, for columns that are compared by eye; what rounds to zero has no sign."""
    if not math.isfinite(value):
        return figure_text(value, signed=signed)
    shown = f"{abs(value):,.{places}f}".replace(",", _GROUP)
    if float(f"{value:.{places}f}") == 0.0:
        return shown
    return (MINUS if value < 0 else "+" if signed else "") + shown


def percent_text(share: float, *, places: int = 1, signed: bool = False) -> str:
    """0.123 as "12.3 %"."""
    return f"{decimal_text(100 * share, places=places, signed=signed)}{_NO_BREAK}%"


def p_text(p_value: float) -> str:
    """A p-value; below a thousandth by its bound alone."""
    return f"below{_NO_BREAK}0.001" if p_value < 0.001 else decimal_text(p_value, places=3)
