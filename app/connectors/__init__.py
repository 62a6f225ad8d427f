"""Connectors: one module for each platform whose webhooks are taken as they are.

`CONNECTORS` is the registry: a new platform is one module and one line here.
"""

from collections.abc import Mapping

from app.connectors.amazon_connect import AmazonConnect
from app.connectors.base import Connector
from app.connectors.chatwoot import Chatwoot
from app.connectors.genesys import Genesys
from app.connectors.intercom import INTERCOM
from app.connectors.twilio import TWILIO
from app.connectors.whatsapp import WhatsApp
from app.connectors.zendesk import ZENDESK

CONNECTORS: Mapping[str, Connector] = {
    connector.name: connector
    for connector in (
        WhatsApp(),
        Chatwoot(),
        TWILIO,
        ZENDESK,
        INTERCOM,
        AmazonConnect(),
        Genesys(),
    )
}

__all__ = ["CONNECTORS", "Connector"]
