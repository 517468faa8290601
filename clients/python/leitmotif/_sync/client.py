# Generated from leitmotif/_async/client.py by clients/python/generate_sync.py; edit that file instead.
"""The client."""

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from types import TracebackType
from typing import Self, Unpack

from leitmotif._control_changes import Amounts, Names, control_changes
from leitmotif._convert.profiles import (
    applied_preset_message_of,
    change_message_of,
    event_message_of,
    receipt_of,
    update_message_of,
)
from leitmotif._convert.ranking import (
    explanation_of,
    options_message_of,
    recommendations_of,
    request_message_of,
    streamed_of,
    what_if_of,
)
from leitmotif._pages_given import PagesGiven
from leitmotif._request_batches import request_batches
from leitmotif._retry import RetryPolicy
from leitmotif._settings import DEFAULT_TIMEOUT_S, ClientSettings
from leitmotif._sync.audio import Audio
from leitmotif._sync.evaluations import Evaluations
from leitmotif._sync.models import Models
from leitmotif._sync.profiles import UserProfile
from leitmotif._sync.prototypes import Prototypes
from leitmotif._sync.texts import Texts
from leitmotif._sync.tracks import Tracks
from leitmotif._sync.transport import Transport
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.errors import InternalError, InvalidArgumentError, LeitmotifError, Reason
from leitmotif.filters import Filter
from leitmotif.types import (
    ControlChange,
    ControlUpdate,
    Event,
    Explanation,
    Exploration,
    ListeningReceipt,
    RankingOptions,
    RecommendationFailure,
    RecommendationRequest,
    Recommendations,
    WhatIf,
)

BULK_TIMEOUT_S = 120.0
"""For each call of at most 256 requests, in seconds."""


class Client:
    """A client of the platform's public endpoint.

        with Client("localhost:50050") as client:
            client.listen("ada", ["track-1", "track-2"])
            ranking = client.recommend("ada")

    `address` is host:port, by default that of the environment variable LEITMOTIF_ADDRESS, else 127.0.0.1:50050; a name
    with several addresses is balanced over. `timeout_s` bounds a call with all its attempts; each method takes one of its
    own too. `retry` says how calls that may be repeated are. `api_key`, by default LEITMOTIF_API_KEY, is sent as a bearer
    token. `tls` encrypts; `root_certificates` (PEM) takes the place of the system's and implies it.

    Every method raises a LeitmotifError when it fails; see leitmotif.errors. One client serves many concurrent calls.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        retry: RetryPolicy | None = None,
        api_key: str | None = None,
        tls: bool = False,
        root_certificates: bytes | None = None,
    ) -> None:
        settings = ClientSettings.resolve(
            address, timeout_s=timeout_s, retry=retry, api_key=api_key, tls=tls, root_certificates=root_certificates
        )
        self._transport = Transport(settings)
        self.prototypes = Prototypes(self._transport)
        """What profiles are made of."""
        self.tracks = Tracks(self._transport)
        """The catalogue."""
        self.models = Models(self._transport)
        """The trained models."""
        self.audio = Audio(self._transport)
        """Audio files to embeddings."""
        self.texts = Texts(self._transport)
        """Texts that evaluations read."""
        self.evaluations = Evaluations(self._transport, self.texts)
        """Evaluations of language models."""

    @property
    def address(self) -> str:
        """Where the calls go."""
        return self._transport.settings.address

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Calls in flight are cancelled; later ones raise ClientClosedError."""
        self._transport.close()

    def profiles(self, user_id: str, *, actor: str = "") -> UserProfile:
        """The profile of a user, to read and change. `actor` goes into the edit log: who asks, such as "support"."""
        return UserProfile(self._transport, user_id, actor)

    def recommend(
        self,
        user_id: str,
        count: int = 20,
        *,
        filter: Filter | None = None,  # noqa: A002
        exclude: Iterable[str] = (),
        seeds: Iterable[str] = (),
        seed_weight: float | None = None,
        max_per_artist: int = 0,
        diversity: float = 0.0,
        exploration: Exploration | None = None,
        include_heard: bool = False,
        contributions: int = 3,
        preset: str | None = None,
        preset_share: float | None = None,
        page_token: str = "",
        timeout_s: float | None = None,
    ) -> Recommendations:
        """Rank the catalogue for a user, best first; 1 to 1000 tracks.

        `filter` keeps some tracks only, see leitmotif.filters; `exclude` leaves out up to 10,000 track ids. Tracks that the user
        has heard are left out unless `include_heard`. `seeds` ranks as if the user had listened to up to 100 tracks as well, by
        `seed_weight` against the user's own history. `max_per_artist`, `diversity` and `exploration` vary the list; see
        `RecommendationRequest`. `contributions` is the number of reasons listed with each track, -1 for all. `preset` lays
        one of the user's presets over the profile instead of the active one, `preset_share` of it. `page_token` goes on
        behind the page that had it as `next_page_token`; `recommend_pages` does so by itself. NotFoundError (PROFILE_NOT_FOUND)
        for a user without a profile.
        """
        request = RecommendationRequest(
            user_id,
            count,
            filter=filter,
            exclude=tuple(exclude),
            seeds=tuple(seeds),
            seed_weight=seed_weight,
            max_per_artist=max_per_artist,
            diversity=diversity,
            exploration=exploration,
            include_heard=include_heard,
            contributions=contributions,
            preset=preset,
            preset_share=preset_share,
        )
        return self._recommend(request, page_token, timeout_s)

    def recommend_pages(
        self, user_id: str, page_size: int = 20, *, timeout_s: float | None = None, **options: Unpack[RankingOptions]
    ) -> Iterator[Recommendations]:
        """The ranking for a user page by page, at most 2000 tracks in all; takes the other keyword arguments of `recommend`.

        No track comes twice and no artist more than `max_per_artist` times, whatever happens to catalogue, model and profile
        meanwhile; ranks go on from page to page. Where the profile changes between two pages, because the user listens or edits,
        the rest is ranked by the profile as it is then, and pages may be shorter than `page_size`.
        """
        request = RecommendationRequest(user_id, page_size, **options)
        asked, pages = request, PagesGiven(request)
        page_token = ""
        while not pages.full:
            try:
                page = self._recommend(asked, page_token, timeout_s)
            except InvalidArgumentError as error:
                if error.reason != Reason.PAGE_TOKEN_INVALID or not page_token:
                    raise
                asked, page_token = pages.begin_anew(), ""
                continue
            new = pages.add(page)
            if new.tracks or asked is request:
                yield new
            page_token = page.next_page_token
            if not page_token:
                return

    def recommend_many(
        self, requests: Iterable[RecommendationRequest | str], *, timeout_s: float = BULK_TIMEOUT_S
    ) -> Iterator[Recommendations | RecommendationFailure]:
        """Rank for many users, as an offline job does: one outcome a request, in order, as they come.

        A user id alone stands for a request of 20 tracks. What is refused is refused by itself. Requests are sent as the answers
        are read, in calls of at most 256, each with a deadline of `timeout_s`; one that breaks off goes on where it was.
        """
        method = self._transport.stubs.gateway.StreamRecommendations
        for batch in request_batches(requests):
            attempts = self._transport.attempts(timeout_s, repeatable=True)
            while batch:
                messages = _each(list(map(request_message_of, batch)))
                try:
                    with closing(self._transport.exchange(method, messages, timeout_s=attempts.remaining_s())) as answers:
                        for answer in answers:
                            attempts.succeeded()
                            yield streamed_of(answer, batch.pop(0).user_id)
                    if batch:
                        raise InternalError(f"the server ended the stream before {len(batch)} of its answers", code="INTERNAL")
                except LeitmotifError as failure:
                    wait_s = attempts.wait_before_retry_s(failure)
                    if wait_s is None:
                        raise
                    time.sleep(wait_s)

    def what_if(
        self,
        user_id: str,
        *,
        boost: Amounts = (),
        reduce: Amounts = (),
        mute: Names = (),
        unmute: Names = (),
        reset: Names = (),
        changes: Iterable[ControlChange] = (),
        updates: Iterable[ControlUpdate] = (),
        count: int = 20,
        allow_missing: bool = False,
        timeout_s: float | None = None,
        **options: Unpack[RankingOptions],
    ) -> WhatIf:
        """Show what edits would do to a user's list: before, after, which tracks enter and leave, and why. Nothing is stored.

        Edits are prototype ids, one or several: `mute="drums"`, `boost=["piano", "calm"]`, or with amounts
        `boost={"piano": 2.0}`; or `changes` and `updates` as for `profiles(user).edit`, applied behind those. Takes the other
        keyword arguments of `recommend`. With `allow_missing`, a user without a profile counts as one who has heard nothing.
        """
        named = control_changes(boost=boost, reduce=reduce, mute=mute, unmute=unmute, reset=reset)
        request = RecommendationRequest(user_id, count, **options)
        message = gateway_pb2.WhatIfRequest(
            user_id=user_id,
            changes=map(change_message_of, (*named, *changes)),
            count=count,
            options=options_message_of(request),
            include_heard=request.include_heard,
            contribution_count=request.contributions,
            allow_missing=allow_missing,
            updates=map(update_message_of, updates),
            preset=applied_preset_message_of(request.preset, request.preset_share),
        )
        method = self._transport.stubs.gateway.WhatIf
        return what_if_of(self._transport.call(method, message, timeout_s=timeout_s, repeatable=True))

    def explain(
        self,
        user_id: str,
        track_id: str,
        *,
        target_rank: int = 0,
        preset: str | None = None,
        preset_share: float | None = None,
        timeout_s: float | None = None,
    ) -> Explanation:
        """Every contribution to the score of one track, whether or not it would be recommended.

        With `target_rank`, also the smallest single edits that put the track among so many at the top, 1 to 1000. `preset` as for
        `recommend`.
        """
        request = gateway_pb2.ExplainRequest(
            user_id=user_id,
            track_id=track_id,
            target_rank=target_rank,
            preset=applied_preset_message_of(preset, preset_share),
        )
        method = self._transport.stubs.gateway.Explain
        return explanation_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def listen(self, user_id: str, events: Iterable[Event | str], *, timeout_s: float | None = None) -> ListeningReceipt:
        """Record 1 to 1000 listening events; a track id alone stands for a play of the whole track.

        Makes the profile when there is none. NotFoundError (TRACK_NOT_FOUND) names the first unknown track, and nothing is
        recorded. An event counts once however often it is sent with the same `event_id`.
        """
        whole = [Event(event) if isinstance(event, str) else event for event in events]
        request = gateway_pb2.RecordListeningRequest(user_id=user_id, events=map(event_message_of, whole))
        method = self._transport.stubs.gateway.RecordListening
        return receipt_of(self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    def _recommend(self, request: RecommendationRequest, page_token: str, timeout_s: float | None) -> Recommendations:
        method = self._transport.stubs.gateway.Recommend
        message = request_message_of(request, page_token)
        response = self._transport.call(method, message, timeout_s=timeout_s, repeatable=True)
        return recommendations_of(response, request.user_id)


def _each(messages: Iterable[gateway_pb2.RecommendRequest]) -> Iterator[gateway_pb2.RecommendRequest]:
    yield from messages
