"""What the tests of the GPU path share."""

import pytest

from tests.gpu.host_kernel import HostKernel, host_kernel
from tests.loudly import NotHere, skip_loudly


@pytest.fixture(scope="session")
def kernel(request: pytest.FixtureRequest) -> HostKernel:
    try:
        return host_kernel()
    except NotHere as absent:
        skip_loudly(request.config, str(absent))
