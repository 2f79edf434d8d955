from __future__ import annotations

import pytest

from serve.people.errors import SignInFailed, TooManyAttempts
from serve.people.throttle import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, WINDOW_SECONDS, Guesses


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(guesses: Guesses, account: str, address: str) -> None:
    with pytest.raises(SignInFailed), guesses.attempt(account, address):
        raise SignInFailed("wrong")


def test_an_account_is_closed_after_its_last_allowed_guess_until_the_window_has_passed() -> None:
    clock = Clock()
    guesses = Guesses(clock)
    for number in range(MOST_PER_ACCOUNT):
        fail(guesses, "ann", f"10.0.0.{number}")
    with pytest.raises(TooManyAttempts) as refused, guesses.attempt("ann", "10.0.1.1"):
        raise AssertionError("not reached")
    assert 0 < refused.value.retry_after <= WINDOW_SECONDS + 1
    fail(guesses, "bob", "10.0.1.1")
    clock.now += WINDOW_SECONDS
    fail(guesses, "ann", "10.0.1.1")


def test_an_address_is_closed_whatever_names_it_tries() -> None:
    guesses = Guesses(Clock())
    for number in range(MOST_PER_ADDRESS):
        fail(guesses, f"name{number}", "10.0.0.1")
    with pytest.raises(TooManyAttempts), guesses.attempt("another", "10.0.0.1"):
        raise AssertionError("not reached")
    fail(guesses, "another", "10.0.0.2")


def test_success_forgets_the_failures_of_the_account_but_not_of_the_address() -> None:
    guesses = Guesses(Clock())
    for _ in range(MOST_PER_ACCOUNT - 1):
        fail(guesses, "ann", "10.0.0.1")
    with guesses.attempt("ann", "10.0.0.1"):
        pass
    fail(guesses, "ann", "10.0.0.2")
    for number in range(MOST_PER_ADDRESS - MOST_PER_ACCOUNT + 1):
        fail(guesses, f"name{number}", "10.0.0.1")
    with pytest.raises(TooManyAttempts), guesses.attempt("last", "10.0.0.1"):
        raise AssertionError("not reached")


def test_attempts_at_the_same_time_count_before_they_end() -> None:
    guesses = Guesses(Clock())
    for _ in range(MOST_PER_ACCOUNT - 1):
        fail(guesses, "ann", "10.0.0.1")
    with (
        guesses.attempt("ann", "10.0.0.1"),
        pytest.raises(TooManyAttempts),
        guesses.attempt("ann", "10.0.0.1"),
    ):
        raise AssertionError("not reached")


def test_what_fails_for_another_reason_does_not_count() -> None:
    guesses = Guesses(Clock())
    for _ in range(MOST_PER_ACCOUNT + 1):
        with pytest.raises(OSError), guesses.attempt("ann", "10.0.0.1"):
            raise OSError
