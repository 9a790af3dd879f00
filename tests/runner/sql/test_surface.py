import pytest

from runner.sql.surface import has_template, hidden_characters, meta_commands


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1\r\n\t-- 期首の確認　済\n", []),
        ("SELECT 'Zoë 田中　太郎', \"表\" /* ё */", []),
        ("SELECT\u00a01", [(1, 7, "NO-BREAK SPACE", "invisible")]),
        ("SELECT 1\u30001", [(1, 9, "IDEOGRAPHIC SPACE", "non-ascii")]),
        ("SELECT 1;\n-- a\u202eb", [(2, 5, "RIGHT-TO-LEFT OVERRIDE", "invisible")]),
        ("SELECT '\u200b'", [(1, 9, "ZERO WIDTH SPACE", "invisible")]),
        ("SELECT 'a\rb'", []),
        ("SELECT '\x1b[2K'", [(1, 9, "U+001B", "invisible")]),
        ("SELECT '\x9b'", [(1, 9, "U+009B", "invisible")]),
        ("SELECT '\x00'", [(1, 9, "U+0000", "invisible")]),
        ("SELECT \u0430 FROM t", [(1, 8, "CYRILLIC SMALL LETTER A", "non-ascii")]),
        (
            "\uff24\uff32\uff2f\uff30 x",
            [
                (1, column, f"FULLWIDTH LATIN CAPITAL LETTER {letter}", "non-ascii")
                for column, letter in enumerate("DROP", 1)
            ],
        ),
        ("SELECT 'a\U000e0041'", [(1, 10, "TAG LATIN CAPITAL LETTER A", "invisible")]),
        ("SELECT 'a\u3164'", [(1, 10, "HANGUL FILLER", "invisible")]),
        ("SELECT '\udc80'", [(1, 9, "U+DC80", "invisible")]),
    ],
)
def test_hidden_characters_are_found_and_ordinary_japanese_is_none(sql, found):
    assert [(each.line, each.column, each.name, each.kind) for each in hidden_characters(sql)] == found


@pytest.mark.parametrize("sql", ["SELECT {{ name }}", "SELECT '{{name}}'", "{% if x %}", "SELECT {{- a | int }}"])
def test_a_template_in_sql_is_found(sql):
    assert has_template(sql)


@pytest.mark.parametrize("sql", ["SELECT '{{1,2},{3,4}}'", "SELECT '{{a,b},{c,d}}'::text[]", "SELECT '{{1}}'"])
def test_an_array_literal_is_no_template(sql):
    assert not has_template(sql)


def test_psql_commands_are_found_only_outside_literals_and_comments():
    sql = "\\copy t FROM 'x'\nSELECT '\\n', E'\\'' -- \\i\n; SELECT 1 \\gexec"
    assert [(each.text, each.line, each.column) for each in meta_commands(sql)] == [
        ("\\copy", 1, 1),
        ("\\gexec", 3, 12),
    ]
