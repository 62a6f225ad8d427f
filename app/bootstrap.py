"""The one place where adapters are chosen: the service, the command line, the tests and the evals call `build`."""

from app import offline
from app.actions import ActionWriter, Catalogue, DecisionMaker, Learner, TrafficLearner, load_catalogue
from app.actions.intents import IntentLearner
from app.announcements import Announcer
from app.application import App, Parts
from app.brief import BriefWriter
from app.erasure import Eraser, Retention
from app.identity import Identities, Rules
from app.identity.suggestions import Suggestions
from app.keys import Keys
from app.ledger import Recorder
from app.ports import Archive, Courier, Embedder, LanguageModel, Ledger, Linkage, VectorStore
from app.privacy import redacted_draft
from app.prompts import PromptLibrary
from app.retrieval import Gatherer, Indexer, Retriever, Windows
from app.settings import Settings


def build(
    settings: Settings,
    *,
    ledger: Ledger | None = None,
    archive: Archive | None = None,
    vectors: VectorStore | None = None,
    embedder: Embedder | None = None,
    model: LanguageModel | None = None,
    linkage: Linkage | None = None,
    courier: Courier | None = None,
) -> App:
    """An App on the adapters that the settings name; any may be handed in instead. Raises ConfigurationError."""
    offline.disarm()
    if ledger is None or archive is None:
        from app.adapters.sql import SqlStore

        store = SqlStore(settings.ledger_url)
        ledger, archive = ledger or store, archive or store
    embedder = embedder or _embedder(settings)
    vectors = vectors or _vectors(settings)
    model = model or _model(settings)
    retriever = Retriever(ledger, vectors, embedder)
    rules = Rules()
    identities = Identities(ledger, rules)
    eraser = Eraser(ledger, archive, vectors)
    decisions = DecisionMaker(
        load_catalogue(settings.catalogue), embedder, archive, writer=_action_writer(settings, model)
    )
    parts = Parts(
        ledger=ledger,
        archive=archive,
        keys=Keys(archive),
        recorder=Recorder(ledger, rules, clean=redacted_draft if settings.redact_at_ingest else None),
        identities=identities,
        suggestions=Suggestions(ledger, archive, linkage or _linkage()),
        retriever=retriever,
        gatherer=Gatherer(ledger, retriever),
        windows=Windows(ledger),
        indexer=Indexer(ledger, archive, vectors, embedder),
        eraser=eraser,
        retention=Retention(ledger, archive, eraser),
        decisions=decisions,
        traffic=TrafficLearner(ledger, vectors, decisions.shelf),
        writer=BriefWriter(
            model,
            PromptLibrary().prompt("brief", settings.prompt_brief),
            archive,
            hide_contacts=settings.redact_contacts,
        ),
        ladder=settings.friction_ladder,
        announcer=Announcer(archive, courier or _courier(settings)),
    )
    return App(parts)


def language_model(settings: Settings) -> LanguageModel | None:
    """The model that the settings name, by itself; None where they name none: for evals that record or judge."""
    offline.disarm()
    return _model(settings)


def build_learner(archive: Archive | None = None) -> Learner:
    """The service's learner by itself, on an archive in memory unless another is handed in: for simulations."""
    from app.adapters.memory import MemoryArchive

    return Learner(archive or MemoryArchive())


def intent_learner(settings: Settings, *, embedder: Embedder | None = None) -> IntentLearner:
    """What learns intents from examples in the service, by itself: for evals. Raises ConfigurationError."""
    offline.disarm()
    return IntentLearner(embedder or _embedder(settings))


def catalogue_named(name: str) -> Catalogue:
    """A shipped catalogue by its name, or the one in a YAML file. Raises ConfigurationError."""
    return load_catalogue(name)


def _embedder(settings: Settings) -> Embedder:
    if settings.embedder == "minilm":
        from app.adapters.embeddings import MiniLM

        return MiniLM()
    from app.adapters.llm import LitellmEmbedder

    return LitellmEmbedder(settings.embedder, settings.model_base_url, settings.model_api_key)


def _vectors(settings: Settings) -> VectorStore:
    if settings.vectors_url == "memory:":
        from app.adapters.memory import MemoryVectors

        return MemoryVectors()
    if settings.vectors_url and settings.vectors_url.startswith("postgres"):
        from app.adapters.pgvector import PgVectors

        return PgVectors(settings.vectors_url)
    from app.adapters.vectors import ChromaVectors

    return ChromaVectors(folder=settings.data_dir / "vectors", url=settings.vectors_url)


def _courier(settings: Settings) -> Courier:
    from app.adapters.courier import HttpCourier

    return HttpCourier(private=settings.webhooks_private)


def _action_writer(settings: Settings, model: LanguageModel | None) -> ActionWriter | None:
    if model is None:
        return None
    return ActionWriter(model, PromptLibrary().prompt("next_action", "v1"), hide_contacts=settings.redact_contacts)


def _linkage() -> Linkage:
    from app.adapters.splink_linkage import SplinkLinkage

    return SplinkLinkage()


def _model(settings: Settings) -> LanguageModel | None:
    if settings.model is None:
        return None
    from app.adapters.llm import LitellmModel

    return LitellmModel(
        settings.model,
        fallbacks=settings.model_fallbacks,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key,
    )
