// Queries Salesforce once for each line on its standard input, with the token as the mounted
// files hold it then: kubelet brings a new one into them, so they are read for each query.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/oauth2"
)

func read(folder, name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(folder, name))
	return strings.TrimSpace(string(content)), err
}

func query(ctx context.Context, folder, soql string) (string, error) {
	values := map[string]string{}
	for _, name := range []string{"access_token", "token_type", "instance_url", "api_version"} {
		value, err := read(folder, name)
		if err != nil {
			return "", err
		}
		values[name] = value
	}
	token := &oauth2.Token{AccessToken: values["access_token"], TokenType: values["token_type"]}
	client := oauth2.NewClient(ctx, oauth2.StaticTokenSource(token))
	address := fmt.Sprintf("%s/services/data/v%s/query?q=%s",
		values["instance_url"], values["api_version"], url.QueryEscape(soql))
	response, err := client.Get(address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", response.StatusCode)
	}
	var answer struct {
		Records []struct{ Name string } `json:"records"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", err
	}
	if len(answer.Records) == 0 {
		return "", fmt.Errorf("no records")
	}
	return answer.Records[0].Name, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		name, err := query(context.Background(), os.Args[1], lines.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(name)
	}
}
