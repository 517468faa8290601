"""Filter messages: what they mean, and how each that means nothing is refused."""

import pytest
from google.protobuf import text_format

from leitmotif.api.prototypes.v1 import catalogue_pb2 as pb2
from leitmotif_services.prototypes.filter_convert import filter_of
from leitmotif_services.prototypes.live_catalogue.filters import All, Any, FieldIn, FieldRange, Not
from leitmotif_services.runtime.errors import Reason, ServiceError


def message(text: str) -> pb2.Filter:
    return text_format.Parse(text, pb2.Filter())


def tag(*names: str) -> str:
    return 'field { field: "tags" one_of { ' + " ".join(f'values: "{name}"' for name in names) + " } }"


def years(ends: str) -> str:
    return 'field { field: "year" range { ' + ends + " } }"


def test_every_kind_of_filter_is_converted() -> None:
    text = f"all {{ filters {{ {tag('b', 'a', 'b')} }} filters {{ any {{ filters {{ {years('minimum: 1990')} }} }} }}"
    text += f" filters {{ not {{ {tag('c')} }} }} }}"
    nineties = FieldRange("year", 1990.0, float("inf"))
    assert filter_of(message(text)) == All((FieldIn("tags", ("a", "b")), Any((nineties,)), Not(FieldIn("tags", ("c",)))))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "filter"),
        ("field {}", "filter.field"),
        ('field { field: "tags" one_of {} }', "filter.field.one_of.values"),
        ('field { field: "tags" one_of { values: "" } }', "filter.field.one_of.values[0]"),
        (years("minimum: 2 maximum: 1"), "filter.field.range"),
        (years("minimum: nan"), "filter.field.range.minimum"),
        (years("maximum: nan"), "filter.field.range.maximum"),
        (years("minimum: inf"), "filter.field.range"),
        ("all {}", "filter.all.filters"),
        ("any { filters {} }", "filter.any.filters[0]"),
        ("not { not {} }", "filter.not.not"),
        ("not { " * 8 + tag("a") + " }" * 8, "filter" + ".not" * 8),
        ("all { " + f"filters {{ {tag('a')} }} " * 65 + "}", "filter.all.filters"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_with_the_place(text: str, field: str) -> None:
    with pytest.raises(ServiceError) as raised:
        filter_of(message(text))
    assert raised.value.reason is Reason.FIELD_INVALID
    assert [violation.field for violation in raised.value.violations] == [field]


def test_eight_levels_and_256_conditions_are_allowed() -> None:
    filter_of(message("not { " * 7 + tag("a") + " }" * 7))
    four = " ".join("filters { any { " + f"filters {{ {tag('a')} }} " * 64 + "} }" for _ in range(4))
    filter_of(message(f"all {{ {four} }}"))
    with pytest.raises(ServiceError) as raised:
        filter_of(message(f"any {{ filters {{ {tag('a')} }} {four} }}"))
    assert raised.value.violations[0].field == "filter.any.filters[4].any.filters[63]"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([tag("a"), f"not {{ {tag('a')} }}"], "tags"),
        ([tag("a"), f"not {{ {tag('a', 'b')} }}"], "tags"),
        ([years("maximum: 1989"), years("minimum: 1990")], "year"),
        ([years("minimum: 1990 maximum: 1995"), f"not {{ {years('minimum: 1990')} }}"], "year"),
        (['field { field: "artist" one_of { values: "x" } }', 'field { field: "artist" one_of { values: "y" } }'], "artist"),
        ([f"all {{ filters {{ {tag('a')} }} }}", f"not {{ {tag('a')} }}"], "tags"),
    ],
)
def test_a_filter_that_no_track_can_pass_is_contradictory(parts: list[str], field: str) -> None:
    both = "all { " + " ".join(f"filters {{ {part} }}" for part in parts) + " }"
    for text in (both, f"any {{ filters {{ {both} }} }}", f"all {{ filters {{ {tag('z')} }} filters {{ {both} }} }}"):
        with pytest.raises(ServiceError) as raised:
            filter_of(message(text))
        assert (raised.value.reason, raised.value.metadata["field"]) == (Reason.FILTER_CONTRADICTORY, field)


@pytest.mark.parametrize(
    "parts",
    [
        [tag("a"), tag("b")],
        [tag("a", "b"), f"not {{ {tag('a')} }}"],
        [years("maximum: 1990"), years("minimum: 1990")],
        [f"any {{ filters {{ {tag('a')} }} filters {{ {tag('b')} }} }}", f"not {{ {tag('a')} }}"],
    ],
)
def test_a_filter_that_a_track_could_pass_is_taken(parts: list[str]) -> None:
    filter_of(message("all { " + " ".join(f"filters {{ {part} }}" for part in parts) + " }"))
