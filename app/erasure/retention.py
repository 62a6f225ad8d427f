"""How long each channel of a tenant is kept, and the removal of what has been kept for longer."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.erasure.eraser import Eraser
from app.models import Channel, RetentionRule, RetentionRun
from app.ports import Archive, Ledger

PAGE = 500

# Rules are filed under the tenant "", which no caller can have, so that those of all tenants are found together.
_NO_TENANT, _COLLECTION = "", "retention"
_ALL_OTHERS = "*"


class Retention:
    """The retention rules of every tenant."""

    def __init__(self, ledger: Ledger, archive: Archive, eraser: Eraser) -> None:
        self._ledger = ledger
        self._archive = archive
        self._eraser = eraser

    async def set(self, tenant: str, rule: RetentionRule) -> None:
        """Keep a channel, or all that have no rule of their own, for so many days; replaces the rule it had."""
        document = {"tenant": tenant, **rule.model_dump(mode="json")}
        await self._archive.put(_NO_TENANT, _COLLECTION, f"{rule.channel or _ALL_OTHERS} {tenant}", document)

    async def unset(self, tenant: str, channel: Channel | None) -> bool:
        """Keep a channel for good again; tells whether it had a rule."""
        key = f"{channel or _ALL_OTHERS} {tenant}"
        filed = await self._archive.get(_NO_TENANT, _COLLECTION, key)
        if filed is None or filed["days"] is None:
            return False
        await self._archive.put(_NO_TENANT, _COLLECTION, key, {**filed, "days": None})
        return True

    async def rules(self, tenant: str) -> Sequence[RetentionRule]:
        """The rules of one tenant, by channel."""
        return [rule for of_tenant, rule in await self._all() if of_tenant == tenant]

    async def apply(self, now: datetime, *, tenant: str | None = None) -> Sequence[RetentionRun]:
        """Erase what is older than its rule allows, of one tenant or of all that have rules."""
        by_tenant: dict[str, list[RetentionRule]] = {}
        for of_tenant, rule in await self._all():
            if tenant in (None, of_tenant):
                by_tenant.setdefault(of_tenant, []).append(rule)
        return [await self._apply(ruled_tenant, rules, now) for ruled_tenant, rules in by_tenant.items()]

    async def _apply(self, tenant: str, rules: Sequence[RetentionRule], now: datetime) -> RetentionRun:
        counts: Counter[str] = Counter(interactions=0)
        ruled = {rule.channel for rule in rules}
        for rule in rules:
            channels = [rule.channel] if rule.channel else [channel for channel in Channel if channel not in ruled]
            before = now - timedelta(days=rule.days)
            while rows := await self._ledger.expired(tenant, channels, before, limit=PAGE):
                counts.update(await self._eraser.erase_rows(tenant, rows))
        return RetentionRun(tenant=tenant, at=now, erased=dict(sorted(counts.items())))

    async def _all(self) -> list[tuple[str, RetentionRule]]:
        rules: list[tuple[str, RetentionRule]] = []
        after = ""
        while page := await self._archive.page(_NO_TENANT, _COLLECTION, after=after):
            rules.extend(
                (document["tenant"], RetentionRule(channel=document["channel"], days=document["days"]))
                for _, document in page
                if document["days"] is not None
            )
            after = page[-1][0]
        return rules
