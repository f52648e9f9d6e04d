"""What all parts of a node in this process share: the daemon, as long as it is at work."""

from credimus.kernel.errors import Unavailable
from credimus.runtime.daemon import Daemon


class Opened:
    """A node that was opened; once it is closed it answers nothing."""

    def __init__(self, daemon: Daemon) -> None:
        self._opened = daemon

    @property
    def _daemon(self) -> Daemon:
        if self._opened.driver.closed:
            raise Unavailable("stopping", "this node is closed, or is stopping; open it again.")
        return self._opened
