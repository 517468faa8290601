"""What the distances of a domain from a reference say."""

import math
from collections.abc import Sequence

from leitmotif_services.evaluation.distance.distances import Distance
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance
from leitmotif_services.evaluation.reports.charts import BesideNull, NullDistances, Picture
from leitmotif_services.evaluation.reports.html_parts import Column, Html, glossary, key_figures, section, table, text
from leitmotif_services.evaluation.reports.number_text import count_text, decimal_text, figure_text
from leitmotif_services.evaluation.reports.page import Body, figure

FAR_Z = 3.0
"""Standard deviations of the null beyond which a domain is called far; a convention, not a calibrated bound."""

NAMES = {
    "l2": ("L2", "Euclidean distance of the mean embeddings, in units of the embedding"),
    "mmd2": ("MMD²", "unbiased squared maximum mean discrepancy of the embeddings under a Gaussian kernel, without unit"),
    "frechet": (
        "Fréchet",
        "squared Fréchet distance of two normal distributions of embeddings, in squared units of the embedding",
    ),
    "jsd": ("Jensen-Shannon", "divergence of the distributions of single words, in bits, 0 to 1"),
}
_UNKNOWN = ("", "a measure of its own")


def distance_body(measures: Sequence[Distance], computed: Sequence[tuple[str, str]] = ()) -> Body:
    """The report of a domain against a reference."""
    picture = distance_picture(measures)
    return Body(
        kind="Distance of a domain from a reference",
        headline=_headline(measures),
        certainty="Each measure stands beside its null: halves of the reference against each other, of the same sizes. "
        "z tells how many standard deviations of that null the domain lies beyond its mean; more than "
        f"{FAR_Z:g} is called far here. That is a convention: no absolute distance says whether adapting will help.",
        parts=[
            key_figures([(f"z {_z(each.z)}", name_of(each), f"value {figure_text(each.value)}") for each in measures]),
            section("Beside the null", figure(picture), _table(measures)),
            section("What the measures are", glossary((name_of(each), NAMES.get(each.name, _UNKNOWN)[1]) for each in measures)),
        ],
        computed=computed,
    )


def distance_picture(measures: Sequence[Distance]) -> Picture:
    """All measures on one scale, that of their nulls."""
    found = "; ".join(f"{name_of(each)} z {_z(each.z)}" for each in measures)
    return Picture(
        "How far beyond the reference’s own scatter",
        f"The measures in standard deviations of their nulls, which reach from −2 to 2: {found}.",
        NullDistances(
            tuple(BesideNull(name_of(each), each.z, f"z {_z(each.z)}") for each in measures),
            "standard deviations of the null from its mean (z)",
        ),
        "The band is two standard deviations of the null to either side.",
    )


def sides_of(found: DomainDistance) -> list[tuple[str, str]]:
    """What the measures are of."""
    sides = [
        ("passages of the domain", count_text(found.domain_passages)),
        ("passages of the reference", count_text(found.reference_passages)),
    ]
    if found.model_sha256:
        sides += [("length of an embedding", count_text(found.dimension)), ("embedded by, SHA-256", found.model_sha256)]
    return sides


def name_of(measure: Distance) -> str:
    """A measure's name for people."""
    return NAMES[measure.name][0] if measure.name in NAMES else measure.name


def _table(measures: Sequence[Distance]) -> Html:
    columns = [
        Column("measure", numeric=False),
        Column("value", "domain against reference"),
        Column("null, mean", "reference against itself"),
        Column("null, standard deviation"),
        Column("z", "standard deviations"),
    ]
    rows = [
        [
            text(name_of(each)),
            text(figure_text(each.value)),
            text(figure_text(each.null_mean)),
            text(figure_text(each.null_sd, digits=3)),
            text(_z(each.z)),
        ]
        for each in measures
    ]
    return table("Each measure and its null", columns, rows)


def _headline(measures: Sequence[Distance]) -> str:
    far = [each for each in measures if each.z > FAR_Z]
    if not measures:
        return "Nothing was measured."
    if not far:
        return "The domain cannot be told from the reference: no measure lies beyond the reference’s own scatter."
    if len(far) == len(measures):
        which = "the one measure taken says so" if len(far) == 1 else f"all {len(far)} measures say so"
        return f"The domain is far from the reference, and {which}."
    return f"{len(far)} of {len(measures)} measures tell the domain from the reference: {', '.join(map(name_of, far))}."


def _z(z: float) -> str:
    return decimal_text(z, places=1, signed=True) if math.isfinite(z) and abs(z) < 1e6 else figure_text(z, signed=True)
