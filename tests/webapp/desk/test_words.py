"""The desk has a sentence for every code, act, check and reason that the catalogue and the crawler can hand it."""

from __future__ import annotations

import ast
from pathlib import Path

from index import workflow
from index.model import AlertKind, ClaimStatus, Health, RefutationText
from webapp.desk import problems, words
from webapp.desk.matches import DIFFERENCES
from webapp.desk.queue import LISTS

ROOT = Path(__file__).parents[3]
#: Codes of acts that the desk cannot bring about: public texts, its own list names.
NOT_OF_THE_DESK = {"empty", "unknown_list", "unknown_status"}


def calls(*paths):
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield node


def modules(*names):
    return [ROOT / "index" / f"{name}.py" for name in names]


def name_of(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def words_in(node):
    """The text constants of an expression; an f-string counts as its pattern."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_every_code_of_the_catalogue_has_a_sentence():
    found = set()
    rooms = ("workflow", "publishing", "linking", "regrouping", "people", "intake", "standing", "departures")
    for call in calls(*modules(*rooms)):
        if name_of(call) in ("Refused", "Conflict", "InvalidInput"):
            found |= {text for keyword in call.keywords if keyword.arg == "code" for text in words_in(keyword.value)}
    found |= {check.key for kind in AlertKind for check in workflow.checklist(RefutationText(), kind)}
    assert len(found) > 20
    assert found - NOT_OF_THE_DESK <= set(problems.SENTENCES)


def test_every_item_of_the_checklist_has_words():
    keys = {check.key for kind in AlertKind for check in workflow.checklist(RefutationText(), kind)}
    assert keys == set(words.CHECKS)


def test_every_act_of_the_audit_has_a_sentence():
    found = {f"claim_{status}" for status in (ClaimStatus.OPEN, ClaimStatus.NOT_CHECKABLE)}
    found |= {f"approved_{kind}" for kind in AlertKind}
    for path in modules("publishing", "linking", "regrouping", "people", "intake", "standing", "departures"):
        tree = ast.parse(path.read_text("utf-8"))
        for call in calls(path):
            if name_of(call) in ("append_audit", "_store", "_next_revision", "Decided"):
                plain = [
                    a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str) and a.value
                ]
                found |= set(plain)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("act", "_PROPOSED"):
                found |= set(words_in(node.value))
    assert len(found) > 15
    assert found == set(words.AUDIT)


def test_every_reason_of_risk_and_queue_has_words():
    risks, reasons = set(), set()
    tree = ast.parse((ROOT / "index" / "workflow.py").read_text("utf-8"))
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
            if function.name == "risk" and name_of(call) == "append":
                risks |= {a.value for a in call.args if isinstance(a, ast.Constant)}
            if function.name == "priority" and name_of(call) == "Reason":
                reasons.add(call.args[0].value)
    assert risks | {"harm_health", "harm_safety", "harm_money"} == set(words.RISKS)
    assert reasons == set(words.QUEUE_REASONS)


def test_every_error_of_a_source_has_a_sentence():
    found = set()
    paths = [*(ROOT / "index" / "outbound").glob("*.py"), *(ROOT / "crawlers").rglob("*.py")]
    for call in calls(*paths):
        if name_of(call) in ("Failure", "Failed"):
            first = call.args[:1]
            found |= {text for node in first if isinstance(node, ast.Constant) for text in words_in(node)}
        found |= {
            k.value.value
            for k in call.keywords
            if k.arg == "code" and isinstance(k.value, ast.Constant) and k.value.value
        }
    found -= {"bad_registry", "source_disabled"}  # told to whoever starts the crawler, never stored with a source
    found -= {"stopped"}  # the process ends: nothing is stored of that poll
    found -= {"no_text", "taken_elsewhere"}  # of a mailbox, which is no source
    assert len(found) > 15
    assert found <= set(words.SOURCE_ERRORS)


def test_every_concern_about_a_source_has_a_sentence():
    found = {health.value for health in (Health.SILENT, Health.GONE, Health.MOVED, Health.DRIFTING)}
    for call in calls(*modules("standing")):
        if name_of(call) == "Concern" and isinstance(call.args[0], ast.Constant):
            found.add(call.args[0].value)
    assert found == set(words.CONCERNS)


def test_every_doubt_about_a_sources_answer_has_words():
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "crawlers/drift.py", ROOT / "index/intake.py")]
    constants = [n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    found = {value for value in constants if value in set(words.DOUBTS)}
    assert found == set(words.DOUBTS)


def test_the_state_of_every_kind_of_work_has_words():
    assert {kind for kind, _ in words.WORK} == set(AlertKind)


def test_the_lists_of_the_queue_and_the_reasons_of_a_rejection_are_few():
    assert LISTS == ("match", "write", "approve")
    assert 3 <= len(DIFFERENCES) <= 5
