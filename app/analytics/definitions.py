"""What each figure means, as a formula: told with every answer, and in docs/continuity.md."""

from collections.abc import Mapping

from app.models.continuity import Definition

_WILSON = "Wilson's score interval, 95 % (E. B. Wilson, JASA 22:209-212, 1927)"
_ORDER = "order statistics, 95 %, whatever the distribution (David and Nagaraja, Order Statistics, 2003, section 7.1)"
_REPEATED = (
    "told(e) = feedback.repeated_information where the agent told it; else whether the customer, in the agent's "
    "conversation, gave a name (order number, e-mail address, …) that the ledger held before, or told again what one "
    "of their own earlier messages told, unless the agent had just said it"
)
_PENALTY = (
    "the time from connect (feedback.connected_at, else the agent's first message) to the first step that is not a "
    "greeting, a verification, a question for what the ledger held or the customer telling it again; where there is "
    "none, to the last step"
)


def _rate(label: str, formula: str) -> Definition:
    return Definition(label=label, formula=formula, unit="share", statistic="share", interval=_WILSON)


def _time(label: str, formula: str) -> Definition:
    return Definition(label=label, formula=formula, unit="ms", statistic="median", interval=_ORDER)


DEFINITIONS: Mapping[str, Definition] = {
    "repeat_information_rate": _rate(
        "Customers who had to repeat themselves",
        f"|{{h in H : told(h)}}| / |H|; H = handoffs with a conversation of an agent and the customer after them, or "
        f"with feedback.repeated_information; {_REPEATED}",
    ),
    "context_gap_rate": _rate(
        "Agents without background",
        "|{e in E : gap(e)}| / |E|; E = all escalations: handoffs, and agents who followed a bot in one conversation "
        "or were reached with a matter left unsettled elsewhere in the journey without one; gap(e) = "
        "feedback.missing_context where the agent told it; else no handoff, or no brief (status failed), or a brief "
        "that was displayed more than a minute after connect, or of which the desktop told the connect but no display",
    ),
    "handoff_penalty_ms": _time(
        "Time lost to collecting again",
        f"median over handoffs with an agent's conversation after them of {_PENALTY}",
    ),
    "time_to_brief_ms": _time(
        "Time until the agent had the brief",
        "median over handoffs with a brief of max(duration_ms, feedback.displayed_at - requested at); without "
        "displayed_at, duration_ms",
    ),
    "override_rate": _rate(
        "Suggestions overridden",
        "|{h in A : over(h)}| / |A|; A = handoffs that were answered: accepted, edited_brief or, where a disposition "
        "was suggested, disposition in their feedback, or an action of theirs with `accepted` in its outcome; "
        "over(h) = accepted is false, or the edited brief differs, or another disposition, or every answered action "
        "was turned down, or one was taken that was not offered",
    ),
    "unprepared_repeat_rate": _rate(
        "Customers who had to repeat themselves, without a handoff",
        "as repeat_information_rate, over the escalations without a handoff",
    ),
    "unprepared_penalty_ms": _time(
        "Time lost to collecting again, without a handoff",
        "as handoff_penalty_ms, over the escalations without a handoff",
    ),
}
