"""`credimus demo`: real node processes on this machine play an incident from a file."""
