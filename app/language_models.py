"""The language models that the settings name: one words briefs, one checks them, one ranks actions."""

from collections.abc import Sequence

from app.briefs import BriefWriter
from app.briefs.llm.checker import ModelVerifier
from app.metering import MeteredModel
from app.ports import Archive, LanguageModel
from app.ports.meter import Meter
from app.ports.verifier import Verifier
from app.prompts import PromptLibrary
from app.ranking import ModelRanker
from app.services.sandbox import NO_MODEL
from app.settings import Settings


def brief_writer(
    settings: Settings, model: LanguageModel | None, archive: Archive, rules: Verifier, checker: ModelVerifier | None
) -> BriefWriter:
    """What words briefs: with the model, or without one where there is none."""
    prompt = PromptLibrary().prompt("brief", settings.prompt_brief)
    return BriefWriter(model, prompt, archive, rules, checker=checker, hide_contacts=settings.redact_contacts)


def checking_model(settings: Settings, model: LanguageModel | None, meter: Meter) -> ModelVerifier | None:
    """The model that checks: the one that is set for it, else the brief's; None where there is neither, or `none`."""
    if settings.model_check == NO_MODEL:
        return None
    named = settings.model_check not in (None, settings.model)
    if named and settings.model_check:
        model = MeteredModel(_model_named(settings, settings.model_check), meter)
    if model is None:
        return None
    return ModelVerifier(model, PromptLibrary().prompt("check", "v1"), hide_contacts=settings.redact_contacts)


def action_ranker(settings: Settings, model: LanguageModel | None, rules: Verifier, meter: Meter) -> ModelRanker | None:
    """What ranks actions: the model that is set for it, else the brief's; None where there is neither, or `none`."""
    if settings.model_rank == NO_MODEL:
        return None
    named = settings.model_rank not in (None, settings.model)
    if named and settings.model_rank:
        model = MeteredModel(_model_named(settings, settings.model_rank), meter)
    if model is None:
        return None
    prompt = PromptLibrary().prompt("next_action", "v2")
    return ModelRanker(model, prompt, rules, hide_contacts=settings.redact_contacts, owns_model=named)


def brief_model(settings: Settings) -> LanguageModel | None:
    """The model that words briefs; None where the settings name none."""
    return _model_named(settings, settings.model, settings.model_fallbacks) if settings.model else None


def _model_named(settings: Settings, name: str, fallbacks: Sequence[str] = ()) -> LanguageModel:
    from app.adapters.llm import LitellmModel

    return LitellmModel(name, fallbacks=fallbacks, base_url=settings.model_base_url, api_key=settings.model_api_key)
