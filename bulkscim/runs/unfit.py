"""Jobs that a provider cannot carry out at all, and what its users should know before others."""

from bulkscim.jobfile.validate import Checked
from bulkscim.model.operation import GROUP, USER, VERBS
from bulkscim.providers.profile import Profile


def unfit(checked: Checked, profile: Profile) -> list[str]:
    """Return why a tenant without PATCH, or without groups, cannot carry a job out."""
    return [*_unpatchable(checked, profile), *_groupless(checked, profile)]


def _unpatchable(checked: Checked, profile: Profile) -> list[str]:
    verbs = dict.fromkeys(verb for verb, _ in checked.verbs if VERBS[verb].method == "PATCH")
    rows = checked.count(*verbs)
    if profile.patch or not rows:
        return []
    told = (
        f"{rows:,} row{'s' * (rows != 1)} ({', '.join(verbs)}) need PATCH, and this tenant's ServiceProviderConfig says "
        "that it does not support PATCH. To change users, replace them whole by PUT: operation replace, with all "
        "attributes; an export has them"
    )
    return [told]


def _groupless(checked: Checked, profile: Profile) -> list[str]:
    rows = sum(count for (_, kind), count in checked.verbs.items() if kind == GROUP)
    if profile.groups or not rows:
        return []
    return [f"{rows:,} row{'s' * (rows != 1)} of groups: {profile.title} has no groups; omit these rows"]


def cautions(checked: Checked, profile: Profile) -> list[str]:
    """Return what the provider's users should know before such a job, each once."""
    said = profile.cautions
    return list(dict.fromkeys(said[verb] for verb, kind in checked.verbs if kind == USER and verb in said))
