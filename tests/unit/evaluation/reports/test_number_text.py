"""Numbers as a person reads them."""

import math

import pytest

from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, figure_text, p_text, percent_text

SMALL, NO_BREAK, MINUS = "\u202f", "\u00a0", "\u2212"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (24.96, "24.96"),
        (24.9, "24.90"),
        (9.99996, "10.00"),
        (0.0, "0"),
        (-0.02976, f"{MINUS}0.02976"),
        (1529.4, f"1{SMALL}529"),
        (123456.0, f"123{SMALL}500"),
        (999_999.0, f"1.00{NO_BREAK}×{NO_BREAK}10⁶"),
        (2.5e-7, f"2.50{NO_BREAK}×{NO_BREAK}10⁻⁷"),
        (math.inf, "∞"),
        (-math.inf, f"{MINUS}∞"),
        (math.nan, "not a number"),
    ],
)
def test_four_digits(value, shown):
    assert figure_text(value) == shown


def test_a_sign_is_shown_where_it_is_asked_for():
    assert figure_text(0.5, digits=2, signed=True) == "+0.50"
    assert decimal_text(0.1, places=2, signed=True) == "+0.10"
    assert decimal_text(-1e-9, places=3, signed=True) == "0.000"
    assert decimal_text(-1234.5, places=1) == f"{MINUS}1{SMALL}234.5"
    assert percent_text(math.inf) == f"∞{NO_BREAK}%"


def test_counts_shares_and_p_values():
    assert count_text(1_234_567) == f"1{SMALL}234{SMALL}567"
    assert percent_text(0.1234) == f"12.3{NO_BREAK}%"
    assert p_text(0.0005) == f"below{NO_BREAK}0.001"
    assert p_text(0.04) == "0.040"
