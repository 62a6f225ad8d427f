"""The only reader of the environment. It reads and checks; it builds nothing.

Every setting is an environment variable (or a line of a `.env`) that begins with `WARMLINE_`. One that is not known is
refused: a misspelt name would leave the default in force, and nobody would notice.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from app.errors import ConfigurationError
from app.models import Ladder

PREFIX = "WARMLINE_"
DOTENV = ".env"
WITHOUT_EFFECT = frozenset({"BROKER_URL", "OIDC_ISSUER", "OIDC_AUDIENCE"})
"""Settings of the public contract that this version does not support: they stop no start, and a warning says so."""

_log = logging.getLogger(__name__)
_SITE = r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::(?:\d{1,5}|\*))?"
_SOURCE = re.compile(rf"'self'|'none'|\*|https?:|(?:https?://)?{_SITE}")
_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?")


class Settings(BaseSettings):
    """What an operator may choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=DOTENV, env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(default=Path("data"), description="folder of the embedded stores")
    database_url: str | None = Field(
        default=None, description="ledger: sqlite:///file or postgresql://…; default: SQLite in the data folder"
    )
    vectors_url: str | None = Field(
        default=None,
        description="vector store: http://host:port of a Chroma server, postgresql://… with pgvector, or memory:; "
        "default: Chroma in the data folder",
    )
    model: str | None = Field(
        default=None, description="any litellm model, for example openai/gpt-4o-mini; none: the extractive engine"
    )
    model_fallbacks: tuple[str, ...] = Field(
        default=(), description="models tried in turn when the first is unavailable"
    )
    model_base_url: str | None = Field(default=None, description="address of an OpenAI-compatible server")
    model_api_key: SecretStr | None = Field(default=None, description="key of the model's server")
    model_check: str | None = Field(
        default=None,
        description="the model that checks what briefs say; default: the brief's model; none: rules alone check",
    )
    model_rank: str | None = Field(
        default=None,
        description="the model that ranks next actions; default: the brief's model; none: rules alone rank",
    )
    model_patience_s: float = Field(
        default=30.0,
        ge=0,
        le=600,
        description="for how many seconds after its request a handoff is still revised by what the model says late",
    )
    draft_ahead: Literal["off", "human_request", "friction"] | None = Field(
        default=None,
        description="when the model's brief is begun before a handoff is asked for: when the customer asks for a "
        "person, also when friction calls for a route, or off; default: human_request where a model is set",
    )
    drafts_per_minute: int = Field(default=30, ge=1, description="briefs that are drafted ahead a minute and tenant")
    model_judge: str | None = Field(
        default=None, description="the model that judges briefs in `eval run`; none: its scorers are unscored"
    )
    embedder: str = Field(default="minilm", description="minilm (built in), or any litellm embedding model")
    catalogue: str = Field(default="general", description="name of a shipped catalogue, or the path of a YAML file")
    prompt_brief: str = Field(default="v3", description="version of the brief's prompt")
    require_keys: bool = Field(
        default=False,
        description="refuse requests without an API key also on loopback; set it where a proxy stands in front",
    )
    redact_at_ingest: bool = Field(
        default=False,
        description="blank passwords, bank accounts and national ids before they are written; card numbers and "
        "security codes always are",
    )
    redact_contacts: bool = Field(default=True, description="keep e-mail addresses and phone numbers from the model")
    friction_ladder: Ladder = Field(
        default=Ladder(), description="the friction from which on to clarify, nudge, route and escalate"
    )
    frame_ancestors: str = Field(
        default="'self'",
        description="the sites that may show the agent's card in a frame, as Content-Security-Policy writes them, "
        "parted by spaces: 'self' https://desk.example",
    )
    public_url: str | None = Field(
        default=None, description="where agents' browsers reach the service, if not where its API is called"
    )
    redis_url: str | None = Field(
        default=None,
        description="redis://host:port for requests a second over all processes, and for streams and messages between "
        "them; default: none",
    )
    webhooks_private: bool = Field(
        default=False, description="let webhooks lead to addresses inside the network that the service stands in"
    )
    rate_limit: int = Field(
        default=2000,
        ge=1,
        description="requests a second that an API key may send; the keys of a tenant together four times that; over "
        "all processes with Redis, in each of them without",
    )
    concurrent_handoffs: int = Field(default=64, ge=1, description="handoffs a key may have under way in each process")
    concurrent_actions: int = Field(
        default=128, ge=1, description="next actions a key may have under way in every process"
    )
    open_streams: int = Field(default=256, ge=1, description="streams a key may keep open in each process")
    naive_times: str = Field(
        default="utc",
        description="what a time without a zone in a vCon, a transcript or a mail is taken for: utc, the name of a "
        "zone such as Europe/Berlin, or refuse",
    )
    our_addresses: tuple[str, ...] = Field(
        default=(),
        description="e-mail addresses and domains of ours, as a JSON list: whoever writes from one serves",
    )
    metrics: Literal["on", "off"] = Field(default="on", description="whether GET /metrics answers")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="how much is logged")
    log_format: Literal["text", "json"] = Field(
        default="text", description="lines for people, or one JSON object a line with the ids of request and tenant"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic hands it in
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources as they are, once their names are checked: pydantic itself only sees the names that it knows.

        Raises ConfigurationError.
        """
        sources = {"the environment": env_settings, DOTENV: dotenv_settings}
        unknown = [
            (variable, where)
            for where, source in sources.items()
            if isinstance(source, EnvSettingsSource)
            for variable in _ours(source.env_vars)
            if variable.removeprefix(PREFIX).lower() not in cls.model_fields
        ]
        faults: list[str] = []
        for variable, where in unknown:
            if variable.removeprefix(PREFIX) in WITHOUT_EFFECT:
                _log.warning("%s in %s has no effect: this version does not support it.", variable, where)
            else:
                faults.append(_unknown(variable, where, cls.model_fields))
        if faults:
            raise ConfigurationError(f"{' '.join(faults)} `warmline doctor` shows every setting there is.")
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @field_validator("frame_ancestors")
    @classmethod
    def _sources(cls, value: str) -> str:
        sources = [f"'{source}'" if source in ("self", "none") else source for source in value.split()]
        wrong = [source for source in sources if not _SOURCE.fullmatch(source)]
        if wrong or not sources or ("'none'" in sources and len(sources) > 1):
            raise ValueError(
                f"{wrong[0] if wrong else value!r} is no source of frames. Write 'self', 'none' alone, or sites as "
                "https://desk.example or https://*.desk.example, parted by spaces"
            )
        return " ".join(sources)

    @field_validator("naive_times")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value.lower() in ("utc", "refuse"):
            return value.lower()
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone. Write utc, refuse, or a name such as Europe/Berlin") from None
        return value

    @field_validator("public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.fullmatch(value):
            raise ValueError("Write an address such as https://warmline.example, without a question mark")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("Write an address such as redis://host:6379/0, or rediss:// for TLS")
        return value

    @property
    def ledger_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ledger.db'}"

    @property
    def ledger_scope(self) -> str:
        """What all processes of one service share and no other service has, without any password: the ledger's name."""
        parts = urlsplit(self.ledger_url)
        if parts.scheme.startswith("sqlite"):
            return str(Path(self.ledger_url.partition(":///")[2]).resolve())
        return sha256(f"{parts.hostname}:{parts.port or 5432}{parts.path}".encode()).hexdigest()[:32]


def _ours(variables: Mapping[str, str | None]) -> Iterable[str]:
    """The variables meant for this service, in capitals: their case does not matter."""
    return sorted(name.upper() for name in variables if name.upper().startswith(PREFIX))


def _unknown(variable: str, where: str, fields: Iterable[str]) -> str:
    """Which setting is not known, which one may be meant, and how to mend it."""
    settings = [f"{PREFIX}{field.upper()}" for field in fields]
    nearest = get_close_matches(variable, settings, n=1, cutoff=0.0)[0]
    return f"There is no setting {variable}; the nearest is {nearest}. Rename or remove it in {where}."
