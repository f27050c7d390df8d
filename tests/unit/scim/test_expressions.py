"""Filters that users write."""

import pytest

from bulkscim.scim.expressions import ExpressionError, holds, parse

ADA = {
    "department": ["Sales"],
    "active": [True],
    "n": [7],
    "groups": ["Everyone", "Compilers"],
    "First Name": ["Ada"],
    'emails[type eq "work"].value': ["ada@x.test"],
    "hired": ["2024-05-01"],
    "spelled": ["yes", "true"],
    "number": ["00012"],
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('department = "Sales"', True),
        ('department eq "sales"', True),
        ('department != "Sales"', False),
        ('department <> "HR" and active = true', True),
        ('department = "HR" or groups = "compilers"', True),
        ('not (department = "HR" or active = false)', True),
        ('NOT department SW "sa"', False),
        ('department co "ale" AND department ew "ES"', True),
        ('department = "HR" and active = true or n = 7', True),
        ('department = "HR" and (active = true or n = 7)', False),
        ("n > 6 and n >= 7 and n < 8 and n <= 7 and n != 8", True),
        ('n = "7"', True),
        ("number = 12", True),
        ('number = "12"', False),
        ('hired >= "2024-01-01" and hired < "2025"', True),
        ("title pr", False),
        ("title = null and department != null and department pr", True),
        ('title != "Lead"', True),
        ('title > "a"', False),
        ('"First Name" = "Ada"', True),
        ('emails[type eq "work"].value ew "@x.test"', True),
        ("spelled = true", True),
        ("active co true", False),
        ('active = "TRUE"', True),
    ],
)
def test_a_filter_holds(text, wanted):
    """By values without case, numbers as numbers, any of several values."""
    assert holds(parse(text), lambda name: ADA.get(name, [])) is wanted


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", 1, "ends where a name should"),
        ("department", 11, "is compared with nothing"),
        ("department is 3", 12, "is is no operator"),
        ("department = Sales", 14, 'texts are in double quotes: department = "Sales"'),
        ("department = 'Sales'", 14, "texts are in double quotes, not in single ones"),
        ('department = "Sales', 14, "a text is not closed"),
        ("department =", 13, "wants a value"),
        ("department = and", 14, "wants a value"),
        ('(department = "a"', 18, "a ) is missing"),
        ('department = "a")', 17, ") is one too many"),
        ('department = "a" active = true', 18, "active is one too many; join comparisons"),
        ("and department pr", 1, "and stands where a name should"),
        ('n = "\\x"', 5, "is no JSON text"),
        ("(" * 60 + "n pr", 51, "nested too deeply"),
    ],
)
def test_a_text_that_is_no_filter_says_where(text, place, message):
    """The column, and the fix."""
    with pytest.raises(ExpressionError) as found:
        parse(text)

    assert f"column {place}: " in str(found.value)
    assert message in str(found.value)
