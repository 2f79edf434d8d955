"""Sentence borders by rule, for the languages that an office writes in.

The rules lean towards not splitting: a quote that is one sentence too long is still checkable, half
a sentence is not. Time is linear in the text, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.types import Span

_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")

_ALWAYS = "。！？｡．؟۔।॥"
_TERMINATORS = ".!?…‼⁇⁈⁉" + _ALWAYS
_RUN = re.compile(f"[{re.escape(_TERMINATORS)}]+")

# A closing mark right after the terminator, note references, and the spaced French guillemet.
_TAIL = re.compile(
    r"""["'”’“‘»›«‹)\]}」』】〉》）］｝]*(?:\[\d{1,4}\])*(?:\s{1,2}[»›](?=[\s.,;:!?)]|\Z))?"""
)
_LEAD = re.compile(r"""[\s"'“”„‘’‚«»‹›(\[{¿¡「『【〈《（*_]*""")
_WORD = re.compile(r"[^\W\d_]{1,24}")
_JOINTS = re.compile(r"""[()\[\]{}"'’‘“”„«»‹›–—/\-,;:]""")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]{1,2}")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[IVXivx]{1,5})")
_REFERENCE = re.compile(r"\d|[IVXLC]+\b|[A-Z]\b|[§°]")

_LOOK_BACK = 40


def _words(spaced: str) -> frozenset[str]:
    return frozenset(spaced.split())


_NEVER_LAST = _words(
    "mr mrs ms dr drs prof pr mgr mm mme mlle sr sra srta dott dott.ssa sig sig.ra avv ing "
    "arch hr fr hon rev gen col lt sgt capt cmdr gov sen rep st ste e.g eg i.e ie cf viz vs "
    "approx z.b d.h u.a u.u o.g i.d.r i.h.v m.e p.ex ex vgl bzw bspw ggf evtl inkl "
    "exkl zzgl abzgl sog gem ca resp lfd geb dipl ehem env ee p.ej ud uds sras v.gr ad.es bijv "
    "d.w.z m.b.t t.a.v o.a incl jl dhr mevr ds"
)
_SELDOM_LAST = _words(
    "inc ltd co corp bros jr al llc plc gmbh s.a min max std dept univ est fam tel jan feb mar apr "
    "jun jul aug sep sept oct nov dec okt dez janv févr avr juil déc ene abr ago dic mt ave blvd "
    "str bzgl allg jh jhd hrsg ed eds trans suppl"
)
_NUMBERED = _words(
    "no nos nr n nº núm num art arts abs fig figs abb vol vols ch chap sec sect eq tab tbl bd kap "
    "pp p pg pag pág s ss cap cl par para rn lit ziff anl anh app al ann v tz z"
)
_STARTERS = _words(
    "The A An In On At It He She They We You I This That These Those There Here However But And Or "
    "If When While After Before Since For From To With By As Although Because His Her Its Their "
    "Our My What Who Where Why How Not No Yes "
    "Le La Les L Un Une Des Du Il Elle Ils Elles On Nous Vous Je Ce Cette Ces Cet C Dans En Pour "
    "Par Avec Sur Mais Et Si Son Sa Ses Leur Leurs Selon Toutefois "
    "Der Die Das Den Dem Ein Eine Einen Es Er Sie Wir Ich Im Am Auf Bei Mit Nach Von Zu Für Und "
    "Aber Wenn Dies Diese Dieser Dieses Durch Als Auch "
    "El Los Las Una Se Es Su Sus Lo Con Por Para Pero "
    "Gli Nel Nella Della Questo Questa Per Ma Che "
    "O Os As Um Uma No Na Em Ao "
    "De Het Een Op Dit Deze Dat Hij Zij Wij Voor Maar"
)
_NAME_PARTICLES = _words("De La Le Les Los Las El Von Van Der Den Dem Das Du Des Lo O L")
_GERMAN_MONTHS = _words(
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember "
    "Jahrhundert Jahrhunderts Jahrtausend Weltkrieg Weltkriegs"
)
_GERMAN_DETERMINERS = _words(
    "der die das dem den des am im vom zum zur beim bis ab seit und oder ein eine einem einen "
    "einer ihr ihre ihrem ihren sein seine seinem seinen jeder jede jedes jedem jeden Am Im Der "
    "Die Das Vom Zum Bis Ab Seit Den Dem"
)


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of ``text`` in order, as spans without outer whitespace.

    Every character that is not whitespace lies in exactly one span. A line break always ends a
    sentence: stored page text has its hard-wrapped lines joined already.
    """
    spans: list[Span] = []
    for line in _LINE.finditer(text):
        start = _skip_spaces(text, line.start(), line.end())
        for end in _borders(text, start, line.end()):
            if end > start:
                spans.append(Span(start, end))
                start = _skip_spaces(text, end, line.end())
        if start < line.end():
            spans.append(Span(start, start + len(text[start : line.end()].rstrip())))
    return spans


def _skip_spaces(text: str, start: int, limit: int) -> int:
    while start < limit and text[start].isspace():
        start += 1
    return start


def _borders(text: str, start: int, limit: int) -> Iterator[int]:
    """Yield the ends of all sentences of one line but the last."""
    for run in _RUN.finditer(text, start, limit):
        tail = _TAIL.match(text, run.end(), limit)
        end = tail.end() if tail else run.end()
        if end < limit and _ends(text, start, run, end, limit):
            yield end
            start = _skip_spaces(text, end, limit)


def _ends(text: str, start: int, run: re.Match[str], end: int, limit: int) -> bool:
    """Whether the sentence begun at ``start`` ends at ``end``, after the terminators ``run``."""
    last, after = text[run.end() - 1], text[end]
    if after in _TERMINATORS:
        return False
    if last in _ALWAYS:
        return _ends_unspaced(text, run, end)
    if not after.isspace():
        return last != "." and _CJK.match(after) is not None and after not in "とっ"
    lead = _LEAD.match(text, end, limit)
    follower = lead.end() if lead else end
    if follower == limit or text[follower] in _TERMINATORS or text[follower].islower():
        return False
    length = run.end() - run.start()
    if last != "." or length > 1:
        # Four dots and more are the leaders of a table of contents.
        return length < 4 or text[run.start()] != "."
    return _full_stop_ends(text, start, run.start(), follower)


def _ends_unspaced(text: str, run: re.Match[str], end: int) -> bool:
    """Terminators that need no space: only a number or a Japanese quotative goes on after them."""
    if text[run.end() - 1] == "．":
        return not text[end].isdigit()
    quoted = text[end - 1] in "」』”"
    return not (quoted and text[end] in "とっ、，")


def _full_stop_ends(text: str, start: int, dot: int, follower: int) -> bool:
    """Whether one full stop, with a space and no small letter after it, ends the sentence."""
    before = text[max(start, dot - _LOOK_BACK) : dot]
    tokens = before.rsplit(maxsplit=2)
    if not tokens or before[-1].isspace():
        return not text[follower].isdigit()  # "Introduction . . . 5"
    if dot - start == len(tokens[-1]) and _ENUMERATOR.fullmatch(tokens[-1]):
        return False
    word = _JOINTS.split(tokens[-1])[-1]
    if word.isdecimal():
        previous = tokens[-2] if len(tokens) > 1 else ""
        return len(word) > 2 or not _german_ordinal(previous, _word_at(text, follower))
    return _word_ends(word, text, follower)


def _word_ends(word: str, text: str, follower: int) -> bool:
    """Whether a full stop after ``word`` ends a sentence and is no abbreviation's."""
    key = word.lower()
    if key in _NEVER_LAST:
        return False
    if key in _NUMBERED and _REFERENCE.match(text, follower):
        return False
    next_word = _word_at(text, follower)
    after = text[follower + len(next_word) : follower + len(next_word) + 1]
    starter = next_word in _STARTERS and after in (" ", "\xa0", "'", "’", ",", "")
    if len(word) == 1 and word.isalpha():
        return starter and next_word not in _NAME_PARTICLES
    if key in _SELDOM_LAST or _DOTTED.fullmatch(word):
        return starter
    return True


def _word_at(text: str, position: int) -> str:
    word = _WORD.match(text, position)
    return word.group() if word else ""


def _german_ordinal(previous: str, following: str) -> bool:
    return following in _GERMAN_MONTHS or (
        previous.lstrip("(\"'„»") in _GERMAN_DETERMINERS and following[:1].isupper()
    )
