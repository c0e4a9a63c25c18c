"""Who works here, who sees a record and who may act on it, in the plainest words of domain.md §1, §7 and §8."""

from __future__ import annotations

from typing import Any

Plain = dict[str, Any]


class People:
    """
    The organisation and the sharing rules, searched anew for every question.

    Args:
        employees: By id: manager, department, departments, groups, active.
        departments: By id: head, parent.
        groups: By id: the members beside those whose employee names the group.
        administrators: Ids.
        switches: depth_subordinates, depth_superiors (``"all"`` or ``"direct"``), include_subdepartments.
    """

    def __init__(
        self, employees: dict[str, Plain], departments: dict[str, Plain], groups: dict[str, set[str]],
        administrators: set[str], switches: Plain,
    ) -> None:  # fmt: skip
        self.employees, self.departments, self.groups = employees, departments, groups
        self.administrators, self.switches = administrators, switches
        self.sharing: dict[str, Plain] = {}
        self.records: dict[tuple[str, str], Plain] = {}

    def is_employee(self, person: str) -> bool:
        """Whether *person* works here and has not left."""
        return person in self.employees and self.employees[person]["active"]

    def is_administrator(self, person: str) -> bool:
        """ORG-5: an administrator need not be an employee; whoever left is none any more."""
        return person in self.administrators and (person not in self.employees or self.is_employee(person))

    def knows(self, person: str) -> bool:
        """Whether *person* may do anything at all."""
        return self.is_employee(person) or self.is_administrator(person)

    def above(self, person: str, depth: str = "all") -> list[str]:
        """ORG-2: everybody above, nearest first; who left is a link of the chain."""
        chain: list[str] = []
        manager = self.employees.get(person, {}).get("manager")
        while manager in self.employees:
            chain.append(manager)
            manager = self.employees[manager]["manager"]
        return chain if depth == "all" else chain[:1]

    def superiors(self, person: str) -> list[str]:
        """Who may act for *person*, nearest first."""
        return [p for p in self.above(person, self.switches["depth_superiors"]) if self.is_employee(p)]

    def answers_to(self, person: str, viewer: str) -> bool:
        """Whether *viewer* is a superior of *person*."""
        return viewer in self.above(person, self.switches["depth_superiors"])

    def is_below(self, person: str, viewer: str) -> bool:
        """Whether *person* is one of the subordinates that scenes count."""
        return viewer in self.above(person, self.switches["depth_subordinates"])

    def _chain(self, department: str | None) -> list[str]:
        """The department, and all above it."""
        chain: list[str] = []
        while department is not None:
            chain.append(department)
            department = self.departments.get(department, {}).get("parent")
        return chain

    def _belongs(self, person: str, department: str, deep: bool) -> bool:
        who = self.employees.get(person)
        places = [who["department"], *who["departments"]] if who else []
        return any(department in (self._chain(place) if deep else [place]) for place in places)

    def shares(self, viewer: str, owner: str | None, level: str = "read") -> bool:
        """VIS-11: a sharing rule shares the records of *owner* with *viewer*."""
        if owner is None:
            return False
        for rule in self.sharing.values():
            if level == "read_write" and rule["access"] == "read":
                continue
            from_here = (
                rule["from_person"] == owner
                if rule["from_person"] is not None
                else self._belongs(owner, rule["from_department"], rule["from_subdepartments"])
            )
            if rule["to_person"] is not None:
                to_them = rule["to_person"] == viewer
            elif rule["to_department"] is not None:
                to_them = self._belongs(viewer, rule["to_department"], rule["to_subdepartments"])
            else:
                named = self.employees.get(viewer, {}).get("groups", ())
                to_them = rule["to_group"] in named or viewer in self.groups.get(rule["to_group"], ())
            if from_here and to_them:
                return True
        return False

    def _is_in_headed_department(self, person: str, viewer: str) -> bool:
        """VIS-12: *viewer* heads their own main department, and the main department of *person* is in it."""
        own = self.employees.get(viewer, {}).get("department")
        if own is None or self.departments.get(own, {}).get("head") != viewer:
            return False
        place = self.employees.get(person, {}).get("department")
        return own in (self._chain(place) if self.switches["include_subdepartments"] else [place])

    def scene(self, name: str, viewer: str, record: Plain) -> bool:
        """VIS-1 … VIS-12, by itself: without `all` and without voided ones left out."""
        owner = record["owner"]
        team = record.get("team", {})
        staff = {member for member, _ in team} or ({owner} - {None})
        own = owner is not None and (owner == viewer or self.is_below(owner, viewer))
        if name == "all":
            return (
                own
                or any(p == viewer or self.is_below(p, viewer) for p, _ in team)
                or self.shares(viewer, owner)
                or self.scene("departments", viewer, record)
                or self.may_claim(viewer, record)
                or self._reads_through(viewer, record)
            )
        return {
            "mine": lambda: owner is not None and owner == viewer,
            "joint": lambda: (viewer, "joint") in team,
            "serviced": lambda: (viewer, "after_sales") in team,
            "participating": lambda: any(p == viewer for p, _ in team),
            "won": lambda: own and record["status"] == "won",
            "lost": lambda: own and record["status"] == "lost",
            "subordinates": lambda: owner is not None and self.is_below(owner, viewer),
            "subordinates_joint": lambda: any(r == "joint" and self.is_below(p, viewer) for p, r in team),
            "subordinates_serviced": lambda: any(r == "after_sales" and self.is_below(p, viewer) for p, r in team),
            "shared": lambda: self.shares(viewer, owner),
            "departments": lambda: any(self._is_in_headed_department(p, viewer) for p in staff),
        }[name]()

    def may_claim(self, viewer: str, record: Plain) -> bool:
        """VIS-18: a lead without owner lies in the common pool, from which all who work here may claim."""
        return record["kind"] == "lead" and record["owner"] is None and self.is_employee(viewer)

    def bearer_key(self, paper: Plain) -> tuple[str, str]:
        """OPP-13: what a document belongs to: its deal, else its lead, else its customer."""
        kinds = ("opportunity", "lead", "customer")
        return next((kind, paper[kind]) for kind in kinds if paper[kind] is not None)

    def bearer(self, record: Plain) -> Plain:
        """Whose owner and status count for a record: its own, or those of what a document belongs to."""
        return self.records[self.bearer_key(record)] if record["kind"] == "document" else record

    def sees_whole(self, viewer: str, record: Plain) -> bool:
        """VIS-18: of a lead in the common pool, which nobody dispatches, only administrators see more than the card."""
        return not self.may_claim(viewer, record) or self.is_administrator(viewer)

    def _reads_through(self, viewer: str, party: Plain) -> bool:
        """VIS-21: a customer or a contact is read through a visible deal or lead that names it."""
        return any(
            names(record, party) and not record["voided"] and self.scene("all", viewer, record)
            for record in self.records.values()
        )

    def sees(self, viewer: str, record: Plain) -> bool:
        """VIS-1, VIS-13: `all` holds and it is not voided; administrators see every record by its id."""
        if not self.knows(viewer):
            return False
        if record["kind"] == "document":
            whole = self.bearer(record)
            return self.sees(viewer, whole) and self.sees_whole(viewer, whole)
        return self.is_administrator(viewer) or (not record["voided"] and self.scene("all", viewer, record))

    def lists(self, viewer: str, scene: str, record: Plain) -> bool:
        """Whether the record is in the viewer's list of *scene*."""
        if record["kind"] == "document":
            whole = self.bearer(record)
            return self.lists(viewer, scene, whole) and self.sees_whole(viewer, whole)
        if scene == "voided":
            return self.is_administrator(viewer) and record["voided"]
        if record["voided"] or not self.knows(viewer):
            return False
        if self.is_administrator(viewer):
            return scene == "all" or self.scene(scene, viewer, record)
        return self.scene("all", viewer, record) and self.scene(scene, viewer, record)


def names(record: Plain, party: Plain) -> bool:
    """Whether a deal, or what a lead became, is about this customer or contact."""
    if party["kind"] not in ("customer", "contact"):
        return False
    if record["kind"] == "opportunity":
        roles = record["contact_roles"] if party["kind"] == "contact" else ()
        return record[party["kind"]] == party["id"] or party["id"] in roles
    made = record.get("conversion")
    return made is not None and made[0 if party["kind"] == "customer" else 1] == party["id"]
