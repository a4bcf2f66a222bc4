"""`python -m moderado.standalone.exec_with_parent program …`: exec a program.

The kernel kills the program when this process's parent dies.
"""

import os
import sys

from moderado.core.processes import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 (the purpose of this module)
