"""For code scanning: SARIF 2.1.0."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from runner import __version__
from runner.runbook.lint.catalog import BY_ID
from runner.runbook.lint.found import Found
from runner.runbook.lint.report import Report

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(report: Report) -> str:
    """Write one run with a rule for each id that occurs; suppressed problems carry their reason."""
    ids = sorted({each.rule for each in report.found})
    driver = {
        "name": "shisa",
        "version": __version__,
        "informationUri": "https://github.com/shisa-db/shisa",
        "rules": [_rule(each) for each in ids],
    }
    results = [_result(each, ids.index(each.rule), known=each in report.known) for each in report.found]
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(rule_id: str) -> dict[str, Any]:
    rule = BY_ID[rule_id]
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.page, "markdown": rule.page},
        "helpUri": rule.url,
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(found: Found, index: int, *, known: bool) -> dict[str, Any]:
    text = f"{found.message}. {found.hint}" if found.hint else found.message
    place = {
        "artifactLocation": {"uri": _uri(found.file)},
        "region": {"startLine": found.line, "startColumn": found.column},
    }
    same = hashlib.sha256(f"{found.file}\x00{found.rule}\x00{found.message}".encode("utf-8", "replace")).hexdigest()
    result: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": found.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"shisa/v1": same},
        "baselineState": "unchanged" if known else "new",
    }
    if found.suppressed is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": found.suppressed}]
    return result


def _uri(file: str) -> str:
    return quote(PurePath(file).as_posix())
