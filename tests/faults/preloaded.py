"""What children of the fork server need not do again: the imports, and loading the languages."""

import tests.faults.driver  # noqa: F401
from retrieval.analysis import detect_language

detect_language("The language of a text of some words is looked up in tables that take long.")
