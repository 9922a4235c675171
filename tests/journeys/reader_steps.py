"""What readers and partners do: paste a message, open an alert, poll the feeds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import feedparser
from playwright.sync_api import Browser, Page

from tests.journeys.running import Site


@dataclass
class Reader:
    """A reader at a phone."""

    page: Page
    site: str

    def check(self, text: str) -> str:
        """Pastes a text into the form of the home page; returns the outcome that the page shows."""
        self.page.goto(f"{self.site}/")
        self.page.locator("textarea[name='text']").fill(text)
        self.page.locator("form[action$='/check'] button").first.click()
        shown = self.page.locator("[data-outcome]").first
        shown.wait_for()
        return str(shown.get_attribute("data-outcome"))

    def answer(self) -> str:
        """The words of the answer on the page."""
        return self.page.locator("[data-outcome]").first.inner_text()

    def headline(self) -> str:
        """The headline of the first answer."""
        return self.page.locator("[data-outcome] .lead a").first.inner_text().strip()

    def open_first(self) -> str:
        """Opens the first answer; returns its address."""
        self.page.locator("[data-outcome] .lead a").first.click()
        self.page.wait_for_url("**/alerts/**")
        return self.page.url


def reader(browser: Browser, site: str) -> Reader:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    context.set_default_timeout(30_000)
    return Reader(context.new_page(), site)


@dataclass(frozen=True)
class Entry:
    """One entry as a partner's reader sees it, whatever the format."""

    id: str
    title: str
    content: str
    updated: str


def feed(site: Site, name: str) -> dict[str, list[Entry]]:
    """The feed `name` (such as `all/zh-hans`) in its three formats."""
    rss = feedparser.parse(site.get(f"/feeds/{name}.rss").body)
    atom = feedparser.parse(site.get(f"/feeds/{name}.atom").body)
    loaded: dict[str, Any] = json.loads(site.get(f"/feeds/{name}.json").body)
    assert not rss.bozo and not atom.bozo
    return {
        "rss": [_entry(e) for e in rss.entries],
        "atom": [_entry(e) for e in atom.entries],
        "json": [
            Entry(i["id"], i["title"], i.get("content_html") or i["content_text"], i["date_modified"])
            for i in loaded["items"]
        ],
    }


def _entry(e: Any) -> Entry:
    content = e.content[0].value if e.get("content") else e.get("summary", "")
    return Entry(e.id, e.title, content, e.get("updated", ""))
