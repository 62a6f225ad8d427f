"""The one place where adapters are chosen: the service, the command line, the tests and the evals call `build`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from app import offline, verification
from app.actions import (
    CaseIndexer,
    Catalogue,
    DecisionMaker,
    Learner,
    SimilarCases,
    TrafficLearner,
    load_catalogue,
    shipped_catalogues,
)
from app.actions.intents import IntentLearner
from app.adapters.silent_meter import SilentMeter
from app.analyst import Analyst
from app.analytics import Follower
from app.announcements import Announcer
from app.briefs import TimelyWriter
from app.briefs.llm.checker import CombinedVerifier, ModelVerifier
from app.deliveries import PAUSES_S, Deliveries
from app.erasure import Eraser, Retention
from app.errors import ConfigurationError
from app.idempotency import RequestClaims
from app.identity import Identities, Rules
from app.identity.suggestions import Suggestions
from app.keys import Keys
from app.knowledge import KnowledgeRoom
from app.language_models import action_ranker, brief_model, brief_writer, checking_model
from app.ledger import CARD_PURPOSE, Recorder
from app.metering import MeteredCourier, MeteredModel, WrappedModel
from app.models import Interaction, Statement, Transcript
from app.ports import (
    Archive,
    Courier,
    Embedder,
    LanguageModel,
    Ledger,
    Linkage,
    Outbox,
    RateLimits,
    VectorStore,
)
from app.ports.backup import LedgerBackup
from app.ports.bus import ERASED, Bus
from app.ports.claims import Claims
from app.ports.continuity import ContinuityStore
from app.ports.meter import Meter
from app.ports.revisions import RevisionStore
from app.ports.verifier import Verifier
from app.pressure import Pressure
from app.privacy import redacted_draft
from app.prompts import PromptLibrary
from app.retrieval import Gatherer, Indexer, MeaningReader, Retriever, Windows
from app.services import App, Parts
from app.services.parts import AGAIN_AFTER_S
from app.services.sandbox import NO_MODEL
from app.services.visit_reader import RoomsReader
from app.services.write_back import ConnectorCourier
from app.sessions import EndedSessions
from app.settings import Settings
from app.signing import Signatures
from app.verification import RuleVerifier


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
    webhook_pauses_s: Sequence[float] = PAUSES_S,
    forget_again_after_s: float = AGAIN_AFTER_S,
    rate_limits: RateLimits | None = None,
    catalogue: Catalogue | None = None,
    bus: Bus | None = None,
    meter: Meter | None = None,
) -> App:
    """An App on the adapters that the settings name; any may be handed in instead. Raises ConfigurationError."""
    offline.disarm()
    bus, meter = bus or _bus(settings, one_process=ledger is not None), meter or _meter(settings)
    if ledger is None or archive is None:
        from app.adapters.sql import SqlStore

        store = SqlStore(settings.ledger_url)
        ledger, archive = ledger or store, archive or store
    adapters = _Adapters(
        ledger=ledger,
        archive=archive,
        outbox=_outbox(ledger, archive),
        vectors=vectors or _vectors(settings),
        embedder=embedder or _embedder(settings),
        model=_metered(model or brief_model(settings), meter),
        linkage=linkage or _linkage(),
        courier=MeteredCourier(courier or _courier(settings), meter),
        rate_limits=rate_limits or _rate_limits(settings),
        bus=bus,
        meter=meter,
    )
    chosen = catalogue or load_catalogue(settings.catalogue)
    return App(_parts(settings, adapters, chosen, webhook_pauses_s, forget_again_after_s))


class _Adapters(NamedTuple):
    ledger: Ledger
    archive: Archive
    outbox: Outbox
    vectors: VectorStore
    embedder: Embedder
    model: LanguageModel | None
    linkage: Linkage
    courier: Courier
    rate_limits: RateLimits
    bus: Bus
    meter: Meter


def _parts(
    settings: Settings,
    adapters: _Adapters,
    catalogue: Catalogue,
    webhook_pauses_s: Sequence[float],
    forget_again_after_s: float,
) -> Parts:
    ledger, archive, outbox, vectors, embedder, model, linkage, courier, rate_limits, bus, meter = adapters
    digests, pressure, rules = _digests(ledger, archive), Pressure(), Rules()
    retriever, knowledge = Retriever(ledger, vectors, embedder), KnowledgeRoom.on(archive, vectors, embedder, pressure)
    indexer = Indexer(ledger, archive, vectors, embedder, pressure, on_emptied=knowledge.indexer.start_over)
    verifier, checker, signatures = RuleVerifier(), checking_model(settings, model, meter), Signatures(archive)
    courier = ConnectorCourier(courier, archive, signatures, settings.public_url)
    announcer, revisions = _announcer(outbox, courier, webhook_pauses_s), _revisions(archive, outbox)
    leases, index_anew = _claims(archive), partial(_start_over, indexer, knowledge)
    eraser = Eraser(ledger, archive, vectors, digests, outbox, revisions=revisions, on_discarded=index_anew)
    ranker = action_ranker(settings, model, verifier, meter)
    decisions = DecisionMaker(catalogue, embedder, archive, vectors=vectors, ranker=ranker)
    return Parts(
        ledger=ledger,
        archive=archive,
        keys=Keys(archive),
        signatures=signatures,
        sessions=EndedSessions(archive),
        claims=RequestClaims(leases, archive),
        leases=leases,
        draft_ahead=settings.draft_ahead or "human_request",
        drafts_per_minute=settings.drafts_per_minute,
        recorder=_recorder(settings, adapters, rules, announcer, signatures, eraser),
        identities=Identities(ledger, rules),
        suggestions=Suggestions(ledger, archive, linkage),
        retriever=retriever,
        gatherer=Gatherer(ledger, retriever),
        windows=Windows(ledger),
        meanings=MeaningReader(vectors),
        indexer=indexer,
        analyst=Analyst(ledger, archive, pressure, on_deletions=eraser.forget_deleted),
        eraser=eraser,
        retention=Retention(ledger, archive, eraser),
        decisions=decisions,
        traffic=TrafficLearner(ledger, vectors, decisions.catalogues, pressure),
        knowledge=knowledge,
        cases=CaseIndexer(ledger, archive, vectors, decisions.similar, decisions.catalogues, pressure),
        writer=_timely_writer(settings, model, archive, verifier, checker),
        verifier=CombinedVerifier(verifier, checker) if checker else verifier,
        ladder=settings.friction_ladder,
        announcer=announcer,
        outbox=outbox,
        courier=courier,
        revisions=revisions,
        bus=bus,
        digests=digests,
        continuity=Follower(digests, RoomsReader(decisions)),
        sandbox=Workbench(settings, embedder, model),
        forget_again_after_s=forget_again_after_s,
        rate_limits=rate_limits,
        rate_limit=settings.rate_limit,
        pressure=pressure,
        meter=meter,
    )


def _timely_writer(
    settings: Settings, model: LanguageModel | None, archive: Archive, rules: Verifier, checker: ModelVerifier | None
) -> TimelyWriter:
    words = brief_writer(settings, model, archive, rules, checker)
    return TimelyWriter(words, patience_s=settings.model_patience_s)


def _start_over(indexer: Indexer, knowledge: KnowledgeRoom) -> None:
    """Index everything anew."""
    indexer.start_over()
    knowledge.indexer.start_over()


class Workbench:
    """Makes Apps like the service's own on stores in memory, for conversations that are only tried out.

    They share its embedder, which is slow to load, and its model, which they do not close.
    """

    def __init__(self, settings: Settings, embedder: Embedder, model: LanguageModel | None) -> None:
        self._settings = settings
        self._embedder = embedder
        self._model = model

    def catalogues(self) -> Sequence[str]:
        """The catalogues that come with the service."""
        return shipped_catalogues()

    def prompts(self) -> Sequence[str]:
        """The released versions of the brief's prompt."""
        return PromptLibrary().versions("brief")

    def models(self) -> Sequence[str]:
        """`none`, and every model that the settings name."""
        own = [self._model.name] if self._model else []
        return list(dict.fromkeys([NO_MODEL, *own, *self._settings.model_fallbacks]))

    def app(self, *, catalogue: Catalogue | str, prompt: str, model: str) -> App:
        """A new App. Raises ConfigurationError for a name that there is not."""
        from app.adapters.memory import MemoryArchive, MemoryLedger, MemoryVectors

        if model not in self.models():
            raise ConfigurationError(f"No model {model!r} is set.")
        named = model if model in self._settings.model_fallbacks else None
        update: dict[str, object] = {"prompt_brief": prompt, "model": named, "model_fallbacks": ()}
        return build(
            self._settings.model_copy(update=update),
            ledger=MemoryLedger(),
            archive=MemoryArchive(),
            vectors=MemoryVectors(),
            embedder=self._embedder,
            model=Lent(self._model) if self._model and model == self._model.name else None,
            catalogue=load_catalogue(catalogue) if isinstance(catalogue, str) else catalogue,
            meter=SilentMeter(),
        )


class Lent(WrappedModel):
    """A model that belongs to somebody else, who closes it."""

    async def close(self) -> None:
        """Nothing of this one's own to let go of."""


def claim_stores(settings: Settings) -> Callable[[], None]:
    """Claim what one process at a time may use, for this process, before it starts; gives what lets go of it.

    Raises ConfigurationError when another process uses the data folder.
    """
    if settings.vectors_url is not None:
        return lambda: None
    from app.adapters.vectors_folder import claim_for_process

    try:
        return claim_for_process(settings.data_dir / "vectors")
    except OSError as failure:
        raise ConfigurationError(
            f"The data folder {settings.data_dir} cannot be written: {failure.strerror}. "
            "Set WARMLINE_DATA_DIR to a folder that can."
        ) from None


def ledger_backup(settings: Settings) -> LedgerBackup:
    """What saves and restores the ledger that the settings name."""
    from app.adapters.sql.backup import SqlBackup

    return SqlBackup(settings.ledger_url)


def language_model(settings: Settings) -> LanguageModel | None:
    """The model that the settings name, by itself; None where they name none: for evals that record or judge."""
    offline.disarm()
    return brief_model(settings)


def rule_verifier() -> Verifier:
    """The check by rules, by itself: for evals."""
    return RuleVerifier()


def verifier_with(model: LanguageModel) -> Verifier:
    """The check by rules, and by this model where they leave a sentence open: for evals."""
    checker = ModelVerifier(model, PromptLibrary().prompt("check", "v1"), hide_contacts=False)
    return CombinedVerifier(RuleVerifier(), checker)


def refusing_rules(statements: Sequence[Statement], transcript: Transcript) -> list[str | None]:
    """The name of the rule that refutes each statement, None where none does: for the eval of the rules."""
    return verification.refusing_rules(statements, transcript)


def build_learner(archive: Archive | None = None) -> Learner:
    """The service's learner by itself, on an archive in memory unless another is handed in: for simulations."""
    from app.adapters.memory import MemoryArchive

    return Learner(archive or MemoryArchive())


def build_similar() -> tuple[Learner, SimilarCases]:
    """The service's learner with its settled cases, all in memory: for simulations."""
    from app.adapters.memory import MemoryArchive, MemoryVectors

    archive = MemoryArchive()
    learner = Learner(archive)
    return learner, SimilarCases(archive, MemoryVectors(), learner)


def embedder_of(settings: Settings) -> Embedder:
    """The embedder that the settings name, by itself: for evals that compare with it."""
    offline.disarm()
    return _embedder(settings)


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


def _digests(ledger: Ledger, archive: Archive) -> ContinuityStore:
    from app.adapters.sql import SqlStore

    if isinstance(ledger, SqlStore) and ledger is archive:
        from app.adapters.sql.continuity import SqlContinuity

        return SqlContinuity(ledger)
    from app.adapters.memory_continuity import MemoryContinuity

    return MemoryContinuity(ledger, archive)


def _bus(settings: Settings, *, one_process: bool) -> Bus:
    """Redis where it is set; else what all processes of the ledger share: the database's server, or the machine."""
    from app.adapters.buses.subscribers import ProcessBus

    if one_process:
        return ProcessBus()
    from app.adapters.buses.linked import LinkedBus

    scope = settings.ledger_scope
    if settings.redis_url:
        from app.adapters.buses.redis import RedisLink

        return LinkedBus(RedisLink(settings.redis_url, scope), "the Redis of WARMLINE_REDIS_URL")
    if settings.ledger_url.startswith("postgres"):
        from app.adapters.buses.postgres import PostgresLink

        return LinkedBus(PostgresLink(settings.ledger_url), "the PostgreSQL of WARMLINE_DATABASE_URL")
    from app.adapters.buses.sockets import SocketLink

    return LinkedBus(SocketLink(scope), "sockets of this machine")


def _outbox(ledger: Ledger, archive: Archive) -> Outbox:
    from app.adapters.sql import SqlStore

    if isinstance(ledger, SqlStore) and ledger is archive:
        from app.adapters.sql.outbox import SqlOutbox

        return SqlOutbox(ledger)
    from app.adapters.memory import MemoryLedger
    from app.adapters.memory_outbox import MemoryOutbox

    return MemoryOutbox(archive, ledger if isinstance(ledger, MemoryLedger) else None)


def _revisions(archive: Archive, outbox: Outbox) -> RevisionStore:
    from app.adapters.sql import SqlStore
    from app.adapters.sql.outbox import SqlOutbox

    if isinstance(archive, SqlStore) and isinstance(outbox, SqlOutbox):
        from app.adapters.sql.revisions import SqlRevisions

        return SqlRevisions(archive)
    from app.adapters.memory_revisions import MemoryRevisions

    return MemoryRevisions(archive, outbox)


def _claims(archive: Archive) -> Claims:
    from app.adapters.sql import SqlStore

    if isinstance(archive, SqlStore):
        from app.adapters.sql.claims import SqlClaims

        return SqlClaims(archive)
    from app.adapters.memory_claims import MemoryClaims

    return MemoryClaims()


def _announcer(outbox: Outbox, courier: Courier, pauses_s: Sequence[float]) -> Announcer:
    return Announcer(outbox, courier, Deliveries(outbox, courier, pauses_s=pauses_s))


def _recorder(
    settings: Settings,
    adapters: _Adapters,
    rules: Rules,
    announcer: Announcer,
    signatures: Signatures,
    eraser: Eraser,
) -> Recorder:
    ledger, bus = adapters.ledger, adapters.bus

    async def forget_words(tenant: str, rows: Sequence[Interaction]) -> None:
        """Other processes may remember the rows too; they hear of it as of an erasure."""
        await eraser.forget_words(tenant, rows)
        for identity_id in {row.identity_id for row in rows}:
            customer_id = await ledger.customer_of(tenant, identity_id) or identity_id
            bus.publish(ERASED, {"tenant": tenant, "customer_id": customer_id, "origin": "recorder"})

    return Recorder(
        ledger,
        rules,
        clean=redacted_draft if settings.redact_at_ingest else None,
        announces=lambda: announcer.working,
        card_key=partial(signatures.key, CARD_PURPOSE),
        on_reworded=forget_words,
    )


def _meter(settings: Settings) -> Meter:
    if settings.metrics == "off":
        return SilentMeter()
    from app.adapters.prometheus import PrometheusMeter

    return PrometheusMeter()


def _metered(model: LanguageModel | None, meter: Meter) -> LanguageModel | None:
    return None if model is None else MeteredModel(model, meter)


def _courier(settings: Settings) -> Courier:
    from app.adapters.webhook_sender import WebhookSender

    return WebhookSender(private=settings.webhooks_private)


def _rate_limits(settings: Settings) -> RateLimits:
    if settings.redis_url is None:
        from app.adapters.rate_limits import LocalRateLimits

        return LocalRateLimits()
    from app.adapters.rate_limits import RedisRateLimits

    return RedisRateLimits(settings.redis_url)


def _linkage() -> Linkage:
    from app.adapters.splink_linkage import SplinkLinkage

    return SplinkLinkage()
