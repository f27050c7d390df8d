"""Make the profile of a tenant from that by which it was probed, and from what was seen (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from bulkscim.model.typed import command
from bulkscim.providers.encoding import encoded
from bulkscim.providers.probing.traits import Finding
from bulkscim.providers.profile import Basis, Fact, Profile
from bulkscim.providers.provider import Provider

SOURCE = command("probe")


def text_of(provider: Provider, found: Sequence[Finding], day: str) -> str:
    """Return the file of a profile with what was seen; its first line says how it was made."""
    probed = Provider(with_seen(provider.profile, found, day), provider.quirks)
    return f"# Written by `{SOURCE}` on {day}, from the profile {provider.profile.name}.\n{encoded(probed)}"


def with_seen(profile: Profile, found: Sequence[Finding], day: str) -> Profile:
    """Return a profile with what was seen: each as a fact of its own, which the keys that it sets rest on."""
    facts = []
    for one in found:
        if one.seen.value is None:
            continue
        value = one.trait.value(profile, one.seen.value)
        facts.append(_fact(one, day, () if value is None else (one.trait.key,)))
        if value is not None:
            profile = replace(profile, **{one.trait.key: value})
    keys, topics = {key for fact in facts for key in fact.of}, {fact.topic for fact in facts}
    kept = tuple(
        replace(fact, of=tuple(key for key in fact.of if key not in keys))
        for fact in profile.facts
        if not (fact.basis is Basis.SEEN and fact.topic in topics)
    )
    return replace(profile, facts=(*facts, *kept))


def _fact(one: Finding, day: str, of: tuple[str, ...]) -> Fact:
    value = one.seen.value
    shown = one.seen.text or (str(value) if not isinstance(value, bool) else "yes" if value else "no")
    return Fact(one.topic, f"{shown}: {one.seen.how}", Basis.SEEN, f"{SOURCE}, {day}", of)
