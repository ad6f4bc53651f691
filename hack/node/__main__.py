"""The command line of the local node: `python hack/node --help`."""

import argparse
import contextlib
import sys
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

try:
    from cluster import ClusterError, supervisor
    from cluster.state import Folder, Ready
    from node import images, programs, whole
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}. Use the Python of the development environment (make dev).")

_CHECKOUT = Path(__file__).resolve().parents[2]
_DEFAULT_FOLDER = _CHECKOUT / ".cluster"
_HELP = """\
A control plane and a real node (kubelet, kube-proxy, scheduler, containerd, DNS) on one Linux
machine: no Docker, no registry. Needs root; what the node mounts and connects is in namespaces
of its own.

  build   install and build all programs, and the operator's image; once, for some minutes
  up      start a control plane and a node that keep running, and say how to use them
  down    stop them and remove everything they left
  run     the same in the foreground, until Ctrl-C, SIGTERM or the end of the parent
  status  say whether they run; exit status 1 if not
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
            programs.provide(_report)
            images.operator(images.OPERATOR, _report)
            print(images.archive(images.OPERATOR, options.archive) if options.archive else "Built.")
        case "up":
            print(_up(options))
        case "down":
            return _down(options.dir)
        case "status":
            return _status(options.dir)
        case _:
            supervisor.run(
                options.dir,
                crds=options.crds,
                report=_report,
                bound=options.command == "run",
                begin=whole.start_whole,
            )
    return 0


def _up(options: argparse.Namespace) -> str:
    programs.provide(_report)
    package = Path(__file__).parent
    ready = supervisor.up(options.dir, crds=options.crds, report=_report, package=package)
    whole.await_node(options.dir, Path(ready.kubectl))
    return _usage(ready, options.dir)


def _down(directory: Path) -> int:
    ran = supervisor.down(directory)
    whole.clear(directory)
    # What the node left kept the folder from being removed.
    with contextlib.suppress(OSError):
        directory.rmdir()
    print("Stopped." if ran else f"Nothing runs in {directory}.")
    return 0


def _status(directory: Path) -> int:
    ready = Folder(directory).ready()
    if ready is None:
        print(f"Nothing answers in {directory}.")
        return 1
    print(_usage(ready, directory))
    return 0


def _usage(ready: Ready, directory: Path) -> str:
    folder = Folder(directory)
    return (
        f"A control plane and a node are up at {ready.url} (process {ready.pid}).\n\n"
        f"  export KUBECONFIG={folder.kubeconfig}\n"
        f"  export PATH={Path(ready.kubectl).parent}:$PATH\n"
        f"  kubectl get nodes\n\n"
        f"Logs: {folder.logs} and {folder.path / 'node' / 'logs'}"
    )


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="node",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    build = commands.add_parser("build")
    build.add_argument("--archive", type=Path, help="write the image here, for `docker load`")
    for name in ("up", "run", "supervise", "down", "status"):
        command = commands.add_parser(name)
        folder = "folder of both (default: .cluster in the checkout)"
        command.add_argument("--dir", type=Path, default=_DEFAULT_FOLDER, help=folder)
        if name in {"up", "run", "supervise"}:
            crds = "file or folder of custom resource definitions to create; repeatable"
            command.add_argument("--crds", type=Path, action="append", default=[], help=crds)
    return parser


if __name__ == "__main__":
    sys.exit(main())
