"""The labels that models put before a message, in many languages: "User:", "**KI:**", "用户：", "Turn 3 (user):"."""

from __future__ import annotations

import re

_USER = """
    User|Human|Nutzer|Nutzerin|Benutzer|Anwender|Utilisateur|Utilisatrice|Usuario|Usuaria|Utente|Usuário|Usuária
    |Utilizador|Gebruiker|Användare|Bruger|Bruker|Käyttäjä|Użytkownik|Uživatel|Používateľ|Felhasználó|Utilizator
    |Kullanıcı|Pengguna|Người dùng|Mtumiaji|Gumagamit|Korisnik|Потребител|Пользователь|Користувач|Χρήστης|משתמש
    |המשתמש|المستخدم|مستخدم|کاربر|صارف|उपयोगकर्ता|प्रयोगकर्ता|वापरकर्ता|ব্যবহারকারী|பயனர்|వినియోగదారు|ผู้ใช้|用户
    |用戶|使用者|ユーザー|ユーザ|利用者|사용자|유저
"""
_ASSISTANT = """
    AI Assistant|Assistant|Assistentin|Assistent|KI-Assistent|Assistante|Assistant IA|Asistente|Asistente de IA
    |Assistente|Assistente IA|AI-assistent|Asystent|Asystent AI|Asistent|Asszisztens|Avustaja|Asistan|Yapay zeka
    |Asisten|Asisten AI|Trợ lý|Trợ lý AI|Msaidizi|Katulong|Pomoćnik|Асистент|Ассистент|Помощник|Помічник|Βοηθός
    |עוזר|المساعد|مساعد|المساعد الذكي|دستیار|معاون|सहायक|सहाय्यक|সহকারী|உதவியாளர்|సహాయకుడు|ผู้ช่วย|助手|助理|AI助手
    |AI助理|人工智能助手|アシスタント|AIアシスタント|어시스턴트|도우미|AI 어시스턴트
"""
# Also subjects that people speak of: their lines are a speaker's only after something else was said.
_MACHINE = "AI|KI|IA|ИИ|ШІ|ChatGPT|人工智能"
_BOT = "Bot|Chatbot"
_TURN = (
    r"(?:(?:turn|round|runde|tour|turno|ronda|rodada|beurt|tura|kolo|раунд|ход|хід|tur|giliran|lượt|zamu|vuoro|forduló"
    r"|الدور|دور|बारी|턴|ターン|รอบ)[ \t]*#?\d{1,4}|第[ \t]*\d{1,4}[ \t]*[轮輪回])"
)
_BEGIN, _OPEN, _CLOSE = "[\\s\u200e\u200f\ufeff]*", r"[*_\[【]*[ \t]*", r"[ \t]*[*_\]】]*"
_ASIDE = r"(?:[ \t]*[(（\[][^()（）\[\]\n]{1,24}[)）\]])?"
COLON = "[:\uff1a\ufe55\ufe13]"


def _names(table: str) -> list[str]:
    return sorted(" ".join(table.split()).replace(" |", "|").split("|"), key=len, reverse=True)


def _label(names: str) -> str:
    """A pattern of a label with one of ``names``, alone or with the number of a turn, and its colon."""
    turn = rf"{_TURN}[ \t]*[-–—:：,，.]?[ \t]*[(（\[]?[ \t]*"
    return rf"{_OPEN}(?:{turn})?(?:{names})(?![\w-]){_ASIDE}[)）\]]?{_CLOSE}[ \t]*{COLON}\**"


def _written(table: str) -> str:
    """Names as they begin a line: with a capital, or in capitals."""
    return "|".join(re.escape(form) for name in _names(table) for form in dict.fromkeys((name, name.upper())))


def _any_case(*tables: str) -> str:
    return "|".join(re.escape(name) for table in tables for name in _names(table))


_TABLES = {"user": _USER, "assistant": _ASSISTANT}
_OTHER = {"user": "assistant", "assistant": "user"}
# A speaker's own label at the start of a message. "AI: artificial intelligence. ML: machine learning." is a list.
_ABBREVIATIONS = r"(?!.*\b[A-Z]{2,5}:)"
OWN = {
    "user": re.compile(rf"\A{_BEGIN}(?:{_label(_any_case(_USER))}|<user>|{_OPEN}{_TURN}{_CLOSE}{COLON}\**)\s*", re.I),
    "assistant": re.compile(
        rf"\A{_BEGIN}(?:{_label(_any_case(_ASSISTANT))}|{_label(_any_case(_MACHINE, _BOT))}(?-i:{_ABBREVIATIONS})"
        rf"|<assistant>|{_OPEN}{_TURN}{_CLOSE}{COLON}\**)\s*",
        re.I,
    ),
}
# The other speaker's label at the start of a message.
OTHERS = {role: re.compile(rf"{_BEGIN}{_label(_any_case(_TABLES[other]))}", re.I) for role, other in _OTHER.items()}
# A line of the other speaker, or the closing tag that a transcript puts after a message.
GOES_ON = {
    "user": re.compile(
        rf"^[ \t]*(?:{_label(_written(f'{_ASSISTANT}|{_MACHINE}|{_BOT}'))}|</?assistant>)|</user>", re.M
    ),
    "assistant": re.compile(rf"^[ \t]*(?:{_label(_written(_USER))}|</?user>)|</assistant>", re.M),
}
# A line of a list of settings, or of another speaker in a script.
LISTED = re.compile(
    rf"[ \t>*-]*(?!(?:{_any_case(_USER, _ASSISTANT, _MACHINE)})\b\**[ \t]*{COLON})"
    rf"\w{{1,24}}(?: \w{{1,24}})?\**[ \t]*{COLON}",
    re.I,
)
