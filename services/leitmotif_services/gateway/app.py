"""The gateway's composition root."""

from collections.abc import Mapping

import grpc

from leitmotif.api.gateway.v1.gateway_pb2 import DESCRIPTOR
from leitmotif.api.gateway.v1.gateway_pb2_grpc import add_GatewayServiceServicer_to_server
from leitmotif_services.gateway.active_model import ActiveModel
from leitmotif_services.gateway.config import GatewayConfig
from leitmotif_services.gateway.forwarding import DOWNLOADS, OFFERED, UPLOADS, ForwardedService
from leitmotif_services.gateway.prototype_spaces import PrototypeSpaces
from leitmotif_services.gateway.servicer import GatewayServicer
from leitmotif_services.gateway.tenancy import GatewayTenant
from leitmotif_services.gateway.upstreams import Upstreams, open_channel
from leitmotif_services.runtime.app import App, Mount
from leitmotif_services.runtime.byte_budget import ByteBudget
from leitmotif_services.runtime.message_budget import MessageBudget


async def build(config: GatewayConfig, *, channels: Mapping[str, grpc.aio.Channel] | None = None) -> App:
    """Compose the gateway; `channels` (by service) take the place of connections to the configured addresses."""
    addresses = {
        "audio": config.audio_address,
        "prototypes": config.prototypes_address,
        "profiles": config.profiles_address,
        "evaluation": config.evaluation_address,
    }
    given = channels or {}
    upstreams = Upstreams({service: given.get(service) or open_channel(address) for service, address in addresses.items()})
    app = App("gateway")
    app.on_close(upstreams.close)
    app.interceptors.append(GatewayTenant(config.tenant))
    app.interceptors.append(
        MessageBudget(
            config.max_held_bytes,
            max_message_bytes=config.server.max_message_bytes,
            uploads=UPLOADS,
            downloads=DOWNLOADS,
            max_request_streams=config.max_request_streams,
        )
    )
    model = ActiveModel(upstreams)
    spaces = PrototypeSpaces(upstreams, model, timeout_s=config.long_call_timeout_s)
    app.on_close(spaces.close)
    servicer = GatewayServicer(
        upstreams,
        model,
        spaces,
        call_timeout_s=config.call_timeout_s,
        long_call_timeout_s=config.long_call_timeout_s,
        ingest_budget=ByteBudget(config.max_ingest_bytes),
    )
    app.mount(DESCRIPTOR.services_by_name["GatewayService"].full_name, add_GatewayServiceServicer_to_server, servicer)
    after = {"UpdatePrototype": spaces.renamed} | dict.fromkeys(("ActivateModel", "RollBackModel", "EndTrial"), spaces.activated)
    for offer in OFFERED:
        forwarded = ForwardedService(
            offer,
            upstreams.channels[offer.upstream],
            call_timeout_s=config.call_timeout_s,
            long_call_timeout_s=config.long_call_timeout_s,
            after=after,
        )
        app.mounts.append(Mount(forwarded.full_name, forwarded.add_to_server))
    return app
