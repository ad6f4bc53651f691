from token_operator.domain.outbox import Notice, Outbox


def test_change_is_announced_each_time_it_happens() -> None:
    outbox = Outbox()

    outbox.announce("TokenRenewed", "First.")
    outbox.announce("TokenRenewed", "Second.")

    assert [notice.message for notice in outbox.take()] == ["First.", "Second."]


def test_taken_notices_are_not_taken_again() -> None:
    outbox = Outbox()
    outbox.announce("TokenMinted", "A token.")

    outbox.take()

    assert outbox.take() == ()


def test_lasting_condition_is_announced_when_it_begins_and_changes() -> None:
    outbox = Outbox()

    for message in ("Off.", "Off.", "Far off.", "", "Far off."):
        outbox.announce_once("clock", "ClockSkew", message)

    assert [notice.message for notice in outbox.take()] == ["Off.", "Far off.", "Far off."]


def test_lasting_condition_with_a_mark_may_change_its_message() -> None:
    outbox = Outbox()

    outbox.announce_once("clock", "ClockSkew", "Off by 70 s.", mark="off")
    outbox.announce_once("clock", "ClockSkew", "Off by 71 s.", mark="off")

    assert outbox.take() == (Notice(reason="ClockSkew", message="Off by 70 s.", is_warning=True),)


def test_condition_that_was_announced_before_a_restart_is_not_announced_again() -> None:
    outbox = Outbox()
    outbox.remember("failure", "Terminal UserInactive")

    outbox.announce_once("failure", "UserInactive", "Frozen.", mark="Terminal UserInactive")

    assert outbox.take() == ()


def test_outbox_knows_which_reasons_wait() -> None:
    outbox = Outbox()
    outbox.announce("TokenMinted", "A token.")

    assert outbox.holds_any({"TokenMinted", "TokenRenewed"})
    assert not outbox.holds_any({"TokenDied"})
