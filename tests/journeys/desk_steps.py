"""What editors do on the desk, in Chromium, by the words on the buttons (the desk in English)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Page, expect


@dataclass
class Person:
    """An editor at a browser of their own."""

    page: Page
    site: str

    def log_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.site}/en/desk")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        assert "/desk/log-in" not in self.page.url

    def open_claim(self, words: str) -> None:
        """The newest claim whose statement holds these words."""
        self.page.goto(f"{self.site}/en/desk/claims?q={words}")
        self.page.locator("main a.claim").first.click()
        self.page.wait_for_url(re.compile(r"/desk/claims/clm_"))

    def write(
        self, fields: dict[str, str], verdict: str, topics: Sequence[str], evidence: Sequence[tuple[str, str, str]]
    ) -> None:
        """Starts a refutation of the open claim and fills the form, one save a source (as without script)."""
        self.page.get_by_role("button", name=re.compile("^Write a refutation")).click()
        self.page.wait_for_url(re.compile(r"/desk/drafts/ref_"))
        for name, value in fields.items():
            self.page.locator(f"[name='{name}']").fill(value)
        self.page.locator(f"[name='verdict'][value='{verdict}']").check()
        for topic in topics:
            self.page.locator(f"[name='topics'][value='{topic}']").check()
        for number, (publisher, title, url) in enumerate(evidence):
            if self.page.locator(f"[name='evidence-{number}-url']").count() == 0:
                self.page.get_by_role("button", name="Add a row").click()
            self.page.locator(f"[name='evidence-{number}-publisher']").fill(publisher)
            self.page.locator(f"[name='evidence-{number}-title']").fill(title)
            self.page.locator(f"[name='evidence-{number}-url']").fill(url)

    def submit(self) -> str:
        """Saves and submits; returns the address of the publish check."""
        self.page.get_by_role("button", name="Save and submit").click()
        self.page.wait_for_url(re.compile(r"/desk/drafts/ref_[^/]+/check"))
        return self.page.url

    def cannot_approve(self, check: str) -> None:
        self.page.goto(check)
        expect(self.page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)

    def approve(self, check: str) -> None:
        self.page.goto(check)
        self.page.get_by_role("button", name=re.compile("^Approve")).click()
        expect(self.page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)

    def correct(self, check: str, changes: dict[str, str], note: str) -> str:
        self.page.goto(check)
        self.page.get_by_role("button", name=re.compile("^Correct")).click()
        self.page.wait_for_url(re.compile(r"/desk/drafts/ref_[^/]+$"))
        for name, value in changes.items():
            self.page.locator(f"[name='{name}']").fill(value)
        self.page.locator("[name='note']").fill(note)
        self.page.locator("[name='is_material'][value='yes']").check()
        return self.submit()

    def propose_withdrawal(self, check: str, reason: str) -> None:
        self.page.goto(check)
        self.page.get_by_role("link", name="Withdraw").click()
        self.page.locator("[name='reason']").fill(reason)
        self.page.get_by_role("button", name="Continue").click()
        self.page.get_by_role("button", name="Propose the withdrawal").click()
        self.page.wait_for_url(re.compile(r"/desk/drafts/ref_[^/]+"))


def person(browser: Browser, site: str) -> Person:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(30_000)
    return Person(context.new_page(), site)
