"""`/console/journey` and `/console/customers/{id}`: finding a customer, and the way they came over all channels."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Form, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from app.interfaces.console.journey_view import days_of, friction_of, lanes_of
from app.interfaces.console.pages import NavigationEntry, page, page_router
from app.interfaces.console.sessions import AdminVisitor, HandoffVisitor
from app.interfaces.rendering.policy import page_headers
from app.models import Channel, Kind, Scope
from app.services import JourneyQuery

router = page_router()
SECTION = NavigationEntry("/console/journey", "Journey", Scope.HANDOFF)

MOST_HITS = 20
CUSTOMERS = "/console/customers"

_Day = Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2199, 12, 31))]
_Name = Annotated[str, Field(max_length=128)]
_Words = Annotated[str, Field(max_length=500)]
_OrNothing = BeforeValidator(lambda value: None if value == "" else value)


class JourneyAddress(BaseModel):
    """What stands in the address of a journey: the filters, the place in it, and what is searched for.

    A form sends its empty fields too; they mean nothing. `from` and `to` are days, both counted in.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    channel: Annotated[Channel | None, _OrNothing] = None
    kind: Annotated[Kind | None, _OrNothing] = None
    since: Annotated[_Day | None, _OrNothing, Field(alias="from")] = None
    until: Annotated[_Day | None, _OrNothing, Field(alias="to")] = None
    friction: Annotated[bool, BeforeValidator(lambda value: value or False)] = False
    before: Annotated[_Name | None, _OrNothing] = None
    after: Annotated[_Name | None, _OrNothing] = None
    at: Annotated[_Name | None, _OrNothing] = None
    q: Annotated[_Words | None, _OrNothing] = None
    undone: Annotated[_Name | None, _OrNothing] = None

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.channel or self.kind or self.since or self.until or self.friction)

    def query(self) -> JourneyQuery:
        """The same as the App is asked. Raises InvalidRequest where two places are named."""
        return JourneyQuery(
            channel=self.channel,
            kind=self.kind,
            since=datetime.combine(self.since, time(), UTC) if self.since else None,
            until=datetime.combine(self.until, time(), UTC) + timedelta(days=1) if self.until else None,
            friction=self.friction,
            before=self.before,
            after=None if self.before else self.after,
            at=None if self.before or self.after else self.at,
        )

    def with_(self, **changes: object) -> str:
        """The address of the same journey with other words in it; a place in it does not outlive a filter."""
        current = self.model_dump(mode="json", by_alias=True, exclude={"before", "after", "at", "undone"})
        parameters = {name: value for name, value in (current | changes).items() if value not in (None, False, "")}
        return "?" + urlencode({name: "yes" if value is True else value for name, value in parameters.items()})


@router.get(SECTION.path)
async def find(request: Request, visitor: HandoffVisitor, q: Annotated[str, Query(max_length=512)] = "") -> Response:
    """Look for a customer. Looking makes nobody."""
    found_customers = await visitor.application.journeys.find_customers(visitor.tenant, q)
    if len(found_customers) == 1 and found_customers[0].why != "mention":
        return RedirectResponse(
            address_of(found_customers[0].customer.customer_id, found_customers[0].interaction_id), status_code=303
        )
    return page(request, "console/journey.html", q=q.strip(), found=found_customers, address_of=address_of)


@router.get(CUSTOMERS + "/{customer_id}")
async def show(
    customer_id: str, request: Request, visitor: HandoffVisitor, address: Annotated[JourneyAddress, Query()]
) -> Response:
    """One customer's journey. An id that was merged away leads to the customer who survived."""
    journey_page = await visitor.application.journeys.journey(visitor.tenant, customer_id, address.query())
    survivor = journey_page.customer.customer_id
    if survivor != customer_id:
        return RedirectResponse(f"{CUSTOMERS}/{quote(survivor)}{address.with_()}", status_code=303)
    hits = None
    if address.q:
        hits = await visitor.application.interactions.search(visitor.tenant, customer_id, address.q, limit=MOST_HITS)
    facts: dict[str, Any] = {
        "told": journey_page,
        "address": address,
        "days": days_of(journey_page),
        "lanes": lanes_of(journey_page),
        "friction": friction_of(journey_page),
        "hits": hits,
        "channels": list(Channel),
        "kinds": list(Kind),
        "may_undo": Scope.ADMIN in visitor.scopes,
        "undone": next(
            (joining for joining in journey_page.joinings if joining.merge.merge_id == address.undone), None
        ),
        "address_of": address_of,
    }
    return page(request, "console/customer.html", **facts)


@router.post(CUSTOMERS + "/{customer_id}/unmerge")
async def unmerge(
    customer_id: str, visitor: AdminVisitor, merge_id: Annotated[str, Form(min_length=1, max_length=128)]
) -> Response:
    """Undo one joining, and show the customers apart."""
    undone = await visitor.application.customers.unmerge(visitor.tenant, customer_id, merge_id)
    way = f"{CUSTOMERS}/{quote(undone.survivor)}?{urlencode({'undone': undone.merge_id})}"
    return RedirectResponse(way, status_code=303, headers=page_headers())


def address_of(customer_id: str, interaction_id: str | None = None) -> str:
    """Where a customer's journey is told, at one interaction of it where one is named."""
    suffix = f"?at={quote(interaction_id)}#{quote(interaction_id)}" if interaction_id else ""
    return f"{CUSTOMERS}/{quote(customer_id)}{suffix}"
