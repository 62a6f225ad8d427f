"""`/console/continuity`: where continuity breaks, for who leads operations; and the escalations behind each figure."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from starlette.responses import Response

from app.interfaces.console import plots
from app.interfaces.console.figure_words import (
    FEW,
    METRICS,
    NOTHING,
    DisplayedFigure,
    FigureChange,
    change,
    duration,
    metric_of,
    shown,
    tiles,
    time_lost_ms,
)
from app.interfaces.console.filters import AnalyticsFilters, Span, Window
from app.interfaces.console.journey import address_of
from app.interfaces.console.pages import NavigationEntry, download, page, page_router
from app.interfaces.console.sessions import AnalyticsVisitor
from app.interfaces.rendering.environment import words
from app.models import Channel, Scope
from app.models.continuity import (
    Breakpoint,
    Continuity,
    ContinuityFilter,
    ContinuityGroup,
    ContinuityMetrics,
    ContinuityPeriod,
    Escalation,
    EscalationsOnly,
    GroupBy,
)

router = page_router()
SECTION = NavigationEntry("/console/continuity", "Continuity", Scope.ANALYTICS)
ESCALATIONS = f"{SECTION.path}/escalations"
MOST_ROWS = 1000
# In a shorter window each day is a period of its own; in a longer one a day has too few cases to say anything.
MOST_DAYS_BY_DAY = 14


class Grouping(StrEnum):
    """By what the table tells escalations apart."""

    BREAKPOINT = GroupBy.BREAKPOINT.value
    FROM_CHANNEL = GroupBy.FROM_CHANNEL.value
    CHANNEL = GroupBy.CHANNEL.value
    QUEUE = GroupBy.QUEUE.value
    INTENT = GroupBy.INTENT.value
    REASON = GroupBy.REASON.value

    @property
    def in_words(self) -> str:
        """The grouping in words."""
        return "channel of the agent" if self is Grouping.CHANNEL else words(self.value)


# Grouped by channel, a line is about the channel that the agent was met on; as a filter, `channel` is either side.
_FILTER_OF: Mapping[Grouping, str] = {Grouping.CHANNEL: "to_channel"}


class PeriodLength(StrEnum):
    """How long the periods of the plots are."""

    DAY = GroupBy.DAY.value
    WEEK = GroupBy.WEEK.value


class Sort(StrEnum):
    """What the table is sorted by, most first."""

    COST = "cost"
    COUNT = "count"
    REPEAT = "repeat_information_rate"
    GAP = "context_gap_rate"
    PENALTY = "handoff_penalty_ms"
    BRIEF = "time_to_brief_ms"
    OVERRIDE = "override_rate"


class DashboardAsked(AnalyticsFilters):
    """What the dashboard is asked."""

    group_by: Grouping = Grouping.BREAKPOINT
    step: PeriodLength | None = None
    sort: Sort = Sort.COST

    def step_within(self, window: Window) -> PeriodLength:
        """The periods of the plots: those asked for, or what suits the window."""
        return self.step or (
            PeriodLength.DAY if window.days is not None and window.days <= MOST_DAYS_BY_DAY else PeriodLength.WEEK
        )


class EscalationsAsked(AnalyticsFilters):
    """Which escalations are wanted; `after` goes on where a page of them ended."""

    only: EscalationsOnly | None = None
    after: Annotated[str, Query(max_length=256)] | None = None


class TableRow(NamedTuple):
    """A line of the table: what it is about, its figures by name, where the escalations behind it are, and
    what it is sorted by.
    """

    label: str
    escalations: int
    cost: str
    figures: Mapping[str, DisplayedFigure]
    address: str | None
    key: float | None


class HandoffComparison(NamedTuple):
    """A figure with a handoff and without one."""

    with_handoff: DisplayedFigure
    without: DisplayedFigure
    change: FigureChange | None


@router.get(SECTION.path)
async def show(request: Request, visitor: AnalyticsVisitor, asked: Annotated[DashboardAsked, Query()]) -> Response:
    """The dashboard."""
    now = datetime.now(UTC)
    window, analyse, tenant = asked.window(now), visitor.application.analytics.continuity, visitor.tenant
    continuity = await analyse(tenant, asked.filter(now), group_by=GroupBy(asked.group_by))
    if continuity.overall.count == 0:
        anywhere = await analyse(tenant, ContinuityFilter.model_validate({}))
        return page(
            request,
            "console/continuity_empty.html",
            asked=asked,
            window=window,
            escalations=anywhere.overall.count,
            **_choices(),
        )
    step = asked.step_within(window)
    over_time = await analyse(tenant, asked.filter(now), group_by=GroupBy(step))
    before = asked.filter_before(now)
    earlier = await analyse(tenant, before) if before else None
    return page(
        request,
        "console/continuity.html",
        asked=asked,
        window=window,
        step=step,
        found=continuity,
        tiles=tiles(continuity.overall, earlier.overall if earlier else None, continuity.definitions),
        earlier=earlier,
        comparison=_comparison(continuity.overall),
        rows=_rows(continuity, asked),
        periods=over_time.over_time,
        plots=await asyncio.to_thread(_plots, over_time),
        looked_for=plots.styles_looked_for(),
        metrics=METRICS,
        metric_of=metric_of,
        shown=shown,
        period_name=period_name,
        **_choices(),
    )


@router.get(ESCALATIONS)
async def escalations(
    request: Request, visitor: AnalyticsVisitor, asked: Annotated[EscalationsAsked, Query()]
) -> Response:
    """The escalations behind a figure, the newest first."""
    now = datetime.now(UTC)
    escalation_page = await visitor.application.analytics.escalations(
        visitor.tenant, asked.filter(now), only=asked.only, after=asked.after
    )
    return page(
        request,
        "console/escalations.html",
        asked=asked,
        window=asked.window(now),
        found=escalation_page,
        duration=duration,
        **_choices(),
    )


@router.get(f"{SECTION.path}.csv")
async def table(visitor: AnalyticsVisitor, asked: Annotated[DashboardAsked, Query()]) -> Response:
    """The table of the dashboard for a spreadsheet, the same as the API gives."""
    continuity = await visitor.application.analytics.continuity(
        visitor.tenant, asked.filter(datetime.now(UTC)), group_by=GroupBy(asked.group_by)
    )
    if asked.group_by is Grouping.BREAKPOINT:
        return download(Breakpoint, continuity.breakpoints, "continuity")
    return download(ContinuityGroup, continuity.groups, "continuity")


@router.get(f"{ESCALATIONS}.csv")
async def escalations_table(visitor: AnalyticsVisitor, asked: Annotated[EscalationsAsked, Query()]) -> Response:
    """The escalations behind a figure for a spreadsheet, the same as the API gives, as many as it gives at once."""
    escalation_page = await visitor.application.analytics.escalations(
        visitor.tenant, asked.filter(datetime.now(UTC)), only=asked.only, after=asked.after, limit=MOST_ROWS
    )
    return download(Escalation, escalation_page.escalations, "escalations")


def _choices() -> dict[str, Any]:
    """What every template of this page may offer to choose from, and the addresses it leads to."""
    return {
        "spans": list(Span),
        "channels": list(Channel),
        "groupings": list(Grouping),
        "steps": list(PeriodLength),
        "only": list(EscalationsOnly),
        "dashboard": SECTION.path,
        "behind": ESCALATIONS,
        "csv": f"{SECTION.path}.csv",
        "few": FEW,
        "journey_of": address_of,
    }


def _comparison(overall: ContinuityMetrics) -> HandoffComparison | None:
    """How often customers repeat themselves with a handoff and without one, where both happened."""
    prepared, unprepared = overall.repeat_information_rate, overall.unprepared_repeat_rate
    if not prepared.count or not unprepared.count:
        return None
    return HandoffComparison(
        shown(prepared, "share"), shown(unprepared, "share"), change(prepared, unprepared, "share")
    )


def _rows(continuity: Continuity, asked: DashboardAsked) -> Sequence[TableRow]:
    """The lines of the table, the costliest first unless asked otherwise; what is not known comes last."""
    rows = [_row(group, asked) for group in continuity.groups or continuity.breakpoints]
    return sorted(rows, key=lambda row: (row.key is None, -(row.key or 0.0), -row.escalations, row.label))


def _row(group: Breakpoint | ContinuityGroup, asked: DashboardAsked) -> TableRow:
    lost = time_lost_ms(group)
    if asked.sort is Sort.COST:
        key = lost
    else:
        key = group.count if asked.sort is Sort.COUNT else metric_of(group, asked.sort.value).value
    return TableRow(
        label=_label(group),
        escalations=group.count,
        cost=NOTHING if lost is None else duration(lost),
        figures={name: shown(metric_of(group, name), unit) for name, unit in METRICS.items()},
        address=_behind(group, asked),
        key=key,
    )


def _label(group: Breakpoint | ContinuityGroup) -> str:
    if isinstance(group, Breakpoint):
        return " → ".join(
            words(channel) if channel else "not known" for channel in (group.from_channel, group.to_channel)
        )
    return words(group.name) if group.name else "none"


def _behind(group: Breakpoint | ContinuityGroup, asked: DashboardAsked) -> str | None:
    """Where the escalations of a line are listed, or None where no filter tells them from others."""
    if isinstance(group, Breakpoint):
        filters: dict[str, str | None] = {"from_channel": group.from_channel, "to_channel": group.to_channel}
    elif asked.group_by is Grouping.REASON:
        return None
    else:
        filters = {_FILTER_OF.get(asked.group_by, asked.group_by.value): group.name}
    return None if None in filters.values() else asked.shared().address(ESCALATIONS, **filters)


def _plots(over_time: Continuity) -> Sequence[plots.Plot]:
    """A plot for each of the five figures, and one of the escalations that they are made of."""
    periods = over_time.over_time
    bars = [
        plots.Bar(period.since.date(), period_name(period), period.handoffs, period.count - period.handoffs)
        for period in periods
    ]
    return [
        plots.over_time(
            over_time.definitions[name].label,
            unit,
            [plots.PlotPoint(period.since.date(), period_name(period), metric_of(period, name)) for period in periods],
        )
        for name, unit in METRICS.items()
    ] + [plots.counts_over_time("Escalations (paler: without a handoff)", bars)]


def period_name(period: ContinuityPeriod) -> str:
    """A day or week in words: 2 Mar 2026, week of 2 Mar 2026."""
    day = f"{period.since.day} {period.since:%b %Y}"
    return day if (period.until - period.since).days == 1 else f"week of {day}"
