"""Prototype spaces at hand: they never change, so one read from the store serves every later call of the process."""

from collections import OrderedDict

from leitmotif_services.profiles.store.profile_store import ProfileStore
from leitmotif_services.profiles.taste.prototype_space import PrototypeSpace, unknown_space
from leitmotif_services.runtime.errors import invalid_field


class KnownSpaces:
    """Reads and registers prototype spaces, and remembers the `most` used last."""

    def __init__(self, store: ProfileStore, *, most: int = 32) -> None:
        self._store = store
        self._most = most
        self._remembered: OrderedDict[str, PrototypeSpace] = OrderedDict()

    async def register(self, space: PrototypeSpace) -> None:
        """Keep a space; FIELD_INVALID when other prototypes are registered under its model version."""
        kept = await self._store.read_space(space.model_version)
        if kept is None or kept == space:
            kept = await self._store.register_space(space)
        self._remember(kept)
        if kept != space:
            raise invalid_field("prototype_ids", f"differ from those registered for model version {space.model_version!r}")

    async def of(self, model_version: str) -> PrototypeSpace:
        """The space of a model version; PROTOTYPE_SPACE_UNKNOWN when it was never registered."""
        space = self._remembered.get(model_version)
        if space is None:
            space = await self._store.read_space(model_version)
            if space is None:
                raise unknown_space(model_version)
        self._remember(space)
        return space

    async def latest(self) -> PrototypeSpace:
        """The space registered last; PROTOTYPE_SPACE_UNKNOWN when there is none at all."""
        model_version = await self._store.latest_model_version()
        if model_version is None:
            raise unknown_space("")
        return await self.of(model_version)

    def _remember(self, space: PrototypeSpace) -> None:
        self._remembered[space.model_version] = space
        self._remembered.move_to_end(space.model_version)
        if len(self._remembered) > self._most:
            self._remembered.popitem(last=False)
