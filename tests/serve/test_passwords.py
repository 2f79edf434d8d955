from __future__ import annotations

import pytest

from serve.people.errors import WeakPassword
from serve.people.passwords import MOST_CHARACTERS, check_strength, hash_of, is_right
from serve.people.tokens import csrf_token_of, new_token, sha256_of


@pytest.mark.parametrize(
    "password",
    [
        "", "short", "elevenchars", "a" * 12, "abababababab", "abcabcabcabc", "abcdefghijkl",
        "123456789012", "qwertyuiop12", "lkjhgfdsa321", "password1234", "P4ssw0rd!!!!!!",
        "passwordpassword", "Alice Miller!", "alicemiller12", "correcthorsebatterystaple",
        "welcomeadmin", "x" * (MOST_CHARACTERS + 1),
        "1qaz2wsx3edc", "zaq12wsxcde3", "!QAZ2wsx#EDC", "unbelievable", "michaeljackson",
        "spongebob123", "Summer2026!!", "Bienvenue2026!", "administrateur", "thecloister2026",
        "Alice.Miller1985", "aqwzsxedcrfv", "1a2z3e4r5t6y", "jetaimebeaucoup", "azertyuiopqs",
        "lundi-mardi!", "manchesterunited", "miller-cloister",
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_early_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, "Alice Miller")


@pytest.mark.parametrize(
    "password",
    [
        "quartz lantern ferry moss",
        "7rZ-q!m2Lw0v",
        "ein Päckchen für Oma",
        "東京の夜は静かに更けていく",
        "xkTq8vLm2pQz",
        "tuile renard cascade",
        "J'aime les gaufres au sucre",
        "4@8({[<369&#!/|105$5+7%2" + "quartz lantern ferry moss" * 7,
    ],
)
def test_others_are_taken(password: str) -> None:
    check_strength(password, "Alice Miller")


def test_an_address_is_no_password() -> None:
    for password in ("alice.miller@example.org", "Alice.Miller-example", "example.org/alice1"):
        with pytest.raises(WeakPassword):
            check_strength(password, "alice.miller@example.org")


def test_only_the_password_is_right_however_it_is_composed() -> None:
    stored = hash_of("caf\u00e9 au lait demain")
    assert stored.startswith("$argon2id$")
    assert stored != hash_of("caf\u00e9 au lait demain")
    assert is_right("cafe\u0301 au lait demain", stored)
    assert not is_right("cafe au lait demain", stored)
    assert not is_right("anything", None)
    assert not is_right("nobody has this password", None)
    assert not is_right("anything", "no hash at all")


def test_tokens_are_new_each_time_and_kept_as_a_hash() -> None:
    made = {new_token("clk_") for _ in range(100)}
    assert len(made) == 100
    token = made.pop()
    assert len(token) > 40
    assert token not in sha256_of(token)
    assert csrf_token_of(token) not in {token, sha256_of(token)}
