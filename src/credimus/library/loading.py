"""A folder's node, with what a program gives it in place of its settings: judge, similarity."""

from credimus.library.comparing import Compared, Similarity
from credimus.library.judging import Judge, function_of, with_judge
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask
from credimus.runtime.settings.settings import Settings, read_settings


def loaded(
    home: Home,
    settings: Settings | None,
    judge: Judge | None,
    ask: Ask | None = None,
    similarity: Similarity | None = None,
) -> Daemon:
    """The node of a folder that votes by a judge, if one is given; not yet started.

    Args:
        ask: gives the passphrase of a protected key; the environment is asked when None.
        similarity: how statements bear on each other; by their words when None.
    """
    if judge is None:
        daemon = Daemon.load(home, settings, ask=ask)
    else:
        home.check_made()
        settings = with_judge(settings or read_settings(home.config))
        daemon = Daemon.load(home, settings, function_of(judge), ask)
    if similarity is not None:
        daemon.node.partition.use(Compared(similarity))
    return daemon
