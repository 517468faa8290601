from leitmotif.api.profiles.v1 import profiles_pb2 as pb
from leitmotif_services.profiles.space_convert import space_of
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace


def test_a_space_keeps_its_order() -> None:
    request = pb.RegisterPrototypeSpaceRequest(model_version="m1", prototype_ids=("calm", "loud", "fast"))
    assert space_of(request) == PrototypeSpace("m1", ("calm", "loud", "fast"))
    assert space_of(request).position("fast") == 2
