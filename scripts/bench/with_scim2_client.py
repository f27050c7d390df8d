"""A script as most people write it: scim2-client, its models checked both ways.

`python with_scim2_client.py BASE_URL COUNT [one-by-one]`: 50 requests at once, or one after the other.
"""

import asyncio
import sys
from collections.abc import Iterator

import httpx2
from people import body
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import EnterpriseUser, User

WORKERS = 50
Person = User[EnterpriseUser]


async def create(scim: AsyncSCIMClient, numbers: Iterator[int]) -> None:
    """Create users until there are no numbers left."""
    for number in numbers:
        made = await scim.create(Person.model_validate(body(number)))
        if not made.id:
            raise SystemExit(f"no id: {made}")


async def main(base_url: str, count: int, workers: int) -> None:
    """Create so many users."""
    numbers = iter(range(1, count + 1))
    headers = {"Authorization": "Bearer bench"}
    limits = httpx2.Limits(max_connections=workers, max_keepalive_connections=workers)
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, limits=limits) as client:
        scim = AsyncSCIMClient(client, resource_models=[Person])
        scim.register_naive_resource_types()
        async with asyncio.TaskGroup() as group:
            for _ in range(min(workers, count)):
                group.create_task(create(scim, numbers))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), 1 if sys.argv[3:] == ["one-by-one"] else WORKERS))
