"""Simulated tenants that show values in other forms than the schema's; each form is one that servers in the field use."""

import json
from dataclasses import replace

from bulkscim.model.operation import ENTERPRISE
from tests.support.simulation.tenant import SimulatedTenant

REFERENCES = ("members", "groups")


def manager_text(one):
    """Show a manager as a bare id."""
    manager = (one.get(ENTERPRISE) or {}).get("manager")
    return one | {ENTERPRISE: one[ENTERPRISE] | {"manager": manager["value"]}} if manager else one


def manager_list(one):
    """Show a manager as a list of one."""
    manager = (one.get(ENTERPRISE) or {}).get("manager")
    return one | {ENTERPRISE: one[ENTERPRISE] | {"manager": [manager]}} if manager else one


def one_for_a_list(one):
    """Show a list of one element as that element."""
    return {name: value[0] if _is_list(value) and len(value) == 1 else value for name, value in one.items()}


def texts_for_objects(one):
    """Show the values of lists alone."""
    return {
        name: [each["value"] for each in value] if _is_list(value) else value for name, value in one.items()
    }


def list_for_one(one):
    """Show single values as lists of one."""
    singles = {name: [one[name]] for name in ("title", "nickName", "name", "displayName") if one.get(name)}
    return one | singles


def booleans_as_text(one):
    """Show booleans as servers of one vendor do."""
    shown = {
        name: [each | {"primary": "True"} if each.get("primary") else each for each in value]
        if _is_list(value)
        else value
        for name, value in one.items()
    }
    return shown | ({"active": str(one["active"])} if "active" in one else {})


def booleans_as_numbers(one):
    """Show booleans as 1 and 0."""
    return one | ({"active": int(one["active"])} if isinstance(one.get("active"), bool) else {})


def other_capitals(one):
    """Show every name in small letters, except that of the extension."""
    return {
        name if name.startswith("urn:") else name.lower(): _lowered(value)
        if name not in {"meta", "schemas"}
        else value
        for name, value in one.items()
    }


FORMS = (
    manager_text,
    manager_list,
    one_for_a_list,
    texts_for_objects,
    list_for_one,
    booleans_as_text,
    booleans_as_numbers,
    other_capitals,
)


def turned(resource, names):
    """Return a resource as it is shown in the forms of these names."""
    for form in FORMS if names else ():
        if form.__name__ in names:
            resource = form(resource)
    return resource


class OtherForms(SimulatedTenant):
    """Shows each resource as `forms` turn it, in this order; what it holds is in the schema's form."""

    forms = ()

    def _answer(self, status, body, headers=()):
        reply = super()._answer(status, body, headers)
        if not isinstance(body, dict) or not status < 300:
            return reply
        shown = (
            body | {"Resources": list(map(self.turned, body["Resources"]))}
            if "Resources" in body
            else self.turned(body)
        )
        return replace(reply, body=json.dumps(shown).encode())

    def turned(self, resource):
        """Return a resource as it is shown."""
        for form in self.forms:
            resource = form(resource)
        return resource


def showing(*forms):
    """Return a kind of tenant that shows resources in these forms."""
    return type("Showing", (OtherForms,), {"forms": forms})


def _is_list(value):
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _lowered(value):
    if isinstance(value, dict):
        return {name.lower(): _lowered(part) for name, part in value.items()}
    return [_lowered(part) for part in value] if isinstance(value, list) else value
