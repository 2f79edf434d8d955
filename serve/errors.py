"""Errors of the server and its clients; those about people are in ``serve.people.errors``
and ``serve.oidc.errors``.

ServeError
├── InvalidRequest          invalid_request
│   └── WeakPassword        weak_password
├── ModelNotFound           model_not_found
├── NotReady                not_ready
├── ServerUnreachable       server_unreachable
├── LLMUnavailable          llm_unavailable
│   ├── LLMInterrupted      llm_interrupted
│   ├── LLMRefused          llm_refused
│   ├── LLMTimeout          llm_timeout
│   └── PromptTooLong       prompt_too_long
├── Busy                    busy
│   ├── LLMBusy             llm_busy
│   ├── TooManyQuestions    too_many_questions
│   ├── TooManyRequests     too_many_requests
│   └── TooManyAttempts     too_many_attempts
├── NotSignedIn             not_signed_in
│   └── SignInFailed        sign_in_failed
│       └── OidcRefused     oidc_refused
├── NotAllowed              not_allowed
│   ├── KeyNotAllowed       key_not_allowed
│   ├── AccessRevoked       access_revoked
│   ├── CsrfFailed          csrf_failed
│   ├── AccountNeeded       account_needed
│   ├── AccountExists       account_exists
│   ├── AccountSuspended    account_suspended
│   └── DomainRefused       domain_refused
├── OidcUnavailable         oidc_unavailable
├── FilledByProvider        filled_by_provider
├── LinkInvalid             link_invalid
├── NameTaken               name_taken
├── NothingToContinue       nothing_to_continue
├── LastAdministrator       last_administrator
├── QuotaExceeded           quota_exceeded
│   ├── PersonQuotaExceeded person_quota_exceeded
│   └── CollectionQuotaExceeded collection_quota_exceeded
├── AuditUnavailable        audit_unavailable
├── GuardUnavailable        guard_unavailable
├── Withheld                withheld
│   ├── QuestionWithheld    question_withheld
│   └── AnswerWithheld      answer_withheld
├── BindRefused             bind_refused
└── InvalidSetting          invalid_setting
"""

from __future__ import annotations

from retrieval.errors import CloisterError


class ServeError(CloisterError):
    """A request that the server cannot carry out, or a server that cannot be used."""

    code = "serve_error"


class InvalidRequest(ServeError):
    """The request breaks the rules; ``reason`` is a stable word for why, if there are several."""

    code = "invalid_request"

    def __init__(self, message: str, *, advice: str = "", reason: str = "") -> None:
        super().__init__(message, advice=advice)
        self.reason = reason


class ModelNotFound(ServeError):
    """There is no such model, or the asker may not know that it exists."""

    code = "model_not_found"


class NotReady(ServeError):
    """The server is still starting."""

    code = "not_ready"


class ServerUnreachable(ServeError):
    """No server answers at the address."""

    code = "server_unreachable"


class LLMUnavailable(ServeError):
    """What writes answers cannot be reached, or stopped in the middle."""

    code = "llm_unavailable"


class LLMInterrupted(LLMUnavailable):
    """The answer broke off; what arrived of it stays valid."""

    code = "llm_interrupted"

    def __init__(self, message: str, *, advice: str = "Ask again.") -> None:
        super().__init__(message, advice=advice)


class LLMRefused(LLMUnavailable):
    """The inference server is there but refuses the request: its key, its model, its rules."""

    code = "llm_refused"


class LLMTimeout(LLMUnavailable):
    """The inference server took the request and gave nothing in time: it may only be busy."""

    code = "llm_timeout"


class PromptTooLong(LLMUnavailable):
    """The prompt does not fit into the context window of the model."""

    code = "prompt_too_long"


class Busy(ServeError):
    """Too much is asked at once; ``retry_after`` is in seconds."""

    code = "busy"

    def __init__(self, message: str, *, advice: str = "", retry_after: int = 5) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class LLMBusy(Busy):
    """The inference server takes no further request just now."""

    code = "llm_busy"


class TooManyQuestions(Busy):
    """The queue in front of the model is full."""

    code = "too_many_questions"


class TooManyRequests(Busy):
    """One person has too many requests waiting."""

    code = "too_many_requests"


class GuardUnavailable(ServeError):
    """The safety model is configured but does not judge, so nothing is answered."""

    code = "guard_unavailable"


class Withheld(ServeError):
    """The safety model finds something unsafe."""

    code = "withheld"


class QuestionWithheld(Withheld):
    """The safety model finds the question unsafe; it is not answered."""

    code = "question_withheld"


class AnswerWithheld(Withheld):
    """The safety model finds the answer unsafe; it is not shown."""

    code = "answer_withheld"


class NothingToContinue(ServeError):
    """The answer is whole, or what there is of it may not be seen any more."""

    code = "nothing_to_continue"


class BindRefused(ServeError):
    """The address would let others in, and nobody is there yet who could sign in."""

    code = "bind_refused"


class InvalidSetting(ServeError):
    """A setting has a value that it cannot have."""

    code = "invalid_setting"
