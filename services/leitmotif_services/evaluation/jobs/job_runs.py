"""Computes jobs: finds their texts and models, and tells how far they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from leitmotif_services.evaluation.adaptation.adaptation import adapt
from leitmotif_services.evaluation.adaptation.trainable_model import TrainableModel
from leitmotif_services.evaluation.comparison.model_comparison import ModelComparison, analyse_models, compare_models
from leitmotif_services.evaluation.comparison.token_analysis import TokenAnalysis
from leitmotif_services.evaluation.distance.domain_distance import DomainDistance, domain_distance
from leitmotif_services.evaluation.distance.passages import passages_of
from leitmotif_services.evaluation.inputs.documents import documents_of
from leitmotif_services.evaluation.inputs.text import m2d2_text
from leitmotif_services.evaluation.jobs.adapted_models import ADAPTED, AdaptedModel
from leitmotif_services.evaluation.jobs.job import Job, JobProgress
from leitmotif_services.evaluation.jobs.job_inputs import JobInputs, field_path
from leitmotif_services.evaluation.jobs.job_kinds import JobResult, JobSpec, texts_of
from leitmotif_services.evaluation.jobs.job_specs import (
    AdaptationSpec,
    ComparisonSpec,
    DistanceSpec,
    PerplexitySpec,
    TokenAnalysisSpec,
)
from leitmotif_services.evaluation.jobs.model_cache import ModelCache
from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.models.model_folder import ModelFolder
from leitmotif_services.evaluation.scoring.document_scoring import Progress
from leitmotif_services.evaluation.scoring.perplexity import PerplexityResult, evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import BosPolicy, ScoringSettings

REFERENCE_WORDS = 100
"""Words of the passages that the reference of domain terms is cut into."""

_HELD_OUT = ("scoring the held-out text", "scoring the held-out text again")
_SCORING_PAIR = ("scoring the base model", "scoring the adapted model")

OnProgress = Callable[[JobProgress], None]


@dataclass(frozen=True)
class _Run:
    """A job at hand."""

    job: Job
    texts: Mapping[str, str]
    """By the names of the spec's fields."""
    on_progress: OnProgress
    phases: Sequence[str]

    def tell(self, phase: str, progress: Progress) -> None:
        """Tokens of a phase."""
        self.on_progress(
            JobProgress(
                progress.tokens_done,
                progress.tokens_total,
                progress.tokens_per_s,
                progress.running_perplexity,
                phase,
                self.phases.index(phase) + 1,
                len(self.phases),
            )
        )

    def tell_count(self, phase: str, done: int, total: int) -> None:
        """Something else than tokens."""
        self.tell(phase, Progress(done, total))


class JobRuns:
    """Runs jobs one after another, in one thread."""

    def __init__(
        self,
        inputs: JobInputs,
        models: ModelCache,
        load_trainable: Callable[[ModelFolder], TrainableModel],
        *,
        checkpoint_interval_s: float,
    ) -> None:
        self._inputs = inputs
        self._models = models
        self._load_trainable = load_trainable
        self._checkpoint_interval_s = checkpoint_interval_s

    def run(self, job: Job, inline_texts: Mapping[str, str], on_progress: OnProgress) -> JobResult:
        """Compute a job's result; ServiceError says why it failed, and what `on_progress` raises ends it."""
        spec = job.spec
        texts = {
            name: self._inputs.text(field_path(spec, name), source, tenant=job.tenant, inline=inline_texts.get(name))
            for name, source in texts_of(spec).items()
        }
        on_progress(JobProgress())
        match spec:
            case PerplexitySpec():
                return self._perplexity(_Run(job, texts, on_progress, ("scoring",)), spec)
            case ComparisonSpec():
                return self._comparison(_Run(job, texts, on_progress, _SCORING_PAIR), spec)
            case TokenAnalysisSpec():
                return self._token_analysis(_Run(job, texts, on_progress, _SCORING_PAIR), spec)
            case DistanceSpec():
                embedding = () if spec.model is None else ("embedding passages",)
                return self._distance(_Run(job, texts, on_progress, (*embedding, "drawing the null")), spec)
            case AdaptationSpec():
                before, after = (_HELD_OUT[:1], _HELD_OUT[1:]) if spec.settings.held_out_share else ((), ())
                return self._adaptation(_Run(job, texts, on_progress, (*before, "training", *after)), spec)

    def _perplexity(self, run: _Run, spec: PerplexitySpec) -> PerplexityResult:
        text, settings = run.texts["text"], _of_documents(spec)
        if spec.m2d2:
            text, settings = m2d2_text(text), ScoringSettings(bos=BosPolicy.NEVER, batch_size=settings.batch_size)
        return evaluate_perplexity(self._load(run, "model"), text, settings, partial(run.tell, "scoring"))

    def _comparison(self, run: _Run, spec: ComparisonSpec) -> ModelComparison:
        return compare_models(
            lambda: self._load(run, "base_model"),
            lambda: self._load(run, "adapted_model"),
            run.texts["text"],
            _of_documents(spec),
            sampling=spec.sampling,
            reference=_reference_passages(run),
            top=spec.top_tokens,
            on_progress=run.tell,
        )

    def _token_analysis(self, run: _Run, spec: TokenAnalysisSpec) -> TokenAnalysis:
        return analyse_models(
            lambda: self._load(run, "base_model"),
            lambda: self._load(run, "adapted_model"),
            run.texts["text"],
            _of_documents(spec),
            reference=_reference_passages(run),
            top=spec.top_tokens,
            on_progress=run.tell,
        )

    def _distance(self, run: _Run, spec: DistanceSpec) -> DomainDistance:
        return domain_distance(
            documents_of(run.texts["domain"], spec.domain.documents),
            documents_of(run.texts["reference"], spec.reference.documents),
            None if spec.model is None else self._load(run, "model"),
            spec.settings,
            run.tell_count,
        )

    def _adaptation(self, run: _Run, spec: AdaptationSpec) -> AdaptedModel:
        folder = self._inputs.model(field_path(spec, "model"), spec.model)
        output, checkpoints = self._inputs.adapted.begin(spec.output, run.job.job_id)
        self._models.clear()  # training takes several times the weights
        result = adapt(
            self._load_trainable,
            folder,
            run.texts["text"],
            replace(spec.settings, documents=spec.text.documents),
            output=output,
            checkpoint_folder=checkpoints,
            run_id=run.job.job_id,
            checkpoint_interval_s=self._checkpoint_interval_s,
            on_progress=run.tell,
        )
        return AdaptedModel(f"{ADAPTED}/{output.name}", result)

    def _load(self, run: _Run, name: str) -> LanguageModel:
        folder = self._inputs.model(field_path(run.job.spec, name), getattr(run.job.spec, name))
        model = self._models.get(folder)
        run.on_progress(JobProgress())
        return model


def _of_documents(spec: PerplexitySpec | ComparisonSpec | TokenAnalysisSpec) -> ScoringSettings:
    return replace(spec.settings, documents=spec.text.documents)


def _reference_passages(run: _Run) -> list[str]:
    spec: JobSpec = run.job.spec
    source = texts_of(spec).get("reference")
    if source is None:
        return []
    return passages_of(documents_of(run.texts["reference"], source.documents), words=REFERENCE_WORDS)
