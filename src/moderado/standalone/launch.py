"""`python -m moderado.standalone.launch program …`: become the program, and die with the parent."""

import os
import sys

from moderado.core.processes import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 (it is the whole purpose)
