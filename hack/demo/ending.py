"""What is printed when the steps are done and everything keeps running."""

from demo.stage import Stage

_TEXT = """
Everything keeps running until Ctrl-C. In another terminal, in this folder:

  export KUBECONFIG={kubeconfig}
  export PATH={programs}:$PATH

  kubectl get sfconn -w                        # renewed automatically, about every 30 s
  kubectl describe sfconn crm                  # conditions and Events
  kubectl delete secret crm-token              # back at once, without a login
  curl -sX POST {admin}/orgs/acme/kill-sessions
  curl -sX POST {admin}/outage -d '{{"on": true}}'     # and {{"on": false}}
  curl -s {admin}/history                      # the org's Login History
  curl -s {operator}/metrics
  tail -f {log}                      # the operator's log

By name the org is https://acme.my.salesforce.com (behind the proxy), by port https://{address}.
"""


def what_to_try(stage: Stage) -> str:
    """Return how to use what runs."""
    org, environment = stage.org, stage.shell.environment
    return _TEXT.format(
        kubeconfig=stage.shown(stage.folder / "cluster" / "kubeconfig"),
        programs=environment["PATH"].partition(":")[0],
        admin=org.admin,
        operator=stage.operator_url,
        log=stage.shown(stage.operator_log),
        address=org.address,
    )
