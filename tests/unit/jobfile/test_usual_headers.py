"""The usual names of columns lead to the right one, and many unknown ones to one message."""

import subprocess
import tomllib

import pytest

from bulkscim.jobfile.columns import column_of, columns_of
from bulkscim.jobfile.source import open_source
from bulkscim.jobfile.usual_headers import _MEANT, _USUAL, meant_by
from bulkscim.jobfile.validate import check
from bulkscim.model.operation import Defaults, Verb

CREATE = Defaults(Verb.CREATE)
USUAL = {
    "userName": [
        "Username",
        "User Name",
        "Login",
        "User name [userPrincipalName] Required",
        "UPN",
        "Benutzername",
    ],
    "givenName": [
        "First Name",
        "firstName",
        "FIRST_NAME",
        "First Name [Required]",
        "Vorname",
        "Prénom",
        "Nombre",
    ],
    "familyName": ["Last Name", "Last name [surname]", "Surname", "Nachname", "Nom", "Apellidos", "sn"],
    "displayName": ["Display Name", "Full Name", "Name [displayName] Required", "Anzeigename", "Nom complet"],
    "email": [
        "Email",
        "E-Mail",
        "E-Mail Address",
        "Email Address [Required]",
        "mail",
        "E-Mail-Adresse",
        "Courriel",
    ],
    "title": ["Job Title", "Position", "Stellenbezeichnung", "Poste", "Puesto"],
    "department": ["Department", "Dept.", "Abteilung", "Département", "Departamento"],
    "employeeNumber": ["Employee ID", "Employee No.", "Personal-Nr.", "Matricule", "Número de empleado"],
    "manager": [
        "Manager",
        "Manager Email",
        "Manager (UPN)",
        "Line manager's e-mail address",
        "Vorgesetzter (E-Mail)",
        "E-Mail des Vorgesetzten",
        "Supervisor [Email]",
        "E-mail du supérieur hiérarchique",
        "Reports To",
        "Vorgesetzte",
        "Führungskraft",
        "Supérieur",
        "Jefe",
    ],
    "phone": ["Phone", "Phone Number", "Work Phone", "Telefon", "Téléphone", "Teléfono"],
    "active": ["Status", "Account Enabled", "Aktiv"],
    "groups": ["Teams", "Member Of", "Gruppen", "Grupos"],
    "organization": ["Company", "Firma", "Société", "Empresa"],
    "costCenter": ["Cost Center", "Kostenstelle", "Centre de coût"],
}


@pytest.mark.parametrize(("column", "headers"), USUAL.items())
def test_each_usual_header_means_its_column(column, headers):
    """`First Name` was taken to mean familyName, and `Last Name` displayName: names were swapped."""
    assert {header: meant_by(header) for header in headers} == dict.fromkeys(headers, column)


def test_each_meaning_is_a_column_and_each_name_means_one():
    """A hint that is followed works; a name in two rows of the table would mean the later one."""
    assert all(column_of(column, 0, []) is not None for column in _USUAL)
    names = [name for column, names in _USUAL.items() for name in names.split()]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert all(name.isalnum() and name.isascii() and name == name.lower() for name in _MEANT)


@pytest.mark.parametrize(
    "header",
    [
        "Shoe Size",
        "Block sign in (Yes/No) [accountEnabled] Required",
        "Gesperrt",
        "Comment",
        "Hire Date",
        "x",
        "()",
        "[Required]",
        "Age",
        "Nomad",
    ],
)
def test_other_headers_mean_nothing(header):
    """A wrong hint is worse than none."""
    faults = []
    column_of(header, 0, faults)

    assert (meant_by(header), "did you mean" in faults[0].message) == ("", False)


def checked(tmp_path, header, defaults=CREATE):
    """Return what is wrong with a file of this header."""
    path = tmp_path / "our people.csv"
    path.write_text(f"{header}\n" + "x," * header.count(",") + "x\n")
    return check(open_source(str(path)), defaults, tmp_path / "index").problems


def test_a_few_unknown_columns_are_named_one_by_one(tmp_path):
    """Each with its hint."""
    problems = checked(tmp_path, "Login,First Name,Last Name")

    assert [
        "did you mean userName?" in problems[0],
        "givenName?" in problems[1],
        "familyName?" in problems[2],
    ] == [True] * 3


def test_many_unknown_columns_are_one_message_that_names_the_map(tmp_path, monkeypatch):
    """It was an error for each of thirty columns."""
    monkeypatch.chdir(tmp_path)
    others = ",".join(f"Extra {number}" for number in range(20))

    [said] = checked(tmp_path, f'{others},"The ""Login""",Vorname,Nachname,E-Mail-Adresse')

    assert "24 columns are unknown: " in said
    assert '"Vorname" (givenName), "Nachname" (familyName), "E-Mail-Adresse" (email), "Extra 0", ' in said
    assert said.endswith(
        f"&& bulkscim map test '{tmp_path}/our people.csv' --map 'our people-map.toml' --op create"
    )
    assert "Extra 19" not in said


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (
            "E-Mail,Vorname,Nachname,Abteilung",
            {"userName": "E-Mail", "email": "E-Mail", "givenName": "Vorname", "familyName": "Nachname", "department": "Abteilung"},
        ),
        (
            "userName,It's \"X\",Vorname,Nachname,Abteilung,Ort Y",
            {"userName": "userName", "givenName": "Vorname", "familyName": "Nachname", "department": "Abteilung"},
        ),
    ],
)  # fmt: skip
def test_the_map_that_is_proposed_can_be_pasted(tmp_path, monkeypatch, header, wanted):
    """It named one line of the map as an example, and said in another message that userName is missing."""
    monkeypatch.chdir(tmp_path)
    [said] = checked(tmp_path, header)
    printed = said.partition("what it makes: ")[2].partition(" && ")[0]

    subprocess.run(["sh", "-c", printed], check=True)

    assert tomllib.loads((tmp_path / "our people-map.toml").read_text()) == {"map": wanted}


def test_a_map_for_what_the_message_says_is_read(tmp_path):
    """The line that the message proposes stands in a map as it is, quotes and all."""
    mapped = Defaults(Verb.CREATE, map={"userName": 'The "Login"', "givenName": "Vorname"})
    path = tmp_path / "p.csv"
    path.write_text('"The ""Login""",Vorname\nada,Ada\n')

    found = check(open_source(str(path)), mapped, tmp_path / "index")

    assert found.problems == ()
    found.sound_index().close()


@pytest.mark.parametrize(
    ("headers", "op"), [(["Gruppe", "member"], None), (["Group", "User"], Verb.ADD_MEMBER)]
)
def test_group_of_a_membership_is_named_by_its_display_name(headers, op):
    """`groups` was proposed, which makes a user of each row."""
    faults = []
    columns_of(headers, op, faults)

    assert "did you mean displayName?" in faults[0].message
    assert [fault.means for fault in faults] == [("displayName",), ("member",)][: len(faults)]
