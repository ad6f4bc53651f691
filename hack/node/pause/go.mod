module salesforce-token.dev/pause

go 1.26.0
