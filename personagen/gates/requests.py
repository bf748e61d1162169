"""What people ask for in other languages than English: work on a text, a text once more, a translation.

The words are stems, and looked for anywhere in a message, folded.
"""

from __future__ import annotations

import re

TRANSLATION = (
    r"(?:übersetz|tradu[cizç]|vertaal|översätt|oversæt|oversett|käännä|przetłumacz|přelož|fordít|çevir|terjemah|dịch|tafsiri"
    r"|\bisalin|перев(?:од|ед)|переклад|μετάφρα|μεταφρά|תרגם|תרגום|ترجم|अनुवाद|অনুবাদ|மொழிபெயர்|แปล|翻译|翻譯|翻訳|訳して|번역"
    r"|englisch|anglais|inglés|inglese|inglês|engels\b|engelsk|englannin|angielsk|anglick|\bangol|englez|ingilizce|inggris"
    r"|tiếng anh|kiingereza|английск|англійськ|αγγλικ|אנגלית|إنجليزي|انگلیسی|انگریزی|अंग्रे|อังกฤษ|英语|英語|英文|영어)"
)
ON_TEXT = re.compile(
    rf"{TRANSLATION}|wiederhol|noch ?(?:ein)?mal|korrigier|formulier|umschreib|kürze|zusammenfass|schreib|verbesser"
    r"|répét|répèt|corrige|reformul|raccourci|résum|écri[st]|repite|repet|reescrib|escrib|resum|scrivi|riscriv|ripet|corregg"
    r"|riassu|escrev|reescrev|herhaal|schrijf|herschrijf|upprepa|gentag|gjenta|skriv|toista|kirjoita|powtórz|napisz|popraw"
    r"|zopakuj|napiš|ismétel|scrie|tekrar|yaz(?:ar|\b)|ulang|tulis|nhắc lại|viết|rudia|andika|ulit|isulat|повтор|исправ|перепи"
    r"|напиш|виправ|επανάλαβ|γράψε|כתוב|חזור|كرر|أعد|اكتب|صحح|لخص|تکرار|بنویس|لکھ|دہرا|दोहरा|फिर से|लिख|सुधार|লিখ|எழுத"
    r"|เขียน|พูดอีกครั้ง|แก้ไข|重复|重複|再说|再說|再写|再寫|改写|改寫|修改|缩短|总结|總結|写一|寫一|もう一度|書いて|書き直|直して|要約"
    r"|다시|고쳐|써 ?줘|써 ?주|요약"
)
