"""Whether a text may stand in a document at all: plain English of some length that gives nobody an order.

A Task's source is a stranger's, and so is what a model makes of it. What looks like an order to a model, a command, a
link or praise is refused rather than cleaned: a text that had it is not worth keeping.
"""

import re
import unicodedata
from collections import Counter

from runstone.catalog import words

_SHORTEST = 3
_MOST_OFTEN = 3
"""How often a text may say one word."""
_SENTENCE = 6
"""Words from which on a text must show that it is English."""
_TYPOGRAPHY = frozenset("’‘“”–—…")
_LINK = re.compile(r"(?i)://|\bwww\.|\bmailto:|\S@\S+\.\w|\b[\w-]+\.(?:com|net|org|io|dev|sh|app|ai|co|info|ru|cn)\b")
_MARKUP = re.compile(r"[<>`{}|\\*#~^=\[\]]|\$\w|\$\(|__|&\w+;|(?:^|\s)--?\w+=|;\s*\w+\s-")
_CODE = re.compile(r"\b(?=[a-z]*\d)[0-9a-f]{8,}\b|\b[\w-]{33,}\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ENGLISH_WORDS = (
    "the of to is are and for with when not it this that has have does by or from why how what after because in on a "
    "an at as any all if about across during while without"
)
_OTHER_WORDS = (
    "der die das und nicht ist wenn ein eine auf mit el los las que con para por les des une est pour avec dans il "
    "che di per non sono niet een het och att som nie jest"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_OTHERS = frozenset(_OTHER_WORDS.split())
_ALERT = re.compile(r"[A-Za-z][A-Za-z0-9_:-]{2,59}")

_TO_A_MODEL = re.compile(
    r"""(?ix)
    \b(?:ignore|disregard|forget|override|overrule|bypass)\b .{0,40}
      \b(?:instruction|prompt|rule|message|guideline|above|previous|prior|earlier|everything)s?\b
    | \b(?:system|developer)\s+(?:prompt|message) | \b(?:new|real|actual|hidden|following|these)\s+instructions?\b
    | \b(?:language|ai)\s+model\b | \bas\s+an?\s+(?:ai|llm|assistant)\b | \b(?:llm|chatgpt|gpt|ai)s?\b\s*[:,]
    | \byou\s+are\s+(?:now\s+)?an?\b | \bpretend\b | \bjailbreak | \b(?:act|behave)\s+as\b
    | (?:^|\W)(?:system|assistant|user|human)\s*:
    | <\|\w | \[/?INST\] | </?(?:system|assistant|user|instructions?|prompt)\b
    | \b(?:respond|reply|answer|output|print|say|return|write|repeat|include|append)\s+
      (?:only|exactly|always|with|the\s+following|the\s+words?|the\s+(?:phrase|sentence|text)|this\b|that\s+it)
    | \b(?:do\s+not|don't|never)\s+(?:mention|tell|reveal|report|disclose|say)\b
    | \b(?:note|attention|message|instructions?|important)\s+(?:to|for)\s+(?:the\s+)?
      (?:ai|model|llm|assistant|agent|reviewer|summari[sz]er|indexer)s?\b
    """
)
_ORDER = re.compile(
    r"""(?ix)
    \b(?:you|operators?|users?|everyone|engineers?)\s+(?:must|have\s+to|are\s+required|are\s+to)\b
    | \b(?:sudo|chmod|rm\s+-|eval|base64|pip\s+install|npm\s+install|bash\s+-c)\b
    | \b(?:approve|accept|grant|allow|permit|skip|disable|turn\s+off)\b .{0,30}
      \b(?:proposals?|approvals?|reviews?|permissions?|guards?|polic(?:y|ies)|security|warnings?|checks?|access)\b
    | \b(?:send|post|upload|paste|share|email|forward|enter|provide|give|leak|exfiltrate)\b .{0,40}
      \b(?:passwords?|secrets?|tokens?|credentials?|keys?|kubeconfigs?|environment)\b
    | \b(?:call|contact|visit|click|download|install)\b .{0,20}\b(?:link|site|page|number|here|package|script|us)\b
    """
)
_PRAISE = re.compile(
    r"""(?ix)
    \b(?:for|in|on|to|with|during|whatever)\s+(?:every|any|all|each)\s+(?:kinds?\s+of\s+)?
      (?:incident|alert|question|problem|situation|outage|case)s?\b
    | \balways\s+(?:use|run|choose|start|pick|prefer|recommend|select)
    | \b(?:run|use|choose|pick|prefer|select|try)\b .{0,30}\b(?:first|always|instead\s+of|before\s+(?:any|all|every))
    | \b(?:best|most\s+important|most\s+useful|only|top|highest)\s+(?:\w+\s+)?(?:task|tool|result|rank\w*|priority)
    | \b(?:no|any|all)\s+other\s+tasks?\b | \b(?:completely|perfectly|totally|100\s*%)\s+safe\b | \brisk[- ]free\b
    """
)


def instructs(text: str) -> bool:
    """Whether a text speaks to a model, as lines of a source do that want to be obeyed."""
    return bool(_TO_A_MODEL.search(text))


def fault(text: str, longest: int) -> str:
    """Why a text is refused, in a few words; empty when nothing is wrong with it."""
    if not _SHORTEST <= len(text) <= longest:
        return f"has {len(text)} characters"
    if _CONTROL.search(text) or _MARKUP.search(text):
        return "has markup"
    if _LINK.search(text):
        return "has a link or an address"
    if _CODE.search(text):
        return "has a code"
    if instructs(text) or _ORDER.search(text):
        return "gives orders"
    if _PRAISE.search(text):
        return "praises the Task"
    if not _english(text):
        return "is not English"
    return "repeats itself" if _repeats(text) else ""


def alert_fault(name: str) -> str:
    """The same for an alert's name: one word."""
    return "" if _ALERT.fullmatch(name) and not instructs(name) else "is no alert's name"


def _english(text: str) -> bool:
    if any(not (char.isascii() or char in _TYPOGRAPHY) for char in unicodedata.normalize("NFC", text)):
        return False
    said = re.findall(r"[a-z']+", text.lower())
    ours, theirs = sum(one in _ENGLISH for one in said), sum(one in _OTHERS for one in said)
    return bool(said) and theirs <= ours and (ours > 0 or len(said) < _SENTENCE)


def _repeats(text: str) -> bool:
    counts = Counter(words.content(text))
    return max(counts.values(), default=0) > _MOST_OFTEN
