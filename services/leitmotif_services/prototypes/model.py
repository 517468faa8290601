"""A model as it answers: everything of a bundle that ranking, explaining and browsing need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leitmotif_services.prototypes.catalogue import Catalogue
from leitmotif_services.prototypes.expression import Expression
from leitmotif_services.prototypes.live_catalogue.changed_catalogue import ChangedCatalogue
from leitmotif_services.prototypes.live_catalogue.joined_expression import JoinedExpression
from leitmotif_services.prototypes.manifest import Manifest
from leitmotif_services.prototypes.prototype import Prototype
from leitmotif_services.prototypes.search.exact_index import ExactIndex
from leitmotif_services.prototypes.search.index import Index
from leitmotif_services.prototypes.search.joined_index import JoinedIndex
from leitmotif_services.prototypes.search.scoring import Mask, Scoring
from leitmotif_services.prototypes.search.track_rows import Floats, TrackRows

if TYPE_CHECKING:
    from leitmotif_services.prototypes.live_catalogue.later_tracks import LaterTracks


@dataclass(frozen=True)
class ServedModel:
    """Immutable, so that a call which began with it may finish with it while another takes over."""

    manifest: Manifest
    folder: Path
    """The bundle's folder: exemplar snippets are read from it when asked for."""
    catalogue: Catalogue | ChangedCatalogue
    prototypes: Sequence[Prototype]
    prototype_positions: dict[str, int]
    """Position of each prototype by its id."""
    scoring: Scoring
    """How the model's kind scores."""
    expression: Expression | JoinedExpression
    exact: ExactIndex | JoinedIndex
    index: Index
    """What searches go to unless the reference is asked for; may be `exact` itself."""
    embeddings: TrackRows
    """(N, D) float32, of unit length: what the encoder makes of each track's audio. Those of the bundle stay in its file."""
    alive: Mask | None = None
    """(N,): False where a track was deleted or replaced since the bundle; None where none was."""
    catalogue_revision: int = 0
    """Number of the catalogue's last change that the model holds."""
    hidden_prototype_ids: frozenset[str] = frozenset()
    """Prototypes that lists and searches leave out unless they are asked for them."""

    bundle_prototypes: Sequence[Prototype] = ()
    """The prototypes as the bundle has them, whatever people called them since."""
    constants: Mapping[str, Floats] = field(default_factory=dict)
    """The bundle's arrays that have no row for each track, by name."""
    later: "LaterTracks | None" = None
    """What came to the model since its bundle; None before the first change. Shared with the models that it becomes, each of
    which sees its own stretch: for who makes the next one."""

    @property
    def model_version(self) -> str:
        """Hash of the bundle's content."""
        return self.manifest.model_version

    @property
    def profile_version(self) -> str:
        """Model version that profiles for it carry: another's where it took over that one's prototypes unchanged."""
        return self.manifest.profile_version
