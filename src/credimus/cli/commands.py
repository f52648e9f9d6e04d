"""The table of commands: their words, where each lives, what it is for.

Deliberately light: the overview, the pages and completion read it without loading a command.
"""

from typing import NamedTuple

from credimus.kernel.errors import UsageError


class Entry(NamedTuple):
    """A command: its words, where it lives, what it is for."""

    words: str
    target: str
    help: str


COMMANDS = (
    Entry("init", "credimus.cli.node:init", "Found a fleet: make the folder of its first node."),
    Entry("invite", "credimus.cli.node:invite", "Print a ticket with which one node can join."),
    Entry("join", "credimus.cli.node:join", "Join a fleet with a ticket."),
    Entry("up", "credimus.cli.node:up", "Run a node in the foreground."),
    Entry("status", "credimus.cli.node:status", "Show how the node is."),
    Entry("members", "credimus.cli.members:members", "List the fleet's members."),
    Entry(
        "convergence",
        "credimus.cli.convergence:convergence",
        "Show how long a block takes to reach all.",
    ),
    Entry("admit", "credimus.cli.members:admit", "Admit one more, or somebody again."),
    Entry("expel", "credimus.cli.members:expel", "Say that a member is to go."),
    Entry("grant", "credimus.cli.members:grant", "Change what a member may say."),
    Entry("key rotate", "credimus.cli.key:rotate", "Give the node a new key."),
    Entry("partitions", "credimus.cli.partitions:partitions", "Show splits of the fleet."),
    Entry("violations", "credimus.cli.violations:violations", "Show what members did wrong."),
    Entry("top", "credimus.cli.top:top", "Watch a node live."),
    Entry("assert", "credimus.cli.beliefs:assert_", "State a belief and put it to the vote."),
    Entry("propose", "credimus.cli.beliefs:propose", "Put a belief to the vote again."),
    Entry("vote", "credimus.cli.beliefs:vote", "Vote in the open round on a belief."),
    Entry("retract", "credimus.cli.beliefs:retract", "Take back this node's own assertions."),
    Entry("share", "credimus.cli.beliefs:share", "Let further members read an enclosed belief."),
    Entry("relate", "credimus.cli.beliefs:relate", "State how one belief bears on another."),
    Entry("beliefs", "credimus.cli.beliefs:beliefs", "List beliefs."),
    Entry("send", "credimus.cli.messages:send", "Send a message to other members."),
    Entry("inbox", "credimus.cli.messages:inbox", "Read the messages of others."),
    Entry("done", "credimus.cli.messages:done", "Say that a message is finished."),
    Entry("sent", "credimus.cli.messages:sent", "Show how far your messages have come."),
    Entry("log", "credimus.cli.log:log", "Show who did what, when."),
    Entry("watch", "credimus.cli.watch:watch", "Print what happens, as it happens."),
    Entry("checkpoints", "credimus.cli.checkpoints:checkpoints", "Show what was let go, when."),
    Entry("why", "credimus.cli.why:why", "Explain a belief: the votes, and what would change it."),
    Entry("search", "credimus.cli.search:search", "Find beliefs by their words."),
    Entry("certificate", "credimus.cli.certificates:certificate", "Print the proof of a verdict."),
    Entry("verify", "credimus.cli.certificates:verify_", "Check a certificate, offline."),
    Entry("trust", "credimus.cli.certificates:trust", "Print what others need to check yours."),
    Entry("doctor", "credimus.cli.doctor:doctor", "Find what is wrong with a node, and mend it."),
    Entry("recover", "credimus.cli.recovery:recover", "Mend a damaged store of a node."),
    Entry("recovery", "credimus.cli.recovery:recovery", "Show how far a recovery is."),
    Entry("recovery plan", "credimus.cli.reunion:plan", "Plan to reunite what was decided apart."),
    Entry("recovery begin", "credimus.cli.reunion:begin", "Carry out such a plan."),
    Entry("recovery abort", "credimus.cli.reunion:abort", "Take back what a reunion said."),
    Entry("backup", "credimus.cli.backup:backup", "Copy a node's folder, while it runs or not."),
    Entry("token create", "credimus.cli.token:create", "Make a token for a program."),
    Entry("token list", "credimus.cli.token:list_", "List the tokens."),
    Entry("token revoke", "credimus.cli.token:revoke", "Let a token go."),
    Entry("key protect", "credimus.cli.key:protect", "Put the node's key under a passphrase."),
    Entry("key unprotect", "credimus.cli.key:unprotect", "Keep the key without a passphrase."),
    Entry("config show", "credimus.cli.config:show", "Show every setting and whence it comes."),
    Entry("config path", "credimus.cli.config:path", "Print where the settings are kept."),
    Entry("completion", "credimus.cli.completion:completion", "Print completion for a shell."),
    Entry("demo", "credimus.cli.demo:demo", "Play an incident on five real nodes."),
    Entry("sim", "credimus.cli.sim:sim", "Run a whole fleet under faults, from one seed."),
    Entry("replay", "credimus.cli.replay:replay", "Decide a crowd's answers, from a CSV file."),
    Entry("maelstrom", "credimus.cli.maelstrom:maelstrom", "Be a node of a Maelstrom test."),
    Entry("bench decide", "credimus.cli.bench:decide", "Decided beliefs per second."),
    Entry("bench http", "credimus.cli.bench:http", "Requests per second over HTTP."),
    Entry("bench orset", "credimus.cli.bench:orset", "Speed and size of the OR-Set."),
    Entry("bench maelstrom", "credimus.cli.bench:maelstrom", "Broadcast as Maelstrom judges it."),
    Entry("bench certificate", "credimus.cli.bench:certificate", "Size of certificates."),
)
GROUPS = {
    "bench": "Measure this machine.",
    "config": "Look at a node's settings.",
    "key": "The node's key.",
    "token": "Tokens for programs that ask this node.",
}
HEADLINE = "A leaderless fleet that decides what it believes."
NO_COMMAND = "credimus"
"""What the JSON output names as the command when none was recognised."""


def named(given: list[str]) -> tuple[str, int]:
    """The command or group that the arguments begin with, and how many words it has."""
    for count in (2, 1):
        words = " ".join(given[:count])
        if len(given) >= count and (words in _BY_WORDS or words in GROUPS):
            return words, count
    return NO_COMMAND, 0


def entry_of(words: str) -> Entry | None:
    """The command of these words; None for a group."""
    return _BY_WORDS.get(words)


def members_of(group: str) -> list[Entry]:
    """The commands of a group."""
    return [one for one in COMMANDS if one.words.startswith(f"{group} ")]


def unknown(given: list[str], group: str = "") -> UsageError:
    """The error for words that are no command, with the nearest that is one."""
    from credimus.kernel.wording import did_you_mean

    said = " ".join([group, *given[:1]]).strip()
    asked = did_you_mean(said, (*_BY_WORDS, *GROUPS))
    hint = f" {asked[0].upper()}{asked[1:]}" if asked else ""
    called = f"credimus {group}".strip()
    return UsageError("usage", f"there is no command {said[:60]!r}.{hint} See `{called} --help`.")


_BY_WORDS = {one.words: one for one in COMMANDS}
