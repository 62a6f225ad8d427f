"""What a sentence does, learnt from labelled examples: its act, its mood, and what it is to a brief."""

from app.nlu.act_labels import Act
from app.nlu.classifier import NOTHING_READ, SentenceReading, read
from app.nlu.features import Setting
from app.nlu.talk_sentences import Sentence, Talk

__all__ = ["NOTHING_READ", "Act", "Sentence", "SentenceReading", "Setting", "Talk", "read"]
