"""The instants in the life of a token.

Two clocks: the login clock runs from the last successful login and shows when a
renewal is due; the session clock runs from the last proof that the session was
alive and shows until when it may be trusted.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.connection import TokenSettings
from token_operator.domain.jwt_claims import claimed_life
from token_operator.domain.token import AccessToken, ExpirySource

# Renewal times of a fleet are pulled forward by up to this share of the life.
# With the default of 60 % a renewal falls between 52 % and 60 %: always in the
# second half, where a call slides the session, with 40 % left for an outage.
JITTER_SHARE: Final = 0.08
# A verification at least this often per life: a session that is called in its
# second half slides, and 1/2 - 1/12 of the life is left when an outage begins.
VERIFICATIONS_PER_LIFE: Final = 12
# A shorter life leaves too little of it after the kubelet has updated a mounted Secret.
SHORT_LIFE: Final = timedelta(minutes=5)
# Nothing is verified more often than the smallest verifyInterval.
MIN_VERIFY_INTERVAL: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldToken:
    """A token that the operator holds, with everything that it has seen of it."""

    token: AccessToken
    identity_hash: str
    issued_at: datetime
    # A whole second: a restart reads it back from what is shown, and must not shift that.
    login_at: datetime
    proof_at: datetime
    verified_at: datetime | None = None
    # Seen alive since the last login, restart or resumption.
    is_proven: bool = False
    # Nothing else is done with it before it is proven: it was suspended.
    must_prove: bool = False
    # A login was refused since the last proof, by what may have ended the session as well.
    is_doubted: bool = False
    dead_since: datetime | None = None
    # Logins since the death that returned this same token, and when to ask again.
    same_answers: int = 0
    ask_again_at: datetime | None = None
    # The org issues this token unchanged until its fixed expiry.
    comes_unchanged: bool = False
    limits_at: datetime | None = None
    limits_refused: bool = False
    userinfo_refused: bool = False
    passed_userinfo: bool = False
    api_usage: float = 0.0
    # The idle time that introspection saw left right after a proof; used instead of the setting.
    learned_life: timedelta | None = None

    @property
    def is_dead(self) -> bool:
        """Whether Salesforce reported the session as ended."""
        return self.dead_since is not None


def whole_second(instant: datetime) -> datetime:
    """Return *instant* rounded to the second, as status and annotations show it."""
    return (instant + timedelta(microseconds=500_000)).replace(microsecond=0)


def assumed_life(held: HeldToken, settings: TokenSettings) -> timedelta:
    """Return the session timeout to go by: from introspection, else the setting."""
    return settings.lifetime if held.learned_life is None else held.learned_life


def expiry_source(held: HeldToken) -> ExpirySource:
    """Return where the expiry of the token is known from."""
    is_learned = held.token.fixed_expiry is None and held.learned_life is not None
    return ExpirySource.INTROSPECTION if is_learned else held.token.expiry_source


def life_of(held: HeldToken, settings: TokenSettings) -> timedelta:
    """Return how long the token is taken to live, from its fixed expiry or its timeout."""
    fixed = held.token.fixed_expiry
    if fixed is None:
        return assumed_life(held, settings)
    return max(fixed - held.issued_at, timedelta(seconds=1))


def short_life_warning(token: AccessToken, otherwise: timedelta) -> str:
    """Return a sentence about a life that is too short for mounted Secrets; empty otherwise.

    The life is what a JWT says from its issue on: an org may issue one again near its end. For
    any other token it is *otherwise*.
    """
    life = claimed_life(token.value) or otherwise
    if life >= SHORT_LIFE:
        return ""
    return (
        "The token lifetime is under 5 min: the kubelet takes up to 90 s to update a mounted "
        "Secret, so a pod may read it too late. Increase the session timeout in the app or org."
    )


def expires_at(held: HeldToken, settings: TokenSettings) -> datetime:
    """Return the end of the session clock: the fixed expiry, or the last proof and a lifetime."""
    fixed = held.token.fixed_expiry
    return held.proof_at + assumed_life(held, settings) if fixed is None else fixed


def shown_expiry(held: HeldToken, settings: TokenSettings) -> datetime:
    """Return the expiry that targets show; it moves with renewals only."""
    fixed = held.token.fixed_expiry
    return held.login_at + assumed_life(held, settings) if fixed is None else fixed


def safe_until(held: HeldToken, settings: TokenSettings) -> datetime:
    """Return until when the token surely works if Salesforce is not reached any more.

    A proof slides the session only in its second half, so all that a proof
    proves for certain is that half of the life is left. Of a token that is
    doubted no more is known than that it worked at the last proof.
    """
    if held.is_doubted:
        return held.proof_at
    fixed = held.token.fixed_expiry
    return held.proof_at + assumed_life(held, settings) / 2 if fixed is None else fixed


def share_of(uid: str) -> float:
    """Return a number in [0, 1) that is always the same for one *uid*."""
    return int.from_bytes(hashlib.sha256(uid.encode()).digest()[:8]) / 2**64


def renewal_share(settings: TokenSettings, uid: str) -> float:
    """Return the share of the life after which this connection renews."""
    return settings.renew_at_percent / 100 - JITTER_SHARE * share_of(uid)


def renewal_time(held: HeldToken, settings: TokenSettings, uid: str) -> datetime:
    """Return the instant from which a renewal is due, a whole second: the one that is shown."""
    fixed = held.token.fixed_expiry
    if fixed is not None and held.comes_unchanged:
        return fixed
    # A fixed expiry may come anew with each login; what counts is the life from there.
    life = life_of(held, settings) if fixed is None else fixed - held.login_at
    return whole_second(held.login_at + life * renewal_share(settings, uid))


def verify_interval(held: HeldToken, settings: TokenSettings) -> timedelta | None:
    """Return the effective verification interval; None where verification is off."""
    if not settings.verify_interval:
        return None
    share = life_of(held, settings) / VERIFICATIONS_PER_LIFE
    return max(min(settings.verify_interval, share), MIN_VERIFY_INTERVAL)


def is_expired(held: HeldToken, settings: TokenSettings, now: datetime) -> bool:
    """Whether the session clock has run out."""
    return now >= expires_at(held, settings)


def is_alive(held: HeldToken, settings: TokenSettings, now: datetime) -> bool:
    """Whether the token is taken to work."""
    return not held.is_dead and not is_expired(held, settings, now)


def reported_expiry_has_passed(held: HeldToken, settings: TokenSettings, now: datetime) -> bool:
    """Whether an expiry that Salesforce reported has passed."""
    is_reported = expiry_source(held) is not ExpirySource.CONFIGURED
    return is_reported and is_expired(held, settings, now)
