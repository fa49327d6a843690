"""Runs a command in a pseudo-terminal: pseudo-terminal.py ROWS COLUMNS COMMAND...

What comes in is typed, what the command shows goes out. The line ESC [ 8 ; ROWS ; COLUMNS t resizes the terminal instead of being typed.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios

RESIZE = re.compile(rb"\x1b\[8;(\d+);(\d+)t")


def set_size(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    rows, columns, *command = sys.argv[1:]
    # Until the size is set, nothing may ask for it.
    wait, go = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        os.read(wait, 1)
        os.execvp(command[0], command)
    set_size(terminal, int(rows), int(columns))
    os.write(go, b"1")
    sources = [terminal, 0]
    while True:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 65536)
            except OSError:
                data = b""
            if source == terminal:
                if not data:
                    _, status = os.waitpid(child, 0)
                    sys.exit(os.waitstatus_to_exitcode(status) % 256)
                os.write(1, data)
            elif not data:
                sources.remove(0)
            else:
                for size in RESIZE.finditer(data):
                    set_size(terminal, int(size[1]), int(size[2]))
                    os.kill(child, signal.SIGWINCH)
                typed = RESIZE.sub(b"", data)
                if typed:
                    os.write(terminal, typed)


main()
