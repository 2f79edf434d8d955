"""What a browser shows where signing in by the provider ends without a session."""

from __future__ import annotations

from html import escape

from serve.schemas import Problem

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_FRENCH = {
    "oidc_refused": "La réponse du fournisseur d'identité n'a pas pu être acceptée.",
    "oidc_unavailable": "Le fournisseur d'identité ne répond pas correctement.",
    "account_needed": "Personne ne vous a encore invité ici. Demandez une invitation à un "
    "administrateur.",
    "account_exists": "Un compte de ce nom existe déjà. S'il est à vous, demandez à un "
    "administrateur un lien pour le relier.",
    "account_suspended": "Ce compte est suspendu. Adressez-vous à un administrateur.",
    "domain_refused": "Votre adresse électronique n'est pas confirmée, ou son domaine n'est pas "
    "admis ici.",
    "link_invalid": "Ce lien a déjà servi, est trop ancien ou incomplet. Demandez-en un autre à un "
    "administrateur.",
    "too_many_attempts": "Trop d'essais depuis cette adresse. Réessayez plus tard.",
}


def error_page(problem: Problem, languages: str, again: str) -> str:
    """The page, in French where the browser prefers that, and in English otherwise."""
    is_french = languages.lower().startswith("fr")
    told = f"{problem.detail} {problem.advice or ''}".strip()
    title, retry, language = "Not signed in", "Sign in again", "en"
    if is_french:
        told = _FRENCH.get(problem.code, told)
        title, retry, language = "Connexion impossible", "Se connecter à nouveau", "fr"
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}: Cloister</title><h1>{title}</h1><p>{escape(told)}</p>"
        f'<p><a href="{escape(again)}">{retry}</a> · <a href="/">Cloister</a></p>'
        f"<p><small>{escape(problem.code)}</small></p>"
    )
