"""The report of a result, of whatever kind: one HTML page that refers to nothing else."""

from collections.abc import Sequence

from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult
from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison
from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis
from leitmotif_services.evaluation.distance.distances import Distance
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance
from leitmotif_services.evaluation.reports.adaptation_report import adaptation_body
from leitmotif_services.evaluation.reports.charts import Picture
from leitmotif_services.evaluation.reports.comparison_report import comparison_body
from leitmotif_services.evaluation.reports.distance_report import distance_body, distance_picture, sides_of
from leitmotif_services.evaluation.reports.page import Body, page
from leitmotif_services.evaluation.reports.perplexity_report import perplexity_body
from leitmotif_services.evaluation.reports.settings_text import settings_of
from leitmotif_services.evaluation.reports.token_analysis_report import token_analysis_body
from leitmotif_services.evaluation.reports.token_pictures import token_pictures
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult

Reported = PerplexityResult | ModelComparison | TokenAnalysis | AdaptationResult | DomainDistance | Sequence[Distance]


def report_of(spec: object, result: Reported, *, title: str = "") -> str:
    """The page of a job; `spec` is the dataclass of what was asked for. As `report_html`."""
    return report_html(title, result, settings_of(spec))


def report_html(title: str, result: Reported, settings: Sequence[tuple[str, str]] = ()) -> str:
    """The page of a result.

    An empty `title` stands for one by the result's kind; `settings` are names and values as they were given, in order. The
    same arguments give the same page. TypeError for a result of another kind.
    """
    return page(title, _body(result), settings)


def pictures_of(result: Reported) -> list[Picture]:
    """What of a result can be drawn; nothing of a perplexity or an adaptation, which are numbers."""
    if isinstance(result, PerplexityResult | AdaptationResult):
        return []
    if isinstance(result, ModelComparison):
        return token_pictures(result.tokens)
    if isinstance(result, TokenAnalysis):
        return token_pictures(result)
    return [distance_picture(result.measures if isinstance(result, DomainDistance) else result)]


def _body(result: Reported) -> Body:
    if isinstance(result, PerplexityResult):
        return perplexity_body(result)
    if isinstance(result, ModelComparison):
        return comparison_body(result)
    if isinstance(result, TokenAnalysis):
        return token_analysis_body(result)
    if isinstance(result, AdaptationResult):
        return adaptation_body(result)
    if isinstance(result, DomainDistance):
        return distance_body(result.measures, sides_of(result))
    if isinstance(result, Sequence) and all(isinstance(each, Distance) for each in result):
        return distance_body(result)
    raise TypeError(f"there is no report of a {type(result).__name__}")
