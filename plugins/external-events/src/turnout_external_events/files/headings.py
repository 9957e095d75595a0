"""What columns of tables are called by organizers, in five languages."""

import re
import unicodedata
from collections.abc import Iterable

_WORDS = {
    "title": """title, name, event, event name, event title, summary, subject, what, headline, show,
        titel, veranstaltung, veranstaltungstitel, veranstaltungsname, bezeichnung, betreff, was,
        titre, nom, evenement, nom de l evenement, intitule, objet,
        titulo, nombre, evento, nombre del evento, asunto, actividad, nome, nome do evento, assunto, espetaculo""",
    "date": """date, day, start date, event date, from date, date start,
        datum, tag, startdatum, beginndatum, datum beginn, datum start, veranstaltungsdatum, am,
        jour, date de debut, date debut, le,
        fecha, dia, fecha de inicio, fecha inicio, data, data de inicio, data inicio, data do evento""",
    "time": """time, start time, hour, begin time, event time, time start,
        uhrzeit, zeit, startzeit, beginnzeit, anfangszeit, uhrzeit beginn,
        heure, heure de debut, heure debut, horaire,
        hora, hora de inicio, hora inicio, horario""",
    "starts_at": """starts at, start, starts, begin, begins, start date time, start datetime, datetime, date time, date and time,
        dtstart, when, from,
        beginn, anfang, beginnt, von, wann, datum und uhrzeit, termin,
        debut, commence, quand, de, inicio, comienzo, empieza, cuando, fecha y hora, comeco, quando, data e hora""",
    "end_date": """end date, to date, until date, date end, last day,
        enddatum, datum ende, schlussdatum, bis datum, letzter tag,
        date de fin, date fin, fecha de fin, fecha fin, fecha final, data de fim, data fim, data final, data de termino""",
    "end_time": """end time, time end, until time, finish time,
        endzeit, uhrzeit ende, schlusszeit,
        heure de fin, heure fin, hora de fin, hora fin, hora final, hora de fim, hora fim, hora de termino""",
    "ends_at": """ends at, end, ends, finish, end date time, end datetime, dtend, until, to, till,
        ende, endet, bis, schluss, fin, jusqu a, a, hasta, termina, fim, ate, termino""",
    "timezone": """timezone, time zone, tz, zone, tzid, zeitzone, fuseau horaire, fuseau, zona horaria, huso horario, fuso horario,
        fuso""",
    "venue": """venue, venue name, hall, theatre, theater, room, stage,
        veranstaltungsort, spielstatte, spielort, saal, halle, raum, location name,
        salle, lieu, nom du lieu, recinto, sala, lugar, local, espaco, nome do local""",
    "address": """address, street, street address, venue address, address line 1,
        adresse, strasse, anschrift, rue, direccion, calle, endereco, rua, morada""",
    "city": "city, town, place, stadt, ort, ville, commune, ciudad, localidad, poblacion, cidade, localidade",
    "country": "country, country code, land, staat, pays, pais",
    "location": "location, where, meeting point, treffpunkt, wo, ou, donde, ubicacion, onde, localizacao",
    "description": """description, details, text, about, info, information, notes, body,
        beschreibung, beschreibungstext, informationen, notizen, bemerkung, bemerkungen,
        descriptif, informations, descripcion, detalles, informacion, notas, descricao, detalhes, informacao""",
    "category": """category, categories, type, genre, event type, tags, kind,
        kategorie, kategorien, art, rubrik, sparte, categorie, rubrique, type d evenement,
        categoria, categorias, tipo, genero""",
    "url": """url, link, website, web, homepage, web page, webpage, web address, event url, tickets, ticket url, ticket link, tickets url,
        webseite, internetseite, internet, tickets link, site, site web, lien, billetterie,
        enlace, pagina web, sitio web, pagina, ligacao, hiperligacao""",
    "image_url": """image url, image, picture, photo, poster, image link, picture url, photo url,
        bild, bild url, foto, plakat, affiche, imagen, cartel, imagem, cartaz""",
    "price": """price, ticket price, cost, fee, entry fee, admission, entry,
        preis, eintritt, eintrittspreis, kosten, prix, tarif, entree, precio, coste, entrada, preco, custo, bilhete""",
    "currency": "currency, currency code, wahrung, devise, monnaie, moneda, divisa, moeda",
    "capacity": """capacity, places, seats, spaces, max attendees, maximum attendees, max participants, quota, available tickets,
        kapazitat, platze, sitzplatze, anzahl platze, teilnehmer, teilnehmerzahl, max teilnehmer, kontingent,
        capacite, nombre de places, jauge, capacidad, aforo, plazas, capacidade, lotacao, lugares, vagas""",
    "id": "id, event id, external id, uid, number, no, nr, reference, ref, code, nummer, kennung, numero, referenz, referencia",
    "status": "status, state, event status, zustand, statut, etat, estado, situacao",
}
FIELDS = tuple(_WORDS)
"""What of an event a column may say."""


def normalized(text: str) -> str:
    """Return a heading in small letters without accents, its words parted by single spaces."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ẞ", "ss")).casefold()
    return re.sub(r"[^a-z0-9]+", " ", "".join(each for each in plain if not unicodedata.combining(each))).strip()


_FIELD_OF = {
    normalized(word): field for field, words in reversed(_WORDS.items()) for word in [*words.split(","), field]
}


def guess(columns: Iterable[str]) -> dict[str, str]:
    """Return which column says which field, as far as their headings tell; of several that could, the first."""
    found: dict[str, str] = {}
    for column in columns:
        # Where headings say how cells are written, as "Date (dd.mm.yyyy)" does, that is no part of the name.
        name = normalized(re.sub(r"[(\[].*", "", column)) or normalized(column)
        field = _FIELD_OF.get(name)
        if field is not None:
            found.setdefault(field, column)
    return {field: found[field] for field in FIELDS if field in found}
