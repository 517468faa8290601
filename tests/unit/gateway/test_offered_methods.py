"""The documentation lists exactly what the gateway offers."""

import re
from pathlib import Path

from leitmotif.api.gateway.v1.gateway_pb2 import DESCRIPTOR
from leitmotif_services.gateway.forwarding import OFFERED

DOCS = Path(__file__).resolve().parents[3] / "docs/gateway.md"


def test_the_documented_methods_are_the_offered_ones():
    rows = dict(re.findall(r"^\| `(leitmotif\.api\.[\w.]+)` \| ([\w, ]+) \|$", DOCS.read_text(), flags=re.M))
    documented = {service: tuple(methods.split(", ")) for service, methods in rows.items()}
    own = DESCRIPTOR.services_by_name["GatewayService"]
    offered = {own.full_name: tuple(method.name for method in own.methods)}
    offered |= {offer.descriptor.full_name: offer.methods for offer in OFFERED}
    assert documented == offered


def test_every_offered_method_exists():
    for descriptor, methods in ((offer.descriptor, offer.methods) for offer in OFFERED):
        assert set(methods) <= set(descriptor.methods_by_name)
