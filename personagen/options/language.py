"""The names and codes of languages: ISO 639-1, the larger languages without such a code, and any other name."""

from __future__ import annotations

import re
from functools import cache
from unicodedata import normalize

ANY = "any"
ENGLISH = "English"
_NAMES = """
aa Afar, ab Abkhazian, ae Avestan, af Afrikaans, ak Akan, am Amharic, an Aragonese, ar Arabic, as Assamese, av Avaric,
ay Aymara, az Azerbaijani, ba Bashkir, be Belarusian, bg Bulgarian, bi Bislama, bm Bambara, bn Bengali, bo Tibetan,
br Breton, bs Bosnian, ca Catalan, ce Chechen, ch Chamorro, co Corsican, cr Cree, cs Czech, cu Church Slavonic,
cv Chuvash, cy Welsh, da Danish, de German, dv Maldivian, dz Dzongkha, ee Ewe, el Greek, en English, eo Esperanto,
es Spanish, et Estonian, eu Basque, fa Persian, ff Fula, fi Finnish, fj Fijian, fo Faroese, fr French, fy Frisian,
ga Irish, gd Scottish Gaelic, gl Galician, gn Guarani, gu Gujarati, gv Manx, ha Hausa, he Hebrew, hi Hindi,
ho Hiri Motu, hr Croatian, ht Haitian Creole, hu Hungarian, hy Armenian, hz Herero, ia Interlingua, id Indonesian,
ie Interlingue, ig Igbo, ii Sichuan Yi, ik Inupiaq, io Ido, is Icelandic, it Italian, iu Inuktitut, ja Japanese,
jv Javanese, ka Georgian, kg Kongo, ki Kikuyu, kj Kwanyama, kk Kazakh, kl Greenlandic, km Khmer, kn Kannada, ko Korean,
kr Kanuri, ks Kashmiri, ku Kurdish, kv Komi, kw Cornish, ky Kyrgyz, la Latin, lb Luxembourgish, lg Luganda,
li Limburgish, ln Lingala, lo Lao, lt Lithuanian, lu Luba-Katanga, lv Latvian, mg Malagasy, mh Marshallese, mi Maori,
mk Macedonian, ml Malayalam, mn Mongolian, mr Marathi, ms Malay, mt Maltese, my Burmese, na Nauruan,
nb Norwegian Bokmål, nd Northern Ndebele, ne Nepali, ng Ndonga, nl Dutch, nn Norwegian Nynorsk, no Norwegian,
nr Southern Ndebele, nv Navajo,
ny Chichewa, oc Occitan, oj Ojibwe, om Oromo, or Odia, os Ossetian, pa Punjabi, pi Pali, pl Polish, ps Pashto,
pt Portuguese, qu Quechua, rm Romansh, rn Kirundi, ro Romanian, ru Russian, rw Kinyarwanda, sa Sanskrit, sc Sardinian,
sd Sindhi, se Northern Sami, sg Sango, si Sinhala, sk Slovak, sl Slovenian, sm Samoan, sn Shona, so Somali, sq Albanian,
sr Serbian, ss Swati, st Sotho, su Sundanese, sv Swedish, sw Swahili, ta Tamil, te Telugu, tg Tajik, th Thai,
ti Tigrinya, tk Turkmen, tl Tagalog, tn Tswana, to Tongan, tr Turkish, ts Tsonga, tt Tatar, tw Twi, ty Tahitian,
ug Uyghur, uk Ukrainian, ur Urdu, uz Uzbek, ve Venda, vi Vietnamese, vo Volapük, wa Walloon, wo Wolof, xh Xhosa,
yi Yiddish, yo Yoruba, za Zhuang, zh Chinese, zu Zulu,
apc Levantine Arabic, ary Moroccan Arabic, arz Egyptian Arabic, ast Asturian, bho Bhojpuri, ceb Cebuano, chr Cherokee,
ckb Central Kurdish, fil Filipino, grc Ancient Greek, gsw Swiss German, hak Hakka, haw Hawaiian, hmn Hmong, ilo Ilocano,
kmr Northern Kurdish, mai Maithili, nan Hokkien, nds Low German, pcm Nigerian Pidgin, prs Dari, sco Scots, tet Tetum,
tpi Tok Pisin, wuu Wu, yue Cantonese,
en-GB British English, en-US American English, es-MX Mexican Spanish, fr-CA Canadian French, pt-BR Brazilian Portuguese,
pt-PT European Portuguese, zh-Hans Simplified Chinese, zh-Hant Traditional Chinese
"""
# Other names and codes of languages that are often typed.
_ALIASES = """
ara ar, العربية ar, ben bn, Bangla bn, বাংলা bn, bul bg, български bg, cat ca, català ca, ces cs, cze cs,
čeština cs, chi zh, zho zh, cmn zh, Mandarin zh, Mandarin Chinese zh, 中文 zh, 汉语 zh, 漢語 zh, 普通话 zh,
简体中文 zh-Hans, 繁體中文 zh-Hant, zh-CN zh-Hans, zh-TW zh-Hant, 粵語 yue, 粤语 yue, dan da, dansk da, deu de, ger de,
Deutsch de, ell el, gre el, ελληνικά el, eng en, est et, eesti et, eus eu, euskara eu, fas fa, per fa,
Farsi fa, فارسی fa, fin fi, suomi fi, fra fr, fre fr, français fr, gle ga, Gaeilge ga, glg gl, galego gl,
guj gu, hau ha, heb he, iw he, עברית he, hin hi, हिन्दी hi, हिंदी hi, hrv hr, hrvatski hr, hun hu,
magyar hu, hye hy, ibo ig, ind id, in id, Bahasa Indonesia id, isl is, íslenska is, ita it, italiano it,
jpn ja, 日本語 ja, kan kn, kat ka, khm km, kor ko, 한국어 ko, lao lo, lit lt, lietuvių lt, lav lv, latviešu lv,
mal ml, mar mr, मराठी mr, may ms, msa ms, Bahasa Melayu ms, mya my, nep ne, नेपाली ne, nld nl, dut nl,
Nederlands nl, Flemish nl, nor no, norsk no, pan pa, ਪੰਜਾਬੀ pa, pol pl, polski pl, por pt, português pt,
ron ro, rum ro, română ro, rus ru, русский ru, slk sk, slovenčina sk, slv sl, Slovene sl, slovenščina sl,
spa es, español es, Castilian es, castellano es, sqi sq, shqip sq, srp sr, српски sr, swa sw, swh sw,
Kiswahili sw, swe sv, svenska sv, tam ta, தமிழ் ta, tel te, తెలుగు te, tha th, ไทย th, ภาษาไทย th, tgl tl,
tur tr, Türkçe tr, ukr uk, українська uk, urd ur, اردو ur, vie vi, Tiếng Việt vi, yor yo, zul zu,
isiZulu zu, isiXhosa xh, Gaelic gd, Oriya or
"""
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})+")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ '\u2019()-]|(?<=\w)[\u0300-\u1fff]){2,59}")


def _split(table: str) -> dict[str, str]:
    entries = (" ".join(entry.split()).partition(" ") for entry in table.split(","))
    return {code: name for code, _, name in entries}


NAMES = _split(_NAMES)


@cache
def _codes() -> dict[str, str]:
    aliases = (" ".join(entry.split()).rpartition(" ") for entry in _ALIASES.split(","))
    codes = {alias.casefold(): code for alias, _, code in aliases}
    codes |= {name.casefold(): code for code, name in NAMES.items()}
    return codes | {own.casefold(): own for own in NAMES}


def language(value: str) -> str:
    """The code of the language that ``value`` names: by code (``de``, ``pt-BR``, ``deu``) or name (``German``).

    ``any`` stays, and so does the name of a language that is not in the table.

    Raises:
        ValueError: it is neither a known code nor like a name, or a known name misspelt.
    """
    text = " ".join(normalize("NFC", value).split())
    codes = _codes()
    if text.casefold() == ANY:
        return ANY
    if code := codes.get(text.casefold()) or codes.get(text.casefold().replace("_", "-")):
        return code
    if _TAG.fullmatch(text):
        first, *rest = text.replace("_", "-").split("-")
        if code := codes.get(first.casefold()):
            return "-".join([code, *(part.title() if len(part) == 4 else part.upper() for part in rest)])
    from difflib import get_close_matches

    if near := get_close_matches(text.casefold(), codes, 1, 0.8 if len(text) > 3 else 1):
        raise ValueError(f"there is no language of that name; did you mean {name_of(codes[near[0]])}?")
    if not _NAME.fullmatch(text) or (len(text) <= 3 and text.isascii()):
        raise ValueError('choose the English name of a language, its code (such as de or pt-BR), or "any"')
    return text


def name_of(language: str) -> str:
    """The English name of a language, by the code that ``language`` returns: ``German``, ``German (de-AT)``."""
    if language in NAMES:
        return NAMES[language]
    first, tag, _ = language.partition("-")
    return f"{NAMES[first]} ({language})" if tag and first in NAMES else language


def base_of(language: str) -> str:
    """The language of which a code is a variant: ``pt`` for ``pt-BR``; itself if it is none."""
    first = language.partition("-")[0]
    return first if first in NAMES else language
