"""Evaluations of language models, which run as jobs and outlive the client."""

import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from leitmotif._async.evaluation import AsyncEvaluation
from leitmotif._async.texts import AsyncTexts
from leitmotif._async.transport import AsyncTransport
from leitmotif._convert.evaluation import job_of, kind_number_of, priority_number_of, state_number_of
from leitmotif._convert.evaluation_specs import perplexity_message_of, scoring_message_of
from leitmotif._convert.times import timestamp_of
from leitmotif._text_arguments import TextArgument, content_to_upload, one_text, source_message
from leitmotif.api.evaluation.v1 import evaluation_pb2 as pb2
from leitmotif.api.evaluation.v1 import specs_pb2
from leitmotif.types import (
    AdaptationResult,
    BosPolicy,
    ComparisonResult,
    DistanceResult,
    Documents,
    Job,
    JobKind,
    JobState,
    PerplexityResult,
    Priority,
    TokenAnalysisResult,
)


class AsyncEvaluations:
    """The evaluation service: `client.evaluations`.

    Models are folders below the service's model root. A text is `text` itself (a str), a file here (a `pathlib.Path`, which is
    uploaded, as is a str of more than 1 MiB), an UploadedText, or a TextSource; or `text_path`, a file below the service's text
    root, or `text_id`, of a text that was uploaded before. `documents` says where documents of texts end whose source does not.

    Each method that starts a job takes a `priority`, and a `request_id`, which makes a repeat within 24 hours return the first
    job; it is made when not given. Numbers of 0 stand for the service's default.
    """

    def __init__(self, transport: AsyncTransport, texts: AsyncTexts) -> None:
        self._transport = transport
        self._texts = texts

    async def perplexity(
        self,
        model: str,
        text: TextArgument | None = None,
        *,
        text_path: str | None = None,
        text_id: str | None = None,
        documents: Documents = Documents.WHOLE,
        context: int = 0,
        stride: int = 0,
        bos: BosPolicy = BosPolicy.AUTO,
        batch_size: int = 0,
        m2d2: bool = False,
        priority: Priority = Priority.NORMAL,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> AsyncEvaluation[PerplexityResult]:
        """Start a job: the perplexity of a causal language model on a text.

        `context` 0 stands for the model's own length, `stride` 0 for the context. `m2d2` follows the protocol of Reid et al.
        (2022), which settles context, stride, bos and documents.
        """
        source = await self._source(one_text(text, text_path, text_id, documents), documents)
        scoring = scoring_message_of(context, stride, bos, batch_size)
        spec = specs_pb2.JobSpec(perplexity=perplexity_message_of(model, source, scoring, m2d2=m2d2))
        return await self._start(spec, priority, request_id, timeout_s)

    async def compare(
        self,
        base_model: str,
        adapted_model: str,
        text: TextArgument | None = None,
        *,
        text_path: str | None = None,
        text_id: str | None = None,
        documents: Documents = Documents.WHOLE,
        reference: TextArgument | None = None,
        context: int = 0,
        stride: int = 0,
        bos: BosPolicy = BosPolicy.AUTO,
        batch_size: int = 0,
        bootstrap_samples: int = 0,
        permutations: int = 0,
        seed: int = 0,
        top_tokens: int = 0,
        priority: Priority = Priority.NORMAL,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> AsyncEvaluation[ComparisonResult]:
        """Start a job: a base and an adapted model of the same tokenizer on the same text, with interval and p-value.

        Both are over the text's documents, or over blocks of 256 tokens where there are fewer than 20. Terms of the domain are
        what stands out against `reference`; without it they are left out. `top_tokens` token types are listed.
        """
        source = await self._source(one_text(text, text_path, text_id, documents), documents)
        spec = specs_pb2.ComparisonSpec(
            base_model=base_model,
            adapted_model=adapted_model,
            text=source,
            scoring=scoring_message_of(context, stride, bos, batch_size),
            reference=None if reference is None else await self._source(reference, documents),
            bootstrap_samples=bootstrap_samples,
            permutations=permutations,
            seed=seed,
            top_tokens=top_tokens,
        )
        return await self._start(specs_pb2.JobSpec(comparison=spec), priority, request_id, timeout_s)

    async def analyse_tokens(
        self,
        base_model: str,
        adapted_model: str,
        text: TextArgument | None = None,
        *,
        text_path: str | None = None,
        text_id: str | None = None,
        documents: Documents = Documents.WHOLE,
        reference: TextArgument | None = None,
        context: int = 0,
        stride: int = 0,
        bos: BosPolicy = BosPolicy.AUTO,
        batch_size: int = 0,
        top_tokens: int = 0,
        priority: Priority = Priority.NORMAL,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> AsyncEvaluation[TokenAnalysisResult]:
        """Start a job: which tokens the change between two models comes from; what `compare` tells too, without its intervals."""
        source = await self._source(one_text(text, text_path, text_id, documents), documents)
        spec = specs_pb2.TokenAnalysisSpec(
            base_model=base_model,
            adapted_model=adapted_model,
            text=source,
            scoring=scoring_message_of(context, stride, bos, batch_size),
            reference=None if reference is None else await self._source(reference, documents),
            top_tokens=top_tokens,
        )
        return await self._start(specs_pb2.JobSpec(token_analysis=spec), priority, request_id, timeout_s)

    async def distance(
        self,
        domain: TextArgument,
        reference: TextArgument,
        *,
        documents: Documents = Documents.WHOLE,
        model: str = "",
        passage_words: int = 0,
        max_passages: int = 0,
        null_samples: int = 0,
        seed: int = 0,
        priority: Priority = Priority.NORMAL,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> AsyncEvaluation[DistanceResult]:
        """Start a job: how far a domain is from a reference, such as a sample of what the model was trained on.

        Each measure stands beside its null, the reference against itself. The mean states of `model` embed passages of
        `passage_words`; without it, only the measure of words is computed.
        """
        spec = specs_pb2.DistanceSpec(
            domain=await self._source(domain, documents),
            reference=await self._source(reference, documents),
            model=model,
            passage_words=passage_words,
            max_passages=max_passages,
            null_samples=null_samples,
            seed=seed,
        )
        return await self._start(specs_pb2.JobSpec(distance=spec), priority, request_id, timeout_s)

    async def adapt(
        self,
        model: str,
        text: TextArgument | None = None,
        *,
        text_path: str | None = None,
        text_id: str | None = None,
        documents: Documents = Documents.WHOLE,
        output: str = "",
        epochs: float = 0.0,
        learning_rate: float = 0.0,
        weight_decay: float | None = None,
        warmup_share: float | None = None,
        max_grad_norm: float = 0.0,
        batch_size: int = 0,
        context: int = 0,
        seed: int = 0,
        held_out_share: float | None = None,
        priority: Priority = Priority.NORMAL,
        request_id: str | None = None,
        timeout_s: float | None = None,
    ) -> AsyncEvaluation[AdaptationResult]:
        """Start a job: train a model further on a text. The result names the adapted model as other evaluations take it.

        `output` names its folder, by default the job's id. `held_out_share` of the text's end is not trained on, and scored
        before and after.
        """
        spec = specs_pb2.AdaptationSpec(
            model=model,
            text=await self._source(one_text(text, text_path, text_id, documents), documents),
            output=output,
            epochs=epochs,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            warmup_share=warmup_share,
            max_grad_norm=max_grad_norm,
            batch_size=batch_size,
            context=context,
            seed=seed,
            held_out_share=held_out_share,
        )
        return await self._start(specs_pb2.JobSpec(adaptation=spec), priority, request_id, timeout_s)

    async def get(self, job_id: str, *, timeout_s: float | None = None) -> AsyncEvaluation[Any]:
        """A job by its id. NotFoundError (JOB_NOT_FOUND) when there is none."""
        method = self._transport.stubs.evaluation.GetJob
        request = pb2.GetJobRequest(job_id=job_id)
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return AsyncEvaluation(self._transport, job_of(response.job))

    async def list(
        self,
        state: JobState | None = None,
        *,
        kind: JobKind | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        dead_letters: bool = False,
        page_size: int = 0,
        timeout_s: float | None = None,
    ) -> AsyncIterator[Job]:
        """Every job, newest first, or those that meet all that is given. Pages are fetched as they are needed.

        `dead_letters` keeps jobs that failed because so many workers vanished while they were at them.
        """
        method = self._transport.stubs.evaluation.ListJobs
        query = pb2.ListJobsRequest(
            state=state_number_of(state),
            kind=kind_number_of(kind),
            created_from=None if created_from is None else timestamp_of(created_from),
            created_before=None if created_before is None else timestamp_of(created_before),
            dead_letters=dead_letters,
            page_size=page_size,
        )

        def page_request(page_token: str) -> pb2.ListJobsRequest:
            request = pb2.ListJobsRequest(page_token=page_token)
            request.MergeFrom(query)
            return request

        async for response in self._transport.pages(
            lambda page_token: self._transport.call(method, page_request(page_token), timeout_s=timeout_s, repeatable=True)
        ):
            for job in response.jobs:
                yield job_of(job)

    async def _source(self, text: TextArgument, documents: Documents) -> specs_pb2.TextSource:
        content = content_to_upload(text)
        uploaded = None if content is None else await self._texts.upload(content)
        return source_message(text, uploaded, documents)

    async def _start(
        self, spec: specs_pb2.JobSpec, priority: Priority, request_id: str | None, timeout_s: float | None
    ) -> AsyncEvaluation[Any]:
        request = pb2.CreateJobRequest(
            spec=spec, request_id=request_id or uuid.uuid4().hex, priority=priority_number_of(priority)
        )
        method = self._transport.stubs.evaluation.CreateJob
        response = await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True)
        return AsyncEvaluation(self._transport, job_of(response.job))
