"""`python -m examples.main_job [FOLDER]`: tell the story, then write a page to look at into the folder."""

import sys
from pathlib import Path

from examples.main_job import page, story, views
from examples.main_job.company import Company


def main(folder: Path) -> None:
    """Run the story from an empty store; the page is written into *folder*."""
    company = Company()
    views.people()
    told = story.run(company)
    views.show(company, told)
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "main_job.html"
    report.write_text(page.render(company, told), encoding="utf-8")
    print(f"\nA page to look at: {report}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build"))
