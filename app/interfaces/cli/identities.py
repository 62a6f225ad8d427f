"""`warmline identities …`: find customers who look like one person, and decide about each pair."""

import json
import sys
from collections.abc import Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.interfaces.cli.asking import ask_app, print_json
from app.interfaces.cli.common import screen, side_screen
from app.models import FieldAgreement, Likeness, Suggestion, SuggestionRun, SuggestionStatus

SHOWN = 20


def suggest(tenant: str, *, at_least: float, as_json: bool) -> None:
    """File suggestions and print what was found. Raises ConfigurationError without the extra that it needs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        task = progress.add_task("interactions read, then compared", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        run = ask_app(lambda app: app.customers.suggest_identities(tenant, at_least=at_least, progress=tell))
    if as_json:
        print_json(run)
    else:
        _print_run(run)


def show_suggestions(tenant: str, status: str, *, as_json: bool) -> None:
    """Print the suggestions with this status, the weightiest first."""
    suggestions = ask_app(lambda app: app.customers.suggestions(tenant, SuggestionStatus(status)))
    if as_json:
        listing = {"suggestions": [suggestion.model_dump(mode="json") for suggestion in suggestions]}
        sys.stdout.write(json.dumps(listing, ensure_ascii=False, indent=2) + "\n")
    elif suggestions:
        _print_suggestions(suggestions)
    else:
        _print(f"No suggestion is {status}.")


def confirm(tenant: str, suggestion_id: str, *, as_json: bool) -> None:
    """Join the two customers of a suggestion. Raises NotFound, or IdentityConflict when the rules forbid it."""
    confirmed = ask_app(lambda app: app.customers.confirm_suggestion(tenant, suggestion_id))
    if as_json:
        print_json(confirmed)
        return
    survivor, other = confirmed.customer_ids
    _print(f"{other} is joined to {survivor}. To undo it:")
    screen().print(f"  warmline identities unmerge {survivor} {confirmed.merge_id}", markup=False, soft_wrap=True)


def dismiss(tenant: str, suggestion_id: str, *, as_json: bool) -> None:
    """Settle that the customers of a suggestion are two people. Raises NotFound or InvalidRequest."""
    dismissed = ask_app(lambda app: app.customers.dismiss_suggestion(tenant, suggestion_id))
    if as_json:
        print_json(dismissed)
    else:
        _print(f"{suggestion_id} is dismissed: these two customers are not suggested again.")


def unmerge(tenant: str, customer_id: str, merge_id: str, *, as_json: bool) -> None:
    """Take two joined customers apart again. Raises UnknownCustomer or NotFound."""
    undone = ask_app(lambda app: app.customers.unmerge(tenant, customer_id, merge_id))
    if as_json:
        print_json(undone)
    else:
        _print(f"{undone.absorbed} and {undone.survivor} are two customers again.")


def _print_run(run: SuggestionRun) -> None:
    _print(f"{run.compared:,} identities compared: {len(run.suggestions):,} open suggestions, {run.new:,} of them new.")
    if run.suggestions:
        _print_suggestions(run.suggestions[:SHOWN])
    if len(run.suggestions) > SHOWN:
        _print(f"… and {len(run.suggestions) - SHOWN:,} more: warmline identities suggestions")


def _print_suggestions(suggestions: Sequence[Suggestion]) -> None:
    for suggestion in suggestions:
        _print("")
        # Ids are never folded, so that they can be copied whole from a narrow terminal.
        for line in (suggestion.suggestion_id, f"  {suggestion.customer_ids[0]} and {suggestion.customer_ids[1]}"):
            screen().print(line, markup=False, soft_wrap=True)
        _print(f"  weight {suggestion.match_weight:+.1f}, probability {suggestion.probability:.4f}")
        for likeness in Likeness:
            alike = [_in_words(field) for field in suggestion.agreements if field.likeness is likeness]
            if alike:
                _print(f"  {likeness}: {', '.join(alike)}")
        if suggestion.merge_id:
            screen().print(f"  joined by {suggestion.merge_id}", markup=False, soft_wrap=True)


def _in_words(agreement: FieldAgreement) -> str:
    return f"{agreement.field.replace('_', ' ')} ({agreement.weight:+.1f})"


def _print(words: str) -> None:
    screen().print(words, markup=False)
