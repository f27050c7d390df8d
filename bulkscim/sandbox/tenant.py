"""A sandbox without a network: who may ask, and what scim2-server's core answers, in the provider's manner."""

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import orjson
from scim2_models import (
    AuthenticationScheme,
    Context,
    External,
    Reference,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    ScimProvider,
)
from scim2_server.handler import ScimHandler
from scim2_server.memory import utcnow
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from bulkscim.model.operation import GROUP, USER, JsonObject
from bulkscim.providers.answers import (
    asked,
    error_body,
    kept_names,
    listed,
    refused_body,
    refused_request,
    shown,
)
from bulkscim.providers.quirks import (
    ErrorAnswer,
    IntegrationQuirks,
    Quirks,
    capped,
    filter_of,
    kind_of,
    patch_of,
    refused_user,
    without,
)
from bulkscim.sandbox.provider_rules import TokenScope, refusal
from bulkscim.sandbox.settings import ADMIN
from bulkscim.sandbox.store import Database, KeptStorage

Value = TypeVar("Value", str, JsonObject)

UNAUTHORIZED, NOT_FOUND = 401, 404
PEOPLE = "people"
WRITES = frozenset({"POST", "PUT", "PATCH"})
_BEARER = AuthenticationScheme(
    type=AuthenticationScheme.Type.oauthbearertoken,
    name="bearer_token",
    description="HTTP Bearer Token",
    spec_uri=Reference[External]("https://datatracker.ietf.org/doc/html/rfc6750"),
)


class SandboxTenant:
    """A tenant that answers one request after the other."""

    def __init__(
        self,
        path: Path,
        quirks: Quirks,
        tokens: Mapping[str, str],
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._quirks = quirks
        self._tokens = tokens
        self._database = Database(path)
        provider = provider_of(quirks)
        self._service = QuirkyService(provider, quirks)
        plain = IntegrationQuirks(PEOPLE)
        self._rules = {token: quirks.integrations.get(name, plain) for name, token in tokens.items()}
        spaces = {PEOPLE, *(rules.groups for rules in self._rules.values())}
        self._stores = {
            space: KeptStorage(self._database, space, provider, quirks, clock) for space in spaces
        }
        self._opened = {
            token: TokenScope(self._database, self._stores[PEOPLE], self._stores, quirks, rules)
            for token, rules in self._rules.items()
        }
        self._handlers = {token: ScimHandler(self._service, one) for token, one in self._opened.items()}
        self._make_owner()

    def answer(self, request: ScimRequest) -> ScimResponse:
        """Answer one request, whatever is wrong with it."""
        try:
            response = self._answer(request)
        except Exception as error:  # noqa: BLE001 - the service tells errors of the client from its own
            response = self._service.error_response(error)
            response.body = error_body(self._quirks, response.body or {})
        response.headers["Content-Type"] = self._quirks.media_type
        return response

    def reset(self) -> None:
        """Be as at first."""
        self._database.clear()
        for store in self._stores.values():
            store.forget()
        self._make_owner()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _answer(self, request: ScimRequest) -> ScimResponse:
        endpoint = request.path.strip("/").split("/")[0].lower()
        token = token_of(request)
        if not any(same_token(token, own) for own in self._tokens.values()):
            if self._quirks.endpoints is not None or endpoint != "serviceproviderconfig":
                status = UNAUTHORIZED if token else self._quirks.no_token
                raise refusal(ErrorAnswer(status, "the token is missing or wrong"))
            token = self._tokens[ADMIN]
        if self._quirks.endpoints is not None and (
            endpoint not in self._quirks.endpoints or ".search" in request.path
        ):
            raise refusal(ErrorAnswer(NOT_FOUND, f"there is no {request.path}"))
        refused = refused_request(self._quirks, request.query, request.header("User-Agent") or "")
        if refused is not None:
            raise refusal(refused)
        kind = kind_of(endpoint)
        if not kind:
            return self._handlers[token].handle(request)
        plain = self._understood(request, kind, self._rules[token])
        response = self._told(plain, kind, self._opened[token], self._handlers[token].handle(plain))
        return self._shown(request, kind, response)

    def _understood(self, request: ScimRequest, kind: str, rules: IntegrationQuirks) -> ScimRequest:
        """Return a request as the RFC has it; a refusal is raised."""
        query = asked(self._quirks, request.query)
        if "filter" in query:
            query["filter"] = _or_raise(filter_of(self._quirks, kind, query["filter"]))
        if request.method.upper() not in WRITES:
            return replace(request, query=query)
        body = _json(request.body)
        if body is None:
            return request
        if request.method.upper() == "PATCH":
            body = _or_raise(patch_of(self._quirks, kind, body))
        refused = refused_body(self._quirks, kind, body)
        if kind == USER and refused is None:
            refused = refused_user(self._quirks, body, creating=request.method.upper() == "POST")
        if refused is not None:
            raise refusal(refused)
        left = kept_names(self._quirks, without(body, rules.ignored))
        if body.get("Operations") and not left.get("Operations"):
            return replace(request, method="GET", body=b"")  # taken, and nothing is done
        return replace(request, query=query, body=orjson.dumps(left))

    def _told(
        self, request: ScimRequest, kind: str, opened: TokenScope, response: ScimResponse
    ) -> ScimResponse:
        """Return an answer as the provider gives it."""
        body = response.body
        if body is None or response.status >= HTTPStatus.BAD_REQUEST:
            return response
        if "Resources" in body or "totalResults" in body:
            body = self._listed(request, kind, body)
        if kind == USER and not any("attributes" in name.lower() for name in request.query):
            for user in body.get("Resources") or [body]:
                if isinstance(user, dict) and (groups := opened.groups_of(str(user.get("id")))):
                    user["groups"] = groups
        response.body = body
        return response

    def _shown(self, request: ScimRequest, kind: str, response: ScimResponse) -> ScimResponse:
        """Return an answer with what the provider shows of pages and of members."""
        body = response.body
        if body is None or response.status >= HTTPStatus.BAD_REQUEST:
            return response
        resources = body.get("Resources")
        if resources is None and "totalResults" not in body:
            response.body = shown(self._quirks, kind, body, in_list=False)
            return response
        kept = [shown(self._quirks, kind, one, in_list=True) for one in resources or []]
        response.body = listed(
            self._quirks, kind, request.query, body | ({"Resources": kept} if kept else {})
        )
        return response

    def _listed(self, request: ScimRequest, kind: str, body: JsonObject) -> JsonObject:
        text = request.query.get("filter", "")
        if kind == GROUP and text and self._quirks.exact_group_names:
            wanted = orjson.loads(text.split(" eq ", 1)[1])
            found = [one for one in body.get("Resources") or [] if one.get("displayName") == wanted]
            body = body | {"Resources": found, "totalResults": len(found)}
        if self._quirks.page_size is None:
            return body
        start, count = _number(request.query, "startIndex", 1), _number(request.query, "count", 0)
        cap = self._quirks if text and kind == USER else replace(self._quirks, filter_cap=None)
        return capped(cap, body, max(1, start), count or self._quirks.page_size)

    def _make_owner(self) -> None:
        """See to it that there is an owner, where the provider has one."""
        name = self._quirks.owner
        if not name:
            return
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "displayName": name,
            "name": {"givenName": "Olive", "familyName": "Owner"},
            "emails": [{"value": name, "type": "work", "primary": True}],
            "active": True,
        }
        headers = {"Authorization": f"Bearer {self._tokens[ADMIN]}"}
        self.answer(ScimRequest("POST", "http://127.0.0.1", "/Users", {}, headers, orjson.dumps(body)))


def token_of(request: ScimRequest) -> str:
    """Return the bearer token of a request."""
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def same_token(given: str, own: str) -> bool:
    """Compare in a time that tells nothing of the token."""
    return hmac.compare_digest(given.encode(errors="replace"), own.encode())


def _or_raise(value: Value | ErrorAnswer) -> Value:
    if isinstance(value, ErrorAnswer):
        raise refusal(value)
    return value


def _json(body: bytes) -> dict[str, Any] | None:
    """Parse a body; one that is no JSON object is left to scim2-server to refuse."""
    try:
        value = orjson.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    try:
        return int(query.get(name, otherwise))
    except ValueError:
        return otherwise


def provider_of(quirks: Quirks) -> ScimProvider:
    """Describe a provider: its configuration, schemas and types."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [_BEARER]
    if config.bulk and config.sort and config.filter and config.change_password:
        config.bulk.supported = quirks.bulk
        config.sort.supported = quirks.sort
        config.filter.supported = quirks.filters
        config.change_password.supported = quirks.bulk
        config.filter.max_results = quirks.page_size or config.filter.max_results
    plain = _described(tuple(orjson.dumps(extension.schema) for extension in quirks.extensions))
    return ScimProvider(plain.models, resource_types=plain.resource_types, config=config)


@cache  # to make a model of each schema takes most of the start of a sandbox
def _described(schemas: tuple[bytes, ...]) -> ScimProvider:
    """Describe the types of a provider, users with the extensions of these schemas."""
    types = load_default_resource_types()
    extensions = [Schema.model_validate_json(schema) for schema in schemas]
    if extensions:
        said = types[USER].model_dump()
        said["schemaExtensions"] += [{"schema": str(one.id), "required": False} for one in extensions]
        types[USER] = ResourceType.model_validate(said)
    return ScimProvider.from_discovery([*load_default_schemas().values(), *extensions], types.values())


class QuirkyService(ScimService):
    """The steps of the protocol, two of them as the provider takes them."""

    def __init__(self, provider: ScimProvider, quirks: Quirks) -> None:
        super().__init__(provider, secret=secrets.token_hex())
        self._quirks = quirks

    def resource_location(self, base_url: str, resource_type: ResourceType, resource_id: str) -> str:
        """Return the location that a resource says it has."""
        endpoint = self.endpoint_of(resource_type)
        return self._quirks.location.format(base=base_url.rstrip("/"), endpoint=endpoint, id=resource_id)

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """Answer a PATCH with the resource, where the provider does."""
        if not self._quirks.patch_answers:
            return super().patch_response(base_url, resource, response_parameters)
        published = self.publish(base_url, resource)
        return self.resource_response(published, Context.RESOURCE_REPLACEMENT_RESPONSE, response_parameters)
