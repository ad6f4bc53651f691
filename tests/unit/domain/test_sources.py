"""Where a connection's credentials are."""

from token_operator.domain.sources import EntryRef, literal


def test_text_in_the_connection_is_a_literal_and_a_reference_has_none() -> None:
    assert literal("3MVG9") == "3MVG9"
    assert literal(EntryRef("crm-app", "consumer-key")) == ""
