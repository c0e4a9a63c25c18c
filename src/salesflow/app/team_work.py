"""The people of an opportunity: owner, team, contacts, competitors (OPP-11, CUS-3, CUS-4)."""

from __future__ import annotations

from salesflow.app import intents
from salesflow.app.history import Readable
from salesflow.model import Access, ContactRole, Opportunity, TeamMember, TeamRole
from salesflow.model.requests import named


class TeamWork(Readable[Opportunity]):
    """Changes of who is involved."""

    def change_owner(
        self, opportunity: Opportunity | str, to: str, *, old_owner_role: str | None = None,
        hand_over_tasks: bool = True,
    ) -> Opportunity:  # fmt: skip
        """
        Transfer it to another employee. Stage, progress, shares and history are untouched.

        Args:
            old_owner_role: The role in which the old owner stays in the team; None means they leave it.
            hand_over_tasks: Whether the old owner's open tasks go to the new one.

        Raises:
            Refused: `already_owner`, `person_unknown`, `owner_role`.

        Source: OPP-11.
        """
        return self._change("change_owner", opportunity, intents.change_owner, to, old_owner_role, hand_over_tasks)

    def add_member(
        self,
        opportunity: Opportunity | str,
        person: str,
        *,
        role: str = TeamRole.SALES,
        access: Access = Access.READ,
    ) -> Opportunity:
        """
        Add somebody to the team (相关团队) in a role.

        Raises:
            Refused: `member_exists`, `owner_role`, `person_unknown`.

        Source: OPP-11, TEAM-1, TEAM-2.
        """
        return self._change("add_member", opportunity, intents.add_member, TeamMember(person, role, access))

    def change_member(self, opportunity: Opportunity | str, person: str, *, role: str, access: Access) -> Opportunity:
        """
        Give a member another access level in a role.

        Raises:
            Refused: `member_unknown`, `owner_role`.

        Source: OPP-11.
        """
        return self._change("change_member", opportunity, intents.change_member, TeamMember(person, role, access))

    def remove_member(self, opportunity: Opportunity | str, person: str, *, role: str) -> Opportunity:
        """
        Take somebody out of a role.

        Raises:
            Refused: `member_unknown`, `owner_role`.

        Source: OPP-11.
        """
        return self._change("remove_member", opportunity, intents.remove_member, TeamMember(person, role))

    def set_contact_role(
        self, opportunity: Opportunity | str, contact: str, *, role: str, is_primary: bool = False,
        related_to: str | None = None,
    ) -> Opportunity:  # fmt: skip
        """
        Say what a contact does in this deal; a new primary contact takes the place of the old one.

        Args:
            role: ``decision_maker influencer economic_buyer evaluator user`` or any other word.
            related_to: The id of another contact, such as the one that they report to; or None.

        Raises:
            Refused: `contact_unknown`, `contact_elsewhere`.

        Source: CUS-3.
        """
        wanted = ContactRole(named(contact, "contact"), role, is_primary, related_to)
        return self._change("set_contact_role", opportunity, intents.set_contact_role, wanted)

    def add_competitor(self, opportunity: Opportunity | str, competitor: str) -> Opportunity:
        """
        Attach a competitor, by id or name.

        Raises:
            Refused: `competitor_present`.

        Source: CUS-4.
        """
        return self._change("add_competitor", opportunity, intents.add_competitor, competitor)

    def remove_competitor(self, opportunity: Opportunity | str, competitor: str) -> Opportunity:
        """
        Detach a competitor.

        Raises:
            Refused: `competitor_missing`.

        Source: CUS-4.
        """
        return self._change("remove_competitor", opportunity, intents.remove_competitor, competitor)
