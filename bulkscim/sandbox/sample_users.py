"""Plausible users, the same for the same seed: names, departments, managers, teams."""

import random
import unicodedata
from collections.abc import Iterator

from bulkscim.model.operation import ENTERPRISE, JsonObject
from bulkscim.scim.schemas import CORE

GIVEN = (
    "Ada Amélie Ahmed Aiko Anna Bruno Carla Chloé Daniel Dilara Elena Emre Fatima Finn Grace Hugo Ines Ivan Jana "
    "João Jürgen Kofi Lars Leïla Linh Lucía Maja Marek Mateo Mei Milan Nadia Noah Olga Omar Paula Priya Quentin "
    "Rosa Sami Sofia Søren Tariq Teresa Uma Viktor Wanda Xavier Yusuf Zoë"
)
FAMILY = (
    "Abebe Adler Almeida Andersson Bakker Becker Bianchi Castillo Chen Cohen Dubois Eriksen Farkas Fischer García "
    "Haddad Hansen Hoffmann Ivanova Jansen Kaya Keller Kim Kowalski Kumar Larsen Lefèvre López Martín Mensah "
    "Müller Nakamura Nguyen Novák Okafor Oliveira Park Petrov Quintero Rossi Sánchez Schmidt Silva Singh Tanaka "
    "Tremblay Ünal Varga Weber Zhang"
)
DEPARTMENTS = ("Engineering", "Sales", "Support", "Finance", "People", "Marketing", "Legal", "Operations")
TITLES = ("Analyst", "Associate", "Engineer", "Lead", "Manager", "Specialist")
REPORTS = 12
INACTIVE_EVERY = 40


def people(count: int, seed: int) -> Iterator[JsonObject]:
    """Return sample users; `manager_row` is the number of an earlier one, the manager."""
    chance = random.Random(seed)  # noqa: S311 - it makes names, not keys
    given_names, family_names = GIVEN.split(), FAMILY.split()
    for number in range(count):
        given, family = chance.choice(given_names), chance.choice(family_names)
        address = f"{_plain(given)}.{_plain(family)}.{number + 1}@example.com"
        person: JsonObject = {
            "schemas": [CORE["User"], ENTERPRISE],
            "userName": address,
            "displayName": f"{given} {family}",
            "name": {"givenName": given, "familyName": family, "formatted": f"{given} {family}"},
            "emails": [{"value": address, "type": "work", "primary": True}],
            "title": chance.choice(TITLES),
            "externalId": f"E{seed:02d}{number + 1:06d}",
            "active": number % INACTIVE_EVERY != INACTIVE_EVERY - 1,
            ENTERPRISE: {"department": DEPARTMENTS[number % len(DEPARTMENTS)]},
        }
        if number:
            person["manager_row"] = (number - 1) // REPORTS
        yield person


def _plain(name: str) -> str:
    """Return a name without what an address does not hold."""
    apart = unicodedata.normalize("NFKD", name.lower().replace("ø", "o"))
    return apart.encode("ascii", "ignore").decode()
