"""Documents written by us, in English and French, to try Cloister with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SampleLanguage = Literal["en", "fr"]


@dataclass(frozen=True, slots=True)
class Samples:
    """The sample documents of a language, the collection for them, and questions they answer."""

    collection: str
    files: tuple[Path, ...]
    questions: tuple[str, ...]


def samples_in(language: SampleLanguage) -> Samples:
    """The samples of a language."""
    folder = Path(__file__).parent / language
    files = tuple(sorted(each for each in folder.iterdir() if not each.name.startswith(".")))
    return Samples(_COLLECTIONS[language], files, _QUESTIONS[language])


_COLLECTIONS: dict[SampleLanguage, str] = {"en": "Samples", "fr": "Exemples"}

_QUESTIONS: dict[SampleLanguage, tuple[str, ...]] = {
    "en": (
        "How many days of annual leave does an employee have?",
        "What notice must the tenant give to end the lease?",
        "How often must the machine be descaled?",
    ),
    "fr": (
        "Combien de jours de congés payés a un salarié ?",
        "Quel préavis le locataire doit-il respecter pour quitter le logement ?",
        "Quand faut-il détartrer la machine à café ?",
    ),
}
