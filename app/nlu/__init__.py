"""What a sentence does, learnt from labelled examples: its act, its mood, and what it is to a brief."""

from app.nlu.acts import Act
from app.nlu.features import Setting
from app.nlu.reading import NOTHING_READ, SentenceReading, read
from app.nlu.talk import Sentence, Talk

__all__ = ["NOTHING_READ", "Act", "Sentence", "SentenceReading", "Setting", "Talk", "read"]
