"""PrototypesService: `RankingMethods` ranks, `PrototypeMethods` is about the prototypes themselves."""

from collections.abc import Callable

from leitmotif.api.prototypes.v1 import prototypes_pb2_grpc
from leitmotif_services.prototypes.bounded_calls import BoundedCalls
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.models.model_registry import ModelRegistry
from leitmotif_services.prototypes.ranking.cursor import Cursors
from leitmotif_services.prototypes.ranking_servicer import RankingMethods
from leitmotif_services.prototypes.vocabulary.prototype_creation import PrototypeCreation
from leitmotif_services.prototypes.vocabulary.prototype_directions import Directions
from leitmotif_services.prototypes.vocabulary.prototype_edits import PrototypeEdits
from leitmotif_services.prototypes.vocabulary_servicer import PrototypeMethods
from leitmotif_services.runtime.admission import Admission


class PrototypesServicer(RankingMethods, PrototypeMethods, prototypes_pb2_grpc.PrototypesServiceServicer):
    """Each call takes the model that answers once, at its start, and answers with that one to its end."""

    def __init__(
        self,
        registry: ModelRegistry,
        calls: BoundedCalls,
        read_snippet: Callable[[ServedModel, str], bytes],
        cursors: Cursors,
        edits: PrototypeEdits,
        creation: PrototypeCreation,
        activations: Admission,
        directions: Directions,
    ) -> None:
        RankingMethods.__init__(self, registry, calls, cursors)
        PrototypeMethods.__init__(self, registry, calls, read_snippet, edits, creation, activations, directions)
