"""What a running sandbox can be asked apart from SCIM: to prove that it is one, to be empty, to be full, to stop."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from bulkscim.model.operation import ENTERPRISE, JsonObject
from bulkscim.sandbox.sample_users import people
from bulkscim.sandbox.settings import ADMIN, CONTROL, proof
from bulkscim.sandbox.tenant import same_token, token_of
from bulkscim.scim.schemas import CORE

if TYPE_CHECKING:
    from bulkscim.sandbox.site import Site

BREATHE_EVERY = 20


async def answer_control(site: "Site", request: ScimRequest) -> ScimResponse:
    """Do what is asked with the administrator's token; a ping needs none, and proves that this sandbox has it."""
    what = request.method, request.path.removeprefix(CONTROL)
    if what == ("GET", "ping"):
        nonce = request.query.get("nonce", "")
        return ScimResponse(
            HTTPStatus.OK, {"sandbox": site.profile, "proof": proof(site.tokens[ADMIN], nonce)}
        )
    if not same_token(token_of(request), site.tokens[ADMIN]):
        return ScimResponse(HTTPStatus.UNAUTHORIZED)
    match what:
        case "POST", "stop":
            site.stopping.set()
        case "POST", "reset":
            site.tenant.reset()
            site.log.clear()
        case "POST", "seed":
            query = request.query
            made = await _seed(site, int(query.get("count", "0")), int(query.get("seed", "0")))
            return ScimResponse(HTTPStatus.OK, made)
        case _:
            return ScimResponse(HTTPStatus.NOT_FOUND)
    return ScimResponse(HTTPStatus.OK, {})


async def _seed(site: "Site", count: int, seed: int) -> JsonObject:
    """Create users and a group for each department; those that exist already stay as they are."""
    ids: list[str] = []
    members: dict[str, list[str]] = {}
    made = 0
    for number, person in enumerate(people(count, seed)):
        manager = person.pop("manager_row", None)
        if manager is not None and ids[manager]:
            person[ENTERPRISE]["manager"] = {"value": ids[manager]}
        resource_id = _post(site, "/Users", person)
        ids.append(resource_id)
        if resource_id:
            made += 1
            members.setdefault(person[ENTERPRISE]["department"], []).append(resource_id)
        if number % BREATHE_EVERY == 0:
            await site.clock.sleep(0)
    groups = 0
    for name, inside in members.items():
        group = {
            "schemas": [CORE["Group"]],
            "displayName": name,
            "members": [{"value": one} for one in inside],
        }
        groups += bool(_post(site, "/Groups", group))
        await site.clock.sleep(0)
    return {"users": made, "groups": groups}


def _post(site: "Site", path: str, body: JsonObject) -> str:
    """Create a resource as a client would and return its id, empty where it was refused."""
    headers = {"Authorization": f"Bearer {site.tokens[ADMIN]}", "Content-Type": "application/json"}
    response = site.tenant.answer(ScimRequest("POST", "", path, {}, headers, orjson.dumps(body)))
    return str((response.body or {}).get("id", "")) if response.status == HTTPStatus.CREATED else ""
