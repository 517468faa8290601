"""Rankings for a user: the profile from one service, the catalogue from another."""

from collections.abc import Iterable

from leitmotif.api.gateway.v1 import gateway_pb2
from leitmotif.api.profiles.v1 import profiles_pb2
from leitmotif.api.prototypes.v1 import prototypes_pb2
from leitmotif_services.gateway.active_model import ActiveModel, PrototypeNames
from leitmotif_services.gateway.current_profile import CurrentProfile
from leitmotif_services.gateway.upstreams import Deadline, Upstreams, call
from leitmotif_services.runtime.validation import checked_id, checked_length

_MOST_EXCLUDED = 10_000


class Ranking:
    """Recommend, WhatIf and Explain; see the proto for what each promises."""

    def __init__(self, upstreams: Upstreams, model: ActiveModel, current: CurrentProfile) -> None:
        self._upstreams = upstreams
        self._model = model
        self._current = current

    async def recommend(self, request: gateway_pb2.RecommendRequest, deadline: Deadline) -> gateway_pb2.RecommendResponse:
        """A page of the user's list."""
        user_id = checked_id("user_id", request.user_id)
        _check_options(request.options)

        async def recommend() -> gateway_pb2.RecommendResponse:
            profile = await self._profile_vector(user_id, _preset_of(request), deadline, include_heard=not request.include_heard)
            ranking = await call(
                "prototypes",
                self._upstreams.prototypes.RecommendTracks,
                prototypes_pb2.RecommendTracksRequest(
                    profile=profile.vector,
                    count=request.count,
                    options=_options_for(profile, request.options),
                    contribution_count=request.contribution_count,
                    page_token=request.page_token,
                    user_id=user_id,
                    hidden_artists=profile.hidden_artists,
                ),
                deadline,
            )
            return gateway_pb2.RecommendResponse(
                tracks=ranking.tracks,
                model_version=ranking.model_version,
                etag=profile.etag,
                next_page_token=ranking.next_page_token,
                catalogue_revision=ranking.catalogue_revision,
                arm=ranking.arm,
                partial=ranking.partial,
            )

        return await self._current.run(user_id, recommend, deadline)

    async def what_if(self, request: gateway_pb2.WhatIfRequest, deadline: Deadline) -> gateway_pb2.WhatIfResponse:
        """Two lists, of the profile as it is and as it would be."""
        user_id = checked_id("user_id", request.user_id)
        _check_options(request.options)
        preview_request = profiles_pb2.PreviewEditRequest(
            user_id=user_id,
            changes=request.changes,
            allow_missing=request.allow_missing,
            include_heard=not request.include_heard,
            updates=request.updates,
            include_hidden=True,
            preset=_preset_of(request),
        )

        async def compare() -> gateway_pb2.WhatIfResponse:
            preview = await call("profiles", self._upstreams.profiles.PreviewEdit, preview_request, deadline)
            compared = await call(
                "prototypes",
                self._upstreams.prototypes.CompareRankings,
                prototypes_pb2.CompareRankingsRequest(
                    before=preview.before,
                    after=preview.after,
                    count=request.count,
                    options=_options_for(preview, request.options),
                    contribution_count=request.contribution_count,
                    user_id=user_id,
                    hidden_artists=preview.hidden_artists,
                ),
                deadline,
            )
            names = await self._model.names(preview.after.model_version, user_id, deadline)
            return gateway_pb2.WhatIfResponse(
                before=compared.before,
                after=compared.after,
                entered=compared.entered,
                left=compared.left,
                labelled_weights=labelled(preview.weights, names),
                model_version=compared.model_version,
                etag=preview.etag,
                catalogue_revision=compared.catalogue_revision,
            )

        return await self._current.run_edit(user_id, _edited_prototypes(request), compare, deadline)

    async def explain(self, request: gateway_pb2.ExplainRequest, deadline: Deadline) -> gateway_pb2.ExplainResponse:
        """One track's score, and what would bring it up."""
        user_id = checked_id("user_id", request.user_id)
        track_id = checked_id("track_id", request.track_id)

        async def explain() -> gateway_pb2.ExplainResponse:
            # What the user hid is explained as well: it is kept out of lists, not out of the catalogue.
            profile = await self._profile_vector(user_id, _preset_of(request), deadline, for_list=False)
            explained = await call(
                "prototypes",
                self._upstreams.prototypes.ExplainTrack,
                prototypes_pb2.ExplainTrackRequest(
                    profile=profile.vector, track_id=track_id, target_rank=request.target_rank, user_id=user_id
                ),
                deadline,
            )
            return gateway_pb2.ExplainResponse(
                track=explained.track,
                removed_by=explained.removed_by,
                model_version=explained.model_version,
                lifting_edits=explained.lifting_edits,
                catalogue_revision=explained.catalogue_revision,
            )

        return await self._current.run(user_id, explain, deadline)

    async def _profile_vector(
        self,
        user_id: str,
        preset: profiles_pb2.AppliedPreset | None,
        deadline: Deadline,
        *,
        include_heard: bool = False,
        for_list: bool = True,
    ) -> profiles_pb2.GetProfileVectorResponse:
        """The profile and, `for_list`, what the user hid; one round trip for all of it."""
        request = profiles_pb2.GetProfileVectorRequest(
            user_id=user_id, include_heard=include_heard, include_hidden=for_list, preset=preset
        )
        return await call("profiles", self._upstreams.profiles.GetProfileVector, request, deadline)


def _edited_prototypes(request: gateway_pb2.WhatIfRequest) -> list[str]:
    """The prototypes whose controls a request would change."""
    return [change.prototype_id for change in request.changes] + [update.control.prototype_id for update in request.updates]


def labelled(weights: Iterable[profiles_pb2.PrototypeWeight], names: PrototypeNames) -> list[gateway_pb2.LabelledWeight]:
    """The weights with their labels, by falling magnitude."""
    return [
        gateway_pb2.LabelledWeight(weight=weight, label=names.labels[weight.prototype_id], weak=weight.prototype_id in names.weak)
        for weight in sorted(weights, key=lambda weight: -abs(weight.weight))
    ]


def _check_options(options: prototypes_pb2.RankingOptions) -> None:
    checked_length("options.excluded_track_ids", options.excluded_track_ids, maximum=_MOST_EXCLUDED)


def _preset_of(
    request: gateway_pb2.RecommendRequest | gateway_pb2.WhatIfRequest | gateway_pb2.ExplainRequest,
) -> profiles_pb2.AppliedPreset | None:
    return request.preset if request.HasField("preset") else None


def _options_for(
    profile: profiles_pb2.GetProfileVectorResponse | profiles_pb2.PreviewEditResponse, options: prototypes_pb2.RankingOptions
) -> prototypes_pb2.RankingOptions:
    """The caller's options, with the tracks that the user has heard or hid left out as well.

    Sorted what has no order of its own: the options belong to what a page token is good for.
    """
    extended = prototypes_pb2.RankingOptions()
    extended.CopyFrom(options)
    extended.excluded_track_ids.extend(profile.heard_track_ids)
    extended.excluded_track_ids.extend(sorted(profile.hidden_track_ids))
    return extended
