"""What jobs can be asked for, one frozen dataclass a kind. Numbers are those to use: defaults are filled in at the edge."""

from dataclasses import dataclass, field

from leitmotif_services.evaluation.adaptation.adaptation_settings import AdaptationSettings
from leitmotif_services.evaluation.comparison.paired_comparison import Sampling
from leitmotif_services.evaluation.distance.distances import DistanceSettings
from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings


@dataclass(frozen=True)
class TextSource:
    """Where a text comes from. With neither a path nor an id it came with the request, and is kept beside the job."""

    path: str | None = None
    """File relative to the text root."""
    text_id: str | None = None
    """A text that was uploaded."""
    documents: Documents = Documents.WHOLE


@dataclass(frozen=True)
class PerplexitySpec:
    """Perplexity of one model on one text."""

    model: str
    """Folder relative to the model root; so are all models."""
    text: TextSource
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    """Its `documents` are those of the text; so are those of all specs."""
    m2d2: bool = False
    """Lines joined, disjoint windows of the model's length, no BOS token; of `settings` only the batch size counts."""


@dataclass(frozen=True)
class ComparisonSpec:
    """A base and an adapted model on the same text."""

    base_model: str
    adapted_model: str
    text: TextSource
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    reference: TextSource | None = None
    sampling: Sampling = field(default_factory=Sampling)
    top_tokens: int = 20


@dataclass(frozen=True)
class TokenAnalysisSpec:
    """Which tokens the change between two models comes from."""

    base_model: str
    adapted_model: str
    text: TextSource
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    reference: TextSource | None = None
    top_tokens: int = 20


@dataclass(frozen=True)
class DistanceSpec:
    """How far a domain is from a reference."""

    domain: TextSource
    reference: TextSource
    model: str | None = None
    """Without one, words alone are compared."""
    settings: DistanceSettings = field(default_factory=DistanceSettings)


@dataclass(frozen=True)
class AdaptationSpec:
    """Further training of a model on a domain."""

    model: str
    text: TextSource
    output: str = ""
    """Name of the adapted model's folder; empty stands for the job's id."""
    settings: AdaptationSettings = field(default_factory=AdaptationSettings)
