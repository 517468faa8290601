"""ProfilesService: its methods, by what they are about; the proto says what each promises."""

from leitmotif.api.profiles.v1 import profiles_pb2_grpc
from leitmotif_services.profiles.called_tenants import CalledTenants
from leitmotif_services.profiles.custody_servicer import CustodyMethods
from leitmotif_services.profiles.editing_servicer import EditingMethods
from leitmotif_services.profiles.listening_servicer import ListeningMethods
from leitmotif_services.profiles.reading_servicer import ReadingMethods
from leitmotif_services.profiles.use_cases.known_spaces import KnownSpaces
from leitmotif_services.profiles.watching_servicer import WatchingMethods
from leitmotif_services.runtime.admission import Admission


class ProfilesServicer(
    ReadingMethods,
    EditingMethods,
    ListeningMethods,
    CustodyMethods,
    WatchingMethods,
    profiles_pb2_grpc.ProfilesServiceServicer,
):
    """Checks and converts requests, runs the use case, converts what it gives."""

    def __init__(self, tenants: CalledTenants, spaces: KnownSpaces, heavy: Admission) -> None:
        ReadingMethods.__init__(self, tenants)
        EditingMethods.__init__(self, tenants)
        ListeningMethods.__init__(self, tenants, spaces)
        CustodyMethods.__init__(self, tenants, heavy)
        WatchingMethods.__init__(self, tenants)
