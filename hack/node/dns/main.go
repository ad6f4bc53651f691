// Dns is CoreDNS with what the names of a cluster need, and no more.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
)

func main() {
	// The order in which they see a question.
	dnsserver.Directives = []string{"errors", "kubernetes"}
	coremain.Run()
}
