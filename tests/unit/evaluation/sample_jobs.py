"""A spec and a result of each kind of job, no field of which has its default."""

import math

from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult
from leitmotif_services.evaluation.adaptation.adaptation_settings import AdaptationSettings
from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison
from leitmotif_services.evaluation.comparison.paired_comparison import PairedComparison, Sampling
from leitmotif_services.evaluation.comparison.token_analysis import (
    ClassContribution,
    TermRanks,
    TokenAnalysis,
    TokenContribution,
    WithoutWorst,
)
from leitmotif_services.evaluation.comparison.token_classes import TokenClass
from leitmotif_services.evaluation.distance.distances import Distance, DistanceSettings
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance
from leitmotif_services.evaluation.inputs.documents import Documents
from leitmotif_services.evaluation.jobs.adapted_models import AdaptedModel
from leitmotif_services.evaluation.jobs.job_kinds import JobKind, JobResult, JobSpec
from leitmotif_services.evaluation.jobs.job_specs import (
    AdaptationSpec,
    ComparisonSpec,
    DistanceSpec,
    PerplexitySpec,
    TextSource,
    TokenAnalysisSpec,
)
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings

SETTINGS = ScoringSettings(64, 16, BosPolicy.NEVER, 4)

SPECS: dict[JobKind, JobSpec] = {
    JobKind.PERPLEXITY: PerplexitySpec("m", TextSource("a/t.txt", None, Documents.LINES), SETTINGS),
    JobKind.COMPARISON: ComparisonSpec(
        "a", "b", TextSource("t.txt", None, Documents.LINES), SETTINGS, TextSource(None, "ab" * 32), Sampling(300, 400, 5), 7
    ),
    JobKind.TOKEN_ANALYSIS: TokenAnalysisSpec(
        "a", "b", TextSource(None, "cd" * 32, Documents.PARAGRAPHS), SETTINGS, TextSource("r.txt"), 7
    ),
    JobKind.DISTANCE: DistanceSpec(TextSource("d.txt"), TextSource("r.txt"), "m", DistanceSettings(32, 40, 50, 6)),
    JobKind.ADAPTATION: AdaptationSpec(
        "m", TextSource("t.txt"), "law", AdaptationSettings(2.5, 1e-3, 0.0, 0.25, 0.5, 3, 32, 9, 0.125)
    ),
}

PERPLEXITY = PerplexityResult(math.log(2) * 80, 20, 5, 40, 64, 16, True, "float32", 123.5, "ab" * 32, 3)
TOKENS = TokenAnalysis(
    mean_change=0.1 + 0.2,
    tokens=20,
    top_tokens=(TokenContribution(7, " the", TokenClass.FUNCTION_WORD, 3, 0.25, 1.5),),
    classes=tuple(ClassContribution(each, 2, 0.5, -0.25) for each in TokenClass),
    without_worst=(WithoutWorst(1, 0.5, 20.0, 21.0),),
    domain_terms=(TermRanks("cello", 3.5, 4, 0.25, 0.5),),
    base_mrr=0.125,
    adapted_mrr=0.25,
    base_median_rank=4.5,
    adapted_median_rank=3.5,
    change_edges=(-1.0, 0.0, 1.0),
    change_counts=(4, 16),
)

RESULTS: dict[JobKind, JobResult] = {
    JobKind.PERPLEXITY: PERPLEXITY,
    JobKind.COMPARISON: ModelComparison(
        PERPLEXITY, PERPLEXITY, PairedComparison(0.9, (0.0, math.inf), 0.03125, "blocks", 12), TOKENS
    ),
    JobKind.TOKEN_ANALYSIS: TOKENS,
    JobKind.DISTANCE: DomainDistance((Distance("mmd2", 0.5, 0.25, 0.125, math.inf),), 12, 34, 56, "ef" * 32),
    JobKind.ADAPTATION: AdaptedModel(
        "adapted/law", AdaptationResult("ab" * 32, "cd" * 32, 12, 345, 3.5, 2.5, 30.5, 20.5, 99.5, 64, 6)
    ),
}
