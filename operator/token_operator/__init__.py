"""An operator that keeps working Salesforce access tokens in Kubernetes Secrets."""
