"""What the tests of this folder share."""

import pytest

from tests.integration.gateway.real_services import platform_over


@pytest.fixture
async def platform(tmp_path, empty_redis_url):
    """The real services, over the model by hand."""
    async with platform_over(tmp_path / "models", empty_redis_url) as platform:
        yield platform


@pytest.fixture
async def stubs(platform):
    """Of one gateway over them."""
    async with platform.gateway() as stubs:
        yield stubs
