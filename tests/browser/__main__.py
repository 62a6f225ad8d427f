"""`python -m tests.browser`: the path of the browser that the tests of the pages drive, or how to get one."""

import sys

from tests.browser.harness import browser_path

try:
    print(browser_path())
except LookupError as missing:
    sys.exit(str(missing))
