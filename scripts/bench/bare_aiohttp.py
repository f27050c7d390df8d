"""The reference: a bare aiohttp loop, as quick as its public API is when written with some care. No journal.

`python bare_aiohttp.py BASE_URL COUNT [uvloop]`: 50 long-lived workers on one session; each builds a body, posts
it, checks the 201 and takes the id out of the answer.
"""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp
import orjson
from people import body

WORKERS = 50
CREATED = 201


async def create(session: aiohttp.ClientSession, url: str, numbers: Iterator[int]) -> None:
    """Create users until there are no numbers left."""
    for number in numbers:
        async with session.post(url, data=orjson.dumps(body(number))) as answer:
            made = orjson.loads(await answer.read())
            if answer.status != CREATED or not made["id"]:
                raise SystemExit(f"answered {answer.status}: {made}")


async def main(base_url: str, count: int) -> None:
    """Create so many users."""
    headers = {"Authorization": "Bearer bench", "Content-Type": "application/scim+json"}
    connector = aiohttp.TCPConnector(limit=WORKERS)
    numbers = iter(range(1, count + 1))
    async with (
        aiohttp.ClientSession(headers=headers, connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(min(WORKERS, count)):
            group.create_task(create(session, f"{base_url}/Users", numbers))


if __name__ == "__main__":
    if sys.argv[3:] == ["uvloop"]:
        import uvloop

        uvloop.run(main(sys.argv[1], int(sys.argv[2])))
    else:
        asyncio.run(main(sys.argv[1], int(sys.argv[2])))
