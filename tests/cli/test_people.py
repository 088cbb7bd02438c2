"""A CSV is recognised or its faults told by line, and whatever a cell holds arrives as it is, in little memory."""

import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import people
from cli.errors import BadInput
from cli.people import Fault, PeopleFile, Row


def file(tmp_path: Path, content: str | bytes) -> PeopleFile:
    path = tmp_path / "people.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return PeopleFile(path)


def refused(tmp_path: Path, content: str | bytes, strict: bool = False) -> BadInput:
    with pytest.raises(BadInput) as caught:
        file(tmp_path, content).check(strict)
    return caught.value


def rows(of: PeopleFile) -> list[Row | Fault]:
    return list(of.entries())


ANN = Row(2, "1", "a@x.org", "Ann Žižek", {"course": "Maths"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    lines = ("ref,email,name,course", "1,a@x.org,Ann Žižek,Maths", "")
    content = "\r\n".join(lines).replace(",", delimiter)
    assert rows(file(tmp_path, content.encode(encoding))) == [ANN]


def test_big_endian_utf_16_is_recognised(tmp_path: Path) -> None:
    content = "\ufeffref,email\n1,a@x.org\n".encode("utf-16-be")
    assert rows(file(tmp_path, content)) == [Row(2, "1", "a@x.org", "", {})]


def test_a_comma_inside_a_semicolon_file_is_no_delimiter(tmp_path: Path) -> None:
    content = 'ref;email;"a, b, c, d"\n1;a@x.org;"x, y"\n'
    assert rows(file(tmp_path, content)) == [Row(2, "1", "a@x.org", "", {"a, b, c, d": "x, y"})]


def test_a_byte_that_is_not_utf_8_is_told_with_its_line_and_place(tmp_path: Path) -> None:
    start = b"ref,email,name\n" + b"".join(b"%d,p%d@x.org,Ann\n" % (n, n) for n in range(2, 9_000))
    error = refused(tmp_path, start + "x,x@x.org,José\n".encode("latin-1"))
    place = len(start) + len("x,x@x.org,Jos") + 1
    assert f"line 9000: byte 0xE9, number {place:,} of the file, is not UTF-8" in error.message


def test_half_a_character_at_the_end_is_told(tmp_path: Path) -> None:
    error = refused(tmp_path, b"ref,email\n1,a@x.org\n\xc3")
    assert "line 3: byte 0xC3, number 21 of the file" in error.message


def test_a_broken_utf_16_file_is_told_with_its_line(tmp_path: Path) -> None:
    content = b"\xff\xfe" + "ref,email\n1,a@x.org\n".encode("utf-16-le") + b"\x00\xdc"
    assert "line 3: byte 0x00, number 43 of the file, is not UTF-16-LE" in refused(tmp_path, content).message


@pytest.mark.parametrize("content", ["ref,email\n".encode("utf-16-le"), "\ufeffref,email\n".encode("utf-32-le")])
def test_other_encodings_are_refused_rather_than_guessed(tmp_path: Path, content: bytes) -> None:
    assert "UTF-8" in refused(tmp_path, content).hint


def test_a_missing_column_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    error = refused(tmp_path, "id,mail\n1,a@x.org\n")
    assert "no column ref and no column email" in error.message
    assert error.lines == ["found: id, mail"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("ref,email\n", "nobody in it"),
        ("ref,email,\n1,a@x.org,\n", "column 3 has no name"),
        ("ref,email,ref\n1,a@x.org,2\n", "two columns ref"),
        ("Ref,EMAIL,REF\n", "two columns ref"),
    ],
)
def test_a_header_that_cannot_be_used_is_told(tmp_path: Path, content: str, words: str) -> None:
    assert words in refused(tmp_path, content).message


def test_the_names_of_the_known_columns_may_be_written_in_capitals(tmp_path: Path) -> None:
    assert rows(file(tmp_path, "REF,Email, Name ,Course\n1,a@x.org,Ann,Art\n")) == [
        Row(2, "1", "a@x.org", "Ann", {"Course": "Art"})
    ]


def test_every_broken_row_is_told_with_its_line(tmp_path: Path) -> None:
    content = (
        "ref,email,name\n"
        "1,a@x.org,Ann\n"
        ",b@x.org,Bob\n"
        "3,,Cy\n"
        "4,d@x.org\n"
        "1,e@x.org,Ed\n"
        '6,f@x.org,"two\nlines"\n'
        f"{'7' * 201},g@x.org,Gil\n"
    )
    error = refused(tmp_path, content)
    assert "6 rows are broken" in error.message
    assert error.lines == [
        "line 3: ref is empty",
        "line 4: email is empty",
        "line 5: has 2 fields where the header has 3",
        "line 6: ref '1' is on line 2 already",
        "line 7: name has a line break or another control character in it",
        "line 9: ref has 201 characters; 200 is the most",
    ]


def test_a_row_after_one_of_several_lines_is_told_by_its_own_line(tmp_path: Path) -> None:
    error = refused(tmp_path, 'ref,email,note\n\n1,a@x.org,"a\r\nb\nc"\n,b@x.org,x\n')
    assert error.lines == ["line 6: ref is empty"]


def test_a_quotation_mark_that_is_never_closed_is_told_where_its_row_begins(tmp_path: Path) -> None:
    error = refused(tmp_path, 'ref,email,name\n1,a@x.org,Ann\n2,b@x.org,"Bob\n3,c@x.org,Cy\n')
    assert error.lines[0].startswith("line 3: cannot be read as CSV")


def test_only_the_first_twenty_broken_rows_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    error = refused(tmp_path, "ref,email\n" + "1,a@x.org\n" + ",b@x.org\n" * 3_000 + "1,a@x.org\n")
    assert "3,001 rows are broken" in error.message
    assert error.lines[:2] == ["line 3: ref is empty", "line 4: ref is empty"]
    assert error.lines[19:] == ["line 22: ref is empty", "and 2,981 more"]


def test_lines_without_anything_are_passed_over(tmp_path: Path) -> None:
    assert rows(file(tmp_path, "\nref,email\n\n1,a@x.org\n,\n\n")) == [Row(4, "1", "a@x.org", "", {})]


@pytest.mark.parametrize(
    "email", ["ann", "a@b@x.org", "a@x", "a b@x.org", "a@.org", "a@x..org", "a@" + "x" * 260 + ".org"]
)
def test_an_address_that_looks_wrong_is_doubtful_and_broken_only_where_asked(tmp_path: Path, email: str) -> None:
    content = f"ref,email\n1,{email}\n2,b@x.org\n"
    checked = file(tmp_path, content).check()
    assert checked.people == 2
    assert checked.doubtful.lines() == [f"line 2: '{email}' does not look like an address"]
    assert refused(tmp_path, content, strict=True).lines == checked.doubtful.lines()


@pytest.mark.parametrize("email", ["ann.o'hara+x@mail.example.co.uk", "müller@bücher.example", "用户@例子.广告"])
def test_an_address_that_is_only_unusual_is_not_doubted(tmp_path: Path, email: str) -> None:
    assert file(tmp_path, f"ref,email\n1,{email}\n").check().doubtful.count == 0


def test_a_pipe_is_refused_since_it_cannot_be_read_twice() -> None:
    with pytest.raises(BadInput, match="read twice"):
        PeopleFile(Path("/dev/null"))


def test_variables_beyond_what_the_service_takes_are_told_by_line(tmp_path: Path) -> None:
    error = refused(tmp_path, f"ref,email,essay\n1,a@x.org,{'é' * 8_000}\n")
    assert error.lines == ["line 2: its variables take more than 16,000 bytes"]


def test_people_go_in_calls_that_name_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PEOPLE_PER_CALL", 2)
    content = 'ref,email,note\n1,a@x.org,x\n2,b@x.org,"y\nz"\n3,c@x.org,\n'
    calls = list(file(tmp_path, content).calls())
    assert [(call.first, call.last, call.people) for call in calls] == [(2, 3, 2), (5, 5, 1)]
    sent = [json.loads(line) for call in calls for line in gzip.decompress(call.body).splitlines()]
    assert sent[1] == {"ref": "2", "email": "b@x.org", "name": "", "variables": {"note": "y\nz"}}


def test_a_call_of_wide_rows_ends_before_it_is_too_big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "BYTES_PER_CALL", 25_000)
    content = "ref,email,essay\n" + "".join(f"{n},p{n}@x.org,{'x' * 9_000}\n" for n in range(5))
    assert [call.people for call in file(tmp_path, content).calls()] == [2, 2, 1]


def test_a_file_that_changed_after_its_check_is_not_sent_on(tmp_path: Path) -> None:
    checked = file(tmp_path, "ref,email\n1,a@x.org\n")
    checked.path.write_text("ref,email\n1\n")
    with pytest.raises(BadInput, match="changed after it was checked"):
        list(checked.calls())


def peak(path: Path) -> int:
    """The most bytes held while a file is checked and turned into calls."""
    tracemalloc.start()
    try:
        found = PeopleFile(path)
        assert found.check().doubtful.count == 0
        for call in found.calls():
            assert call.people <= 5_000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_fifty_thousand_people_take_hardly_more_memory_than_one_call(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    with path.open("w") as out:
        out.write("ref,email,name,course\n")
        out.writelines(f"{n},person{n}@example.org,Person Number {n},Introduction to {n}\n" for n in range(50_000))
    # as objects they are 30 MB; kept of each is a hash, and once more while the hashes are sorted
    assert peak(path) < 4_000_000


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(variables=st.lists(cells, min_size=1, max_size=8), delimiter=st.sampled_from(",;\t"))
def test_whatever_a_cell_holds_arrives_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, variables: list[str], delimiter: str
) -> None:
    out = io.StringIO()
    table = csv.writer(out, delimiter=delimiter)
    table.writerow(("ref", "email", *(f"v{place}" for place in range(len(variables)))))
    table.writerow(("1", "a@x.org", *variables))
    (row,) = rows(file(tmp_path_factory.mktemp("cells"), out.getvalue()))
    assert isinstance(row, Row)
    assert list(row.variables.values()) == variables
