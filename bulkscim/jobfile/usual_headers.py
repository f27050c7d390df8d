"""What columns are called in the exports and templates of other programs, and the column that each means here (pure).

A name is compared without capitals, accents, blanks and signs: `E-Mail Address` is `emailaddress`. These are hints only:
no column is used under a name of this table unless a user says so, by renaming it or in a map.
"""

import re
import unicodedata

_MOBILE = 'phoneNumbers[type eq "mobile"].value'
_ADDRESS = 'addresses[type eq "work"]'
_USUAL = {
    "userName": "username user userid login loginid loginname logonname logon signinname upn userprincipalname "
    "samaccountname account accountname uid benutzer benutzername benutzerkennung anmeldename kennung identifiant "
    "utilisateur nomutilisateur nomdutilisateur usuario nombredeusuario nombreusuario",
    "givenName": "first firstname firstnames forename given givenname vorname vornamen rufname prenom prenoms nombre "
    "nombres nombredepila",
    "familyName": "last lastname surname sn family familyname nachname familienname zuname nom nomdefamille apellido "
    "apellidos",
    "middleName": "middlename secondname zweitername deuxiemeprenom segundonombre",
    "displayName": "name fullname displayname commonname cn employeename anzeigename vollername namevollstandig "
    "nomcomplet nomaffiche nomprenom nombrecompleto nombremostrado",
    "email": "email emailaddress emailid mail mailaddress primaryemail primaryemailaddress workemail workemailaddress "
    "businessemail companyemail emailadresse mailadresse courriel adressecourriel adresseemail adressemail mel "
    "adresseelectronique correo correoelectronico emaildetrabajo direcciondecorreo direcciondecorreoelectronico",
    "title": "jobtitle title position jobposition jobname designation titel stelle stellenbezeichnung berufsbezeichnung "
    "jobbezeichnung funktion poste intituledeposte intituleduposte fonction emploi puesto cargo",
    "department": "department departmentname dept abteilung bereich service departement departamento area",
    "division": "division sparte direction",
    "organization": "company companyname organization organisation organizationname employer firma unternehmen "
    "gesellschaft societe entreprise organisme empresa organizacion compania",
    "costCenter": "costcenter costcentre costcentercode kostenstelle centredecout centrodecosto centrodecostos "
    "centrodecoste",
    "employeeNumber": "employeeid employeeno employeenr employeenumber employeecode empid empno emplid staffid staffno "
    "staffnumber personnelnumber personnelno payrollid workerid personalnummer personalnr persnr mitarbeiternummer "
    "mitarbeiternr mitarbeiterid matricule numeroemploye numerodemploye idemploye numerodeempleado numeroempleado "
    "idempleado idempleada legajo",
    "manager": "manager managername managerid manageremail managersemail manageremailaddress reportsto reportingto "
    "supervisor supervisorname linemanager boss vorgesetzter vorgesetzte vorgesetzteremail fuhrungskraft leiter "
    "responsable superieur superieurhierarchique manageur jefe jefedirecto gerente",
    "phone": "phone phoneno phonenumber telephone telephonenumber tel workphone workphonenumber officephone businessphone "
    "businessphones telefon telefonnummer telefonnr rufnummer numerodetelephone telefono numerodetelefono",
    _MOBILE: "mobile mobilephone mobileno mobilenumber cell cellphone handy handynummer mobil mobiltelefon mobilnummer "
    "portable telephoneportable telephonemobile movil telefonomovil celular",
    "active": "active enabled isactive isenabled accountenabled accountstatus userstatus status employmentstatus aktiv "
    "aktiviert actif statut activo estado",
    "groups": "groups group groupname groupnames teams team memberof gruppe gruppen groupe groupes equipe grupo grupos "
    "equipo equipos",
    "userType": "usertype employeetype employmenttype mitarbeitertyp benutzertyp typeutilisateur tipodeusuario",
    "honorificPrefix": "salutation prefix anrede civilite tratamiento",
    "honorificSuffix": "suffix namenszusatz",
    "nickName": "nickname knownas preferredname spitzname surnom apodo",
    "preferredLanguage": "language preferredlanguage sprache langue idioma",
    "timezone": "timezone zeitzone fuseauhoraire zonahoraria",
    f"{_ADDRESS}.streetAddress": "street streetaddress strasse rue calle direccion",
    f"{_ADDRESS}.locality": "city town ort stadt wohnort ville ciudad localidad",
    f"{_ADDRESS}.postalCode": "zip zipcode postalcode postcode plz postleitzahl codepostal codigopostal",
    f"{_ADDRESS}.region": "region state stateorprovince province bundesland provincia",
    f"{_ADDRESS}.country": "country countryorregion land pays pais",
    "op": "action operation aktion accion",
}
_MEANT = {name: column for column, names in _USUAL.items() for name in names.split()}
_BRACKETS = re.compile(r"[\[(]([^\])]*)[\])]")
_REQUIRED = re.compile(r"\b(required|optional|pflichtfeld|obligatoire|obligatorio)\b|\*", re.IGNORECASE)
# A name that holds one of these is about the manager, whatever of it: `Vorgesetzter (E-Mail)`, `Manager UPN`.
_MANAGER = re.compile(r"(?<!is)manager|vorgesetzt|supervisor|superieur|fuhrungskraft|reportsto|jefe")
_OPPOSITE = re.compile(r"block|disabled|locked|suspended|inactive|gesperrt|inaktiv|bloqu", re.IGNORECASE)


def meant_by(header: str) -> str:
    """Return the column that a usual name means, empty for other names.

    A column that says who is blocked means nothing: its yes is the no of `active`. In `First name [givenName] Required`, as templates have it, the name in brackets counts first.
    """
    if _OPPOSITE.search(header):
        return ""
    if _MANAGER.search(_plain(header)):
        return "manager"
    names = (*_BRACKETS.findall(header), _BRACKETS.sub(" ", header))
    return next((_MEANT[plain] for name in names if (plain := _plain(name)) in _MEANT), "")


def _plain(name: str) -> str:
    """Return the letters and digits of a name, without accents and in lower case."""
    letters = unicodedata.normalize("NFKD", _REQUIRED.sub(" ", name).casefold())
    return "".join(letter for letter in letters if letter.isalnum())
