"""The audio service's figures for Prometheus.

Counters and histograms are fed once a call; what the service keeps track of anyway is read when a scrape asks.
"""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from leitmotif_services.audio.decoding_process import Cause
from leitmotif_services.audio.embedding_metrics import CallWork, TextWork
from leitmotif_services.runtime.errors import Reason

_STAGES_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

GAUGES = {
    "queue_depth": "Calls that wait for a worker.",
    "calls_in_flight": "Calls of EmbedTracks that wait or are worked on.",
    "items_in_flight": "Items of those calls.",
    "held_bytes": "Audio of those calls that is held in memory, as it was sent.",
    "streams_open": "Streams of EmbedStream that are open.",
}
"""By name, below leitmotif_audio_."""


class PrometheusMetrics(Collector):
    """Implements EmbeddingMetrics; registered as one collector."""

    def __init__(self, gauges: Mapping[str, Callable[[], float]]) -> None:
        """`gauges` reads each of GAUGES."""
        self._items = Histogram("leitmotif_audio_batch_items", "Items of a call.", buckets=_ITEMS, registry=None)
        self._embedded = Counter(
            "leitmotif_audio_embedded_seconds",
            "Audio that was embedded, in seconds of playing time; its rate is the throughput.",
            ["method"],
            registry=None,
        )
        stages = Histogram(
            "leitmotif_audio_stage_seconds",
            "Time of a stage of EmbedTracks: queue once a call, decode and compute once an item.",
            ["stage"],
            buckets=_STAGES_S,
            registry=None,
        )
        self._failures = Counter(
            "leitmotif_audio_failures", "Items, phrases, and calls as a whole, that were refused.", ["reason"], registry=None
        )
        self._dropped = Counter(
            "leitmotif_audio_dropped_calls",
            "Calls that left the queue before they were begun: past their deadline, or cancelled.",
            registry=None,
        )
        self._phrases = Counter("leitmotif_audio_embedded_phrases", "Phrases that EmbedTexts embedded.", registry=None)
        text_stages = Histogram(
            "leitmotif_audio_text_stage_seconds",
            "Time of a stage of EmbedTexts, once a call.",
            ["stage"],
            buckets=_STAGES_S,
            registry=None,
        )
        self._text_stages = {stage: text_stages.labels(stage) for stage in ("queue", "tokenize", "compute")}
        self._restarts = Counter(
            "leitmotif_audio_decoder_restarts",
            "Decoding processes that ended before their time and were replaced: crashed, killed or timed_out.",
            ["cause"],
            registry=None,
        )
        for cause in Cause:
            self._restarts.labels(cause.value)
        self._queue, self._decode, self._compute = (stages.labels(stage) for stage in ("queue", "decode", "compute"))
        self._tracks, self._streams = (self._embedded.labels(method) for method in ("EmbedTracks", "EmbedStream"))
        self._collectors: list[Collector] = [self._items, self._embedded, stages, self._failures, self._dropped]
        self._collectors += [self._phrases, text_stages, self._restarts]
        for name, meaning in GAUGES.items():
            gauge = Gauge(f"leitmotif_audio_{name}", meaning, registry=None)
            gauge.set_function(gauges[name])
            self._collectors.append(gauge)

    def collect(self) -> Iterator[Metric]:
        """What a scrape sees."""
        for collector in self._collectors:
            yield from collector.collect()

    def worked(self, work: CallWork) -> None:
        self._items.observe(work.items)
        self._queue.observe(work.queue_s)
        for seconds in work.decode_s:
            self._decode.observe(seconds)
        for seconds in work.compute_s:
            self._compute.observe(seconds)
        self._tracks.inc(work.embedded_s)
        for reason in work.failures:
            self.refused(reason)

    def streamed(self, embedded_s: float) -> None:
        self._streams.inc(embedded_s)

    def read(self, work: TextWork) -> None:
        self._phrases.inc(work.phrases)
        for stage, seconds in (("queue", work.queue_s), ("tokenize", work.tokenize_s), ("compute", work.compute_s)):
            self._text_stages[stage].observe(seconds)
        for reason in work.failures:
            self.refused(reason)

    def refused(self, reason: Reason) -> None:
        self._failures.labels(reason.value).inc()

    def dropped(self) -> None:
        self._dropped.inc()

    def decoder_restarted(self, cause: str) -> None:
        self._restarts.labels(cause).inc()
