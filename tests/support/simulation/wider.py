"""What only the seeds from 1,000,000 up draw: more kinds of lines in a job, over more kinds of resources.

Several resources of one name: two groups of one displayName, two users of one externalId and one e-mail. A row that
names them so must fail and change neither. Groups in groups. Names that another integration behind the same base URL
holds: this token does not see them, and cannot take them. Users that are deleted while groups hold them and others
report to them. Creates of users that exist, with a manager and groups.
"""

from bulkscim.model.operation import ENTERPRISE
from tests.support.simulation.job import HELD, Drawing, address
from tests.support.simulation.plan import LINKED

TWINS, SHUT, OUTER = "Twin 0", "Shut 0", "Outer 0"
SHARED = {"externalId": "E-shared", "emails": [{"value": "shared@example.com", "type": "work"}]}
MORE = 0.4  # of the draws


class WiderDrawing(Drawing):
    """Draws a job of the wider ground. `elsewhere` has the (collection, name) of what only another integration sees.

    `unique_groups`: the tenant keeps the names of groups unique, those of the other integration among them.
    """

    def __init__(self, random, operations, *, unique_groups):
        self._unseen = [address(f"x{number}") for number in range(3)]
        self.elsewhere = [("Users", name) for name in self._unseen]
        self.elsewhere += [("Groups", SHUT)] if unique_groups else []
        self._unique_groups = unique_groups
        self._twins_made = False
        super().__init__(random, operations)

    def _hold(self):
        super()._hold()
        for number in range(2):
            self._held_user(f"w{number}", address(f"w{number}"), number, **SHARED)
            self._held_group(f"t{number}", TWINS, [f"u{number}"])
        self._held_group("o0", OUTER, ["g2", "u3"])

    def _draws(self):
        if self.random.random() > MORE:
            return super()._draws()
        return (
            self._join_a_twin, self._change_a_twin, self._twin_by_id, self._new_in_twins, self._change_shared,
            self._change_shared, self._nest, self._nest, self._nested_new, self._delete_nested, self._take_unseen,
            self._change_unseen, self._join_unseen, self._delete_tied, self._delete_tied,
        )  # fmt: skip

    def adopt(self, chance):
        """Add rows, anywhere in the job, that create users who are there before: with a manager and groups.

        Drawn by a chance of its own, so that the rest of the job stays as it is.
        """
        self.random = chance
        for _ in range(chance.randrange(1, 7)):
            self.lines.insert(chance.randrange(len(self.lines) + 1), self._linked())

    def inherit(self, chance):
        """Add rows, anywhere in the job, about users who are in a group through another one: so or directly as well."""
        self.random = chance
        for _ in range(chance.randrange(2, 7)):
            name, own = self._held_for("i")
            for group in chance.choice((("g2",), ("g2",), ("g2", "g0"), ("g2", "o0"))):
                self._put_into(group, own)
            named = chance.choice(({"match": {"userName": name}}, {"id": own}))
            line = chance.choice(
                (
                    {"op": "delete", "type": "User"} | named,
                    {"op": "deactivate", "type": "User"} | named,
                    self._membership("remove_member", {"displayName": OUTER}, {"userName": name}),
                    self._membership("add_member", {"displayName": OUTER}, {"id": own}),
                )
            )
            self.lines.insert(chance.randrange(len(self.lines) + 1), line)

    def hide(self, chance, hides, *, deletes):
        """Add rows about users who are deactivated before, or by a row before them.

        `deletes`: the rows may delete such users. A rollback recreates them deactivated, and no read shows what became of
        that where its answer is lost.
        """
        self.random = chance
        for _ in range(chance.randrange(2, 7)):
            was = chance.random() < 0.5
            name, own = self._held_for("h", active=not was)
            by_name, by_id = {"match": {"userName": name}}, {"id": own}
            patch = [{"op": "replace", "path": "title", "value": f"patched {len(self.lines)}"}]
            first = [] if was else [{"op": "deactivate", "type": "User"} | chance.choice((by_name, by_id))]
            then = [
                {"op": "patch", "type": "User", "patch": patch} | chance.choice((by_name, by_id)),
                {"op": "delete", "type": "User"} | chance.choice((by_name, by_id)),
            ][: 1 + deletes]
            if was or "reads" not in hides:  # else it depends on the row before whether it must fail
                first.append(chance.choice(then))
            for line in first:
                self.lines.append(line)

    def _linked(self):
        chance = self.random
        more = {"active": False} if chance.random() < 0.15 else {}
        if chance.random() < 0.3:
            more[ENTERPRISE] = {"manager": {"value": f"u{chance.randrange(HELD)}"}}
        name, own = self._held_for(LINKED, **more)
        if chance.random() < 0.3:
            self._put_into(f"g{chance.randrange(3)}", own)
        data = {"userName": name, "externalId": f"E-{name}", "title": "ignored"}
        if chance.random() < 0.7:
            manager = chance.choice([*self.people, address(f"p{chance.randrange(HELD)}")])
            data["manager"] = {"userName": manager}
        teams = ["Old 0", "Old 1", "Old 2", "Team 0", OUTER, *self.named_groups]
        data["groups"] = chance.sample(teams, chance.choice((0, 1, 1, 2)))
        return {"op": "create", "type": "User", "data": data}

    def _membership(self, verb, group, member):
        line = {"op": verb, "type": "Group", "member": member}
        return line | ({"id": group["id"]} if "id" in group else {"match": group})

    def _join_a_twin(self):
        verb = self.random.choice(("add_member", "remove_member"))
        self.lines.append(self._membership(verb, {"displayName": TWINS}, self._named(self._anybody())))

    def _twin_by_id(self):
        verb, twin = (
            self.random.choice(("add_member", "add_member", "remove_member")),
            self.random.randrange(2),
        )
        self.lines.append(self._membership(verb, {"id": f"t{twin}"}, self._named(self._anybody())))

    def _change_a_twin(self):
        if not self._twins_made:
            self._twins_made = True
            self.lines.append({"op": "create", "type": "Group", "data": {"displayName": TWINS}})

    def _new_in_twins(self):
        """Create a user whom no other row names: its row fails, and what depends on such a row fails by chance."""
        self.used += 1
        name = address(f"t{self.used}")
        groups = self.random.sample([TWINS, "Old 0", "Team 0"], 2)
        data = {"userName": name, "externalId": f"E-{name}", "title": "New", "groups": groups}
        self.lines.append({"op": "create", "type": "User", "data": data})

    def _change_shared(self):
        shared = self.random.choice(({"externalId": "E-shared"}, {"emails.value": "shared@example.com"}))
        patch = [{"op": "replace", "path": "title", "value": f"patched {len(self.lines)}"}]
        one = {"userName": address(f"w{self.random.randrange(2)}")}
        self.lines.append(
            self.random.choice(
                (
                    {"op": "patch", "type": "User", "match": shared, "patch": patch},
                    {"op": "patch", "type": "User", "match": one, "patch": patch},
                    {"op": "deactivate", "type": "User", "match": shared},
                    {"op": "delete", "type": "User", "match": shared},
                    self._membership("add_member", {"displayName": "Old 1"}, shared),
                    self._membership("remove_member", {"id": "t0"}, shared),
                )
            )
        )

    def _nest(self):
        verb = self.random.choice(("add_member", "remove_member"))
        member = self.random.choice(
            ({"displayName": f"Old {self.random.randrange(3)}"}, {"id": "g2", "type": "Group"})
        )
        self.lines.append(self._membership(verb, {"displayName": OUTER}, member))

    def _nested_new(self):
        """Create a group with members of both types."""
        self.used += 1
        members = [
            {"displayName": f"Old {self.random.randrange(3)}"},
            {"userName": address(f"p{self.random.randrange(HELD)}")},
        ]
        data = {
            "displayName": f"Nest {self.used}",
            "members": self.random.sample(members, self.random.randrange(1, 3)),
        }
        self.lines.append({"op": "create", "type": "Group", "data": data})

    def _delete_nested(self):
        """Delete a group that another one holds, and that holds others."""
        self.used += 1
        own, name = f"k{self.used}", f"Kept {self.used}"
        self._held_group(own, name, ["u1", "g1"])
        self._put_into("o0", own)
        match = self.random.choice(({"match": {"displayName": name}}, {"id": own}))
        self.lines.append({"op": "delete", "type": "Group"} | match)

    def _put_into(self, group, member):
        entries = next(one["members"] for _, one in self.held if one["id"] == group)
        entries.append({"value": member})

    def _take_unseen(self):
        if self._unseen:
            name = self._unseen.pop()
            data = {"userName": name, "externalId": f"E-{name}", "title": "New"}
            verb = self.random.choice(("create", "upsert"))
            self.lines.append({"op": verb, "type": "User", "data": data})

    def _change_unseen(self):
        match = {"userName": address(f"x{self.random.randrange(3)}")}
        patch = [{"op": "replace", "path": "title", "value": "patched"}]
        self.lines.append({"op": "patch", "type": "User", "match": match, "patch": patch})

    def _join_unseen(self):
        member = {"userName": address(f"x{self.random.randrange(3)}")}
        lines = [self._membership("add_member", {"displayName": "Old 0"}, member)]
        if self._unique_groups:
            lines.append(self._membership("add_member", {"displayName": SHUT}, self._named(self._anybody())))
        self.lines.append(self.random.choice(lines))

    def _delete_tied(self):
        name, own = self._held_for("q")
        self._put_into(f"g{self.random.randrange(3)}", own)
        self._put_into("o0", own)
        self._held_for("m", **{ENTERPRISE: {"manager": {"value": own}}})
        match = self.random.choice(({"match": {"userName": name}}, {"id": own}))
        self.lines.append({"op": "delete", "type": "User"} | match)
