"""Text from anywhere in any field of any event: no report breaks, hides it, or runs it."""

import html as entities
import itertools
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import msgspec
import pytest
from markdown_it import MarkdownIt

from runner.journal.events import TYPES
from runner.report.as_html import html
from runner.report.as_json import report_json
from runner.report.as_junit import junit
from runner.report.as_markdown import markdown
from runner.report.markup import code, code_in_table, fence, in_table, no_formula, prose
from runner.safe_text import escape, escape_code
from tests.fixtures import sample_run as sample
from tests.fixtures.every_event import EVERY
from tests.fixtures.payloads import TEXTS as ALL_TEXTS

TEXTS = {name: text for name, text in ALL_TEXTS.items() if name != "lone surrogate"}
"""The journal's text is UTF-8: a lone surrogate cannot get into it."""
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def poisoned(value, payload, accepts, rebuild=lambda new: new):
    """Put the payload into every text of a body, keys too, where the event's type still accepts it."""
    match value:
        case str():
            return payload if accepts(rebuild(payload)) else value
        case list() | tuple():
            found = list(value)
            for index, item in enumerate(value):
                found[index] = poisoned(
                    item, payload, accepts, lambda new, index=index: rebuild([*found[:index], new, *found[index + 1 :]])
                )
            return found
        case dict():
            found = dict(value)
            for key, item in value.items():
                found[key] = poisoned(item, payload, accepts, lambda new, key=key: rebuild(found | {key: new}))
            return found
        case _:
            return value


def hostile(payload):
    """A run of every event, all its texts replaced."""
    events = [*sample.events(), *((700 + n, "restore", "alice", body) for n, body in enumerate(EVERY[22:]))]
    found = []
    for seconds, step, _, body in events:
        kind = TYPES[body.name]

        def accepts(data, kind=kind):
            try:
                msgspec.convert(data, kind)
            except msgspec.ValidationError:
                return False
            return True

        data = poisoned(msgspec.to_builtins(body), payload, accepts)
        found.append((seconds, payload if step else None, payload, msgspec.convert(data, kind)))
    return sample.records(iter(found))


class Tags(HTMLParser):
    """The tags and attributes of a document, and its text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = set(), set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs} if tag != "meta" else set()

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        self.tags.add("comment")


def tags_of(document):
    parser = Tags()
    parser.feed(document)
    parser.close()
    return parser


KNOWN = tags_of(html(sample.records(), sample.CONFIG))


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_html_stays_one_document_of_its_own_tags(payload):
    document = html(hostile(payload), sample.CONFIG)
    found = tags_of(document)
    assert found.tags <= KNOWN.tags | {"br", "span"}
    assert found.attributes <= KNOWN.attributes
    assert "".join(escape(payload, multiline=True).split()) in "".join("".join(found.text).split())
    assert not re.search(r"[^\n -~\u00a1-\U0003ffff]", entities.unescape(document))
    assert "content=\"default-src 'none'; style-src 'unsafe-inline'\"" in document


def test_html_asks_the_network_for_nothing():
    document = html(sample.records(), sample.CONFIG)
    assert not {"src", "href", "srcset", "action", "data"} & KNOWN.attributes
    assert not re.search(r"url\(|@import|<script|<link|<img", document)


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_markdown_keeps_its_own_structure(payload):
    tokens = MARKDOWN.parse(markdown(hostile(payload), sample.CONFIG))
    inline = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in inline}
    assert kinds <= {
        "text",
        "code_inline",
        "strong_open",
        "strong_close",
        "softbreak",
        "hardbreak",
        "html_inline",
        "text_special",
    }
    assert {token.content for token in inline if token.type == "html_inline"} <= {"<br>"}
    assert "html_block" not in {token.type for token in tokens}
    titles = [b.content for a, b in itertools.pairwise(tokens) if a.type == "heading_open" and a.tag == "h2"]
    assert titles == [
        "At a glance",
        "Steps",
        "What was changed in the plan",
        "Each step",
        "Timeline (UTC)",
        "The record",
    ]
    strong = {b.content for a, b in itertools.pairwise(inline) if a.type == "strong_open"}
    assert "bold" not in strong


def text_of(tokens):
    return "".join(
        text_of(token.children) if token.children else "\n" if token.type.endswith("break") else token.content
        for token in tokens
    )


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_markdown_reads_as_the_text_itself(payload):
    shown = escape(payload)
    assert text_of(MARKDOWN.parse(f"- x {prose(payload)} x")).split() == f"x {shown} x".split()
    assert text_of(MARKDOWN.parse(prose(payload))).strip() == shown.strip()
    inline = MARKDOWN.parseInline(f"x {code(payload)}")[0].children[-1]
    assert inline.content in {shown, shown.replace("  ", " "), "x (empty)"} or shown.isspace()
    fenced = MARKDOWN.parse(fence(payload))
    assert [token.type for token in fenced] == ["fence"]
    assert fenced[0].content == escape_code(payload).removesuffix("\n") + "\n"


@pytest.mark.parametrize("write", [in_table, code_in_table], ids=["prose", "code"])
@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_a_cell_of_a_table_holds_its_text_and_no_other_cell(payload, write):
    tokens = MARKDOWN.parse(f"| a | b |\n|---|---|\n| {write(payload)} | end |")
    cells = [token for token in tokens if token.type == "inline"][2:]
    assert len(cells) == 2
    assert text_of([cells[1]]) == "end"
    assert text_of([cells[0]]).split() in (escape(no_formula(payload)).split(), ["(empty)"])


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_junit_is_xml_with_its_own_elements(payload):
    suite = ET.fromstring(junit(hostile(payload), sample.CONFIG))  # noqa: S314 - our own text
    assert {element.tag for element in suite.iter()} <= {
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert escape(payload) in {element.get("name") for element in suite.iter("testcase")}


@pytest.mark.parametrize("payload", TEXTS.values(), ids=TEXTS)
def test_json_holds_the_text_as_it_is(payload):
    report = json.loads(json.dumps(report_json(hostile(payload), sample.CONFIG)))
    assert report["title"] == payload
    assert report["timeline"][0]["person"] == payload


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd", "-2+3", "@SUM(A1)", "\t=1", " =1", "=", "\uff1d1"])
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text):
    assert no_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+3.5", "-1,204,150", "12:02:31", "a=b", "", "経費", "5 %"])
def test_numbers_and_ordinary_text_stay(text):
    assert no_formula(text) == text
