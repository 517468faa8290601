"""The client."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from leitmotif._async.audio import AsyncAudio
from leitmotif._async.catalogue import AsyncModels, AsyncPrototypes, AsyncTracks
from leitmotif._async.evaluations import AsyncEvaluations
from leitmotif._async.profiles import AsyncUserProfile
from leitmotif._async.transport import AsyncTransport
from leitmotif._convert.catalogue import explanation_of, recommendations_of
from leitmotif._convert.profiles import event_message_of, receipt_of
from leitmotif._retry import RetryPolicy
from leitmotif._settings import DEFAULT_TIMEOUT_S, ClientSettings
from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif.types import Event, Explanation, ListeningReceipt, Recommendations


class AsyncClient:
    """A client of the platform's public endpoint.

        async with AsyncClient("localhost:50050") as client:
            await client.listen("ada", ["track-1", "track-2"])
            ranking = await client.recommend("ada")

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
        self._transport = AsyncTransport(settings)
        self.prototypes = AsyncPrototypes(self._transport)
        """What profiles are made of."""
        self.tracks = AsyncTracks(self._transport)
        """The catalogue."""
        self.models = AsyncModels(self._transport)
        """The trained models."""
        self.audio = AsyncAudio(self._transport)
        """Audio files to embeddings."""
        self.evaluations = AsyncEvaluations(self._transport)
        """Evaluations of language models."""

    @property
    def address(self) -> str:
        """Where the calls go."""
        return self._transport.settings.address

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. Calls in flight are cancelled; later ones raise ClientClosedError."""
        await self._transport.close()

    def profiles(self, user_id: str, *, actor: str = "") -> AsyncUserProfile:
        """The profile of a user, to read and change. `actor` goes into the edit log: who asks, such as "support"."""
        return AsyncUserProfile(self._transport, user_id, actor)

    async def recommend(
        self,
        user_id: str,
        count: int = 20,
        *,
        exclude: Iterable[str] = (),
        include_heard: bool = False,
        contributions: int = 3,
        timeout_s: float | None = None,
    ) -> Recommendations:
        """Rank the catalogue for a user, best first; 1 to 1000 tracks.

        `exclude` leaves out up to 10,000 track ids. Tracks that the user has heard are left out unless `include_heard`.
        `contributions` is the number of reasons listed with each track, -1 for all. NotFoundError (PROFILE_NOT_FOUND) for a
        user without a profile.
        """
        request = gateway_pb2.RecommendRequest(
            user_id=user_id,
            count=count,
            options=prototypes_pb2.RankingOptions(excluded_track_ids=exclude),
            include_heard=include_heard,
            contribution_count=contributions,
        )
        method = self._transport.stubs.gateway.Recommend
        return recommendations_of(await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    async def explain(self, user_id: str, track_id: str, *, timeout_s: float | None = None) -> Explanation:
        """Every contribution to the score of one track, whether or not it would be recommended."""
        request = gateway_pb2.ExplainRequest(user_id=user_id, track_id=track_id)
        method = self._transport.stubs.gateway.Explain
        return explanation_of(await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))

    async def listen(self, user_id: str, events: Iterable[Event | str], *, timeout_s: float | None = None) -> ListeningReceipt:
        """Record 1 to 1000 listening events; a track id alone stands for a play of the whole track.

        Makes the profile when there is none. NotFoundError (TRACK_NOT_FOUND) names the first unknown track, and nothing is
        recorded. An event counts once however often it is sent with the same `event_id`.
        """
        whole = [Event(event) if isinstance(event, str) else event for event in events]
        request = gateway_pb2.RecordListeningRequest(user_id=user_id, events=map(event_message_of, whole))
        method = self._transport.stubs.gateway.RecordListening
        return receipt_of(await self._transport.call(method, request, timeout_s=timeout_s, repeatable=True))
