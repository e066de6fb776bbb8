"""docs/benchmarks.md, section by section: each script writes its own and leaves the others alone."""

import os
import re

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(REPOSITORY, "docs", "benchmarks.md")


def replaced(page, section):
    """The page with the section, which begins with its heading, in the place of the one of its name or at the end."""
    heading = section.split("\n", 1)[0]
    old = re.search(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", page, re.M | re.S)
    if not old:
        return page.rstrip("\n") + "\n\n" + section.rstrip("\n") + "\n"
    rest = page[old.end():]
    return page[:old.start()] + section.rstrip("\n") + "\n" + ("\n" + rest if rest else "")


def restarted(page, beginning):
    """The page with another beginning; the sections that this does not have stay behind it."""
    own = set(re.findall(r"^## .*", beginning, re.M))
    others = (found.start() for found in re.finditer(r"^## .*", page, re.M) if found.group() not in own)
    return beginning.rstrip("\n") + "\n\n" + page[next(others, len(page)):]


def change(into):
    with open(PAGE) as file:
        page = into(file.read())
    with open(PAGE, "w") as file:
        file.write(page.rstrip("\n") + "\n")


def write_section(section):
    change(lambda page: replaced(page, section))


def write_beginning(beginning):
    change(lambda page: restarted(page, beginning))
