"""The protocol that Salesforce speaks: keys, assertions, grants, answers, verification."""
