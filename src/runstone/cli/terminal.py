"""A session as a person reads it in a terminal: events as they come, then the outcome."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

_MARK = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "errored": "[yellow]![/]", "skipped": "[dim]-[/]"}
_SEVERITY = {1: "bold red", 2: "red", 3: "yellow", 4: "dim"}


class Terminal:
    """Prints a session's Events and its report."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chosen: dict[str, str] = {}

    def say(self, text: str) -> None:
        """One plain line."""
        self._console.print(text, highlight=False, soft_wrap=True)

    def event(self, event: dict[str, Any]) -> None:
        """One Event of a session."""
        data = event["data"]
        match event["type"]:
            case "session.state":
                self.say(f"[dim]  session {data['state']}: {escape(data['reason'])}[/]")
            case "request.offered":
                for task in data["tasks"]:
                    self._chosen[task["resolved_title"]] = task["score"]["why"]
            case "task.started" if data["task"]:
                self.say(f"[cyan]▶[/] {escape(data['task'])}  [dim]{escape(self._chosen.get(data['task'], ''))}[/]")
            case "task.issue":
                self._issue(data["issue"])
            case "task.done" if data["task"]:
                note = f" [dim]{escape(data['message'])}[/]" if data["message"] else ""
                self.say(f"{_MARK[data['state']]} {escape(data['task'])} [dim]{data['elapsed_s']:.1f} s[/]{note}")
            case "request.lost":
                self.say(f"[yellow]![/] a runner was lost; {'tried again' if data['again'] else 'not tried again'}")
            case "proposal.approved":
                self.say("[green]✓[/] approved; running the change")
            case _:
                pass

    def report(self, report: dict[str, Any], url: str = "") -> None:
        """The outcome: causes with evidence, what was excluded, what was not seen, what is proposed."""
        self._console.print()
        for rank, cause in enumerate(report["causes"]):
            self._cause(rank, cause)
        if not report["causes"]:
            self._console.print(
                Panel(
                    escape(report["reason"]), title="No cause", border_style="yellow" if report["issues"] else "green"
                )
            )
        self._remarks("Ruled out", report["ruled_out"], "green")
        self._remarks("Could not check", report["could_not_check"], "yellow")
        for proposal in report["proposals"]:
            self._proposal(proposal, url)
        took = f"{report['tasks_run']} Tasks, {report['writes']} changes, {report['elapsed_s']} s"
        self.say(f"[bold]{report['state']}[/]{' and resolved' if report['resolved'] else ''} [dim]({took})[/]")

    def _issue(self, issue: dict[str, Any]) -> None:
        style = _SEVERITY[issue["severity"]]
        self.say(f"    [{style}]severity {issue['severity']}[/] {escape(issue['title'])}")

    def _cause(self, rank: int, cause: dict[str, Any]) -> None:
        body = Text(cause["reason"])
        body.append(f"\n{cause['grade']}, confidence {cause['confidence']}, {cause['code']}", style="dim")
        for line in cause["evidence"]:
            body.append(f"\n  │ {line['line']}", style="cyan")
            body.append(f"\n  └ {line['task']}", style="dim")
        title = ("Root cause: " if rank == 0 else "Also: ") + _named(cause["resource"])
        self._console.print(Panel(body, title=escape(title), title_align="left", border_style="red"))

    def _remarks(self, title: str, remarks: list[dict[str, Any]], style: str) -> None:
        if remarks:
            self.say(f"[{style}]{title}[/]")
        for remark in remarks[:12]:
            where = f"{_named(remark['resource'])}: " if remark["resource"] else ""
            self.say(f"  {escape(where)}{escape(remark['what'])} [dim]{escape(remark['why'])}[/]")
        if len(remarks) > 12:
            self.say(f"  [dim]and {len(remarks) - 12} more[/]")

    def _proposal(self, proposal: dict[str, Any], url: str) -> None:
        body = (
            f"{proposal['task']}\nchanges {_named(proposal['target'])}; {proposal['state']} until {proposal['expires']}"
        )
        shown = {k: v for k, v in proposal["parameters"].items() if v}
        body += "".join(f"\n  {name} = {value}" for name, value in shown.items())
        self._console.print(Panel(escape(body), title="Proposed fix", title_align="left", border_style="blue"))
        if url and proposal["state"] == "open":
            self.say(f"Look at it and approve it at {url}")


def _named(ref: dict[str, Any] | None) -> str:
    if ref is None:
        return ""
    return f"{ref['kind']} {ref['name']}" + (f" in namespace {ref['namespace']}" if ref["namespace"] else "")
