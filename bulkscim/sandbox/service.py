"""scim2-server's service, described and answering as a provider does."""

import secrets
from typing import Any

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
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from bulkscim.model.operation import USER
from bulkscim.providers.quirks import Quirks

_BEARER = AuthenticationScheme(
    type=AuthenticationScheme.Type.oauthbearertoken,
    name="bearer_token",
    description="HTTP Bearer Token",
    spec_uri=Reference[External]("https://datatracker.ietf.org/doc/html/rfc6750"),
)


def provider_of(quirks: Quirks) -> ScimProvider:
    """Describe a provider: its configuration, schemas and types."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [_BEARER]
    if config.bulk and config.sort and config.filter and config.change_password:
        config.bulk.supported = quirks.bulk
        config.sort.supported = quirks.sort
        config.change_password.supported = quirks.bulk
        config.filter.max_results = quirks.page_size or config.filter.max_results
    types = load_default_resource_types()
    extensions = [Schema.model_validate(extension) for extension in quirks.extensions]
    if extensions:
        said = types[USER].model_dump()
        said["schemaExtensions"] += [{"schema": str(one.id), "required": False} for one in extensions]
        types[USER] = ResourceType.model_validate(said)
    return ScimProvider.from_discovery(
        [*load_default_schemas().values(), *extensions], types.values(), config=config
    )


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
