"""What a Salesforce org knows and decides, without any network."""
