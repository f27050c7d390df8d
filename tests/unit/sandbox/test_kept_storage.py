"""The sandbox's storage, judged by scim2-server's own contract, and what it adds to it."""

from functools import cache

import pytest
from scim2_models import ScimProvider, SearchRequest
from scim2_server.memory import InMemoryStorage
from scim2_server.testing import ScimStorageContract
from scim2_server.utils import load_default_provider

from bulkscim.providers.quirks import Quirks
from bulkscim.sandbox.store import Database, KeptStorage


@pytest.fixture
def path(tmp_path):
    """Where the database is."""
    return tmp_path / "tenant.sqlite"


loaded_once = cache(load_default_provider)


class TestStorage(ScimStorageContract):
    """scim2-server's contract of a storage."""

    @pytest.fixture
    def provider(self):
        """Schemas and resource types, loaded once: that takes longer than a test."""
        return loaded_once()

    @pytest.fixture
    def storage(self, path, provider):
        """A storage, new and empty."""
        database = Database(path)
        yield KeptStorage(database, "people", provider, Quirks())
        database.close()


def opened(path, provider: ScimProvider, quirks: Quirks | None = None):
    database = Database(path)
    return database, KeptStorage(database, "people", provider, quirks or Quirks())


def user_type(provider: ScimProvider):
    return next(kind for kind in provider.resource_types if kind.name == "User")


def test_resources_outlive_the_process_without_their_passwords(path):
    """What was stored is there again, in the same form; a password never reaches the disk."""
    provider = load_default_provider()
    kind = user_type(provider)
    database, storage = opened(path, provider)
    model = provider.model_for(kind)
    made = storage.create(kind, model(user_name="ada", password="correct horse", title="Lead"))
    database.close()

    database, again = opened(path, provider)

    assert again.get(kind, made.id).title == "Lead"
    assert again.get(kind, made.id).meta == made.meta
    assert again.get(kind, made.id).password is None
    database.close()
    assert not any(b"correct horse" in file.read_bytes() for file in path.parent.iterdir())


def test_the_file_is_private(path):
    """Other accounts cannot read it."""
    Database(path).close()

    assert path.stat().st_mode & 0o077 == 0


def test_ids_of_a_provider_are_never_given_twice(path):
    """A number is not used again after a deletion, a clearing or a restart."""
    provider = load_default_provider()
    kind = user_type(provider)
    model = provider.model_for(kind)
    quirks = Quirks(ids={"User": "lucid-{}"})
    seen = []
    for _ in range(3):
        database, storage = opened(path, provider, quirks)
        made = storage.create(kind, model(user_name="ada"))
        seen.append(made.id)
        storage.delete(kind, made.id)
        database.clear()
        database.close()

    assert seen == ["lucid-1001", "lucid-1002", "lucid-1003"]


def test_a_listing_is_in_one_order_whatever_came_and_went_between_its_pages(path):
    """Pages are those of scim2-server, from the first listing on."""
    provider = load_default_provider()
    kind = user_type(provider)
    model = provider.model_for(kind)
    database, storage = opened(path, provider)
    made = [storage.create(kind, model(user_name=f"user{number}")) for number in range(9)]
    storage.search([kind], SearchRequest(start_index=1, count=2))
    storage.delete(kind, made[4].id)
    made[4] = storage.create(kind, model(user_name="late"))
    asked = SearchRequest(start_index=3, count=4)

    listed = storage.search([kind], asked)
    plain = InMemoryStorage.search(storage, [kind], asked)

    assert (listed.total, listed.resources) == (plain.total, plain.resources)
    assert storage.search([kind], SearchRequest()).resources == sorted(
        (storage.get(kind, one.id) for one in made), key=lambda one: one.id
    )
    database.close()


def test_a_filter_with_several_names_finds_each_resource_once(path):
    """What its sides find by themselves, whichever of them an index answers."""
    provider = loaded_once()
    kind = user_type(provider)
    model = provider.model_for(kind)
    database, storage = opened(path, provider)
    for name in ("ada", "bob", "cy"):
        storage.create(kind, model(user_name=name, title="Lead" if name == "cy" else None))

    text = 'userName eq "ADA" or userName eq "ada" or userName eq "dee" or title sw "L"'
    found = storage.search([kind], SearchRequest[model](filter=text))

    assert sorted(one.user_name for one in found.resources) == ["ada", "cy"]
    assert found.total == 2
    database.close()
