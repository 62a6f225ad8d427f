"""What each figure means, as a formula: part of every answer, and documented in docs/continuity.md."""

from collections.abc import Mapping

from app.models.continuity import Definition

_WILSON = "Wilson's score interval, 95 % (E. B. Wilson, JASA 22:209-212, 1927)"
_ORDER = "order statistics, 95 %, whatever the distribution (David and Nagaraja, Order Statistics, 2003, section 7.1)"
_REPEATED = (
    "repeated(h) = feedback.repeated_information if the agent reported it; else whether the customer, in the agent's "
    "conversation, gave an identifier (order number, e-mail address, …) that was already in the ledger, or repeated "
    "what one of their own earlier messages says; repeating what the agent has just said does not count"
)
_PENALTY = (
    "the time from connect (feedback.connected_at, else the agent's first message) to the first step that is not a "
    "greeting, a verification, a question for recorded information or the customer's repetition of it; if there is no "
    "such step, to the last step"
)


def _rate(label: str, formula: str) -> Definition:
    return Definition(label=label, formula=formula, unit="share", statistic="share", interval=_WILSON)


def _time(label: str, formula: str) -> Definition:
    return Definition(label=label, formula=formula, unit="ms", statistic="median", interval=_ORDER)


DEFINITIONS: Mapping[str, Definition] = {
    "repeat_information_rate": _rate(
        "Customers who had to repeat themselves",
        f"|{{h in H : repeated(h)}}| / |H|; H = handoffs followed by a conversation of an agent and the customer, or "
        f"with feedback.repeated_information; {_REPEATED}",
    ),
    "context_gap_rate": _rate(
        "Agents without background",
        "|{e in E : gap(e)}| / |E|; E = all escalations: handoffs; and, without one, agents who followed a bot in "
        "the same conversation or whom the customer reached with a matter unsettled elsewhere in the journey; gap(e) = "
        "feedback.missing_context if the agent reported it; else no handoff, or no brief (status failed), or a brief "
        "displayed more than a minute after connect, or one with connected_at but no displayed_at in the feedback",
    ),
    "handoff_penalty_ms": _time(
        "Time lost to collecting known information again",
        f"median, over handoffs followed by an agent's conversation, of {_PENALTY}",
    ),
    "time_to_brief_ms": _time(
        "Time until the agent had the brief",
        "median, over handoffs with a brief, of max(duration_ms, feedback.displayed_at - time of the request); without "
        "displayed_at, of duration_ms",
    ),
    "override_rate": _rate(
        "Suggestions overridden",
        "|{h in A : overridden(h)}| / |A|; A = handoffs with a reaction of the agent: accepted, edited_brief or, if a "
        "disposition was suggested, disposition in the feedback, or accepted in the outcome of one of their actions; "
        "overridden(h) = accepted is false, or the edited brief differs, or the disposition is another one, or all "
        "actions with an outcome were rejected, or an action was taken that was not offered",
    ),
    "unprepared_repeat_rate": _rate(
        "Customers who had to repeat themselves, without a handoff",
        "repeat_information_rate over the escalations without a handoff",
    ),
    "unprepared_penalty_ms": _time(
        "Time lost to collecting known information again, without a handoff",
        "handoff_penalty_ms over the escalations without a handoff",
    ),
}
