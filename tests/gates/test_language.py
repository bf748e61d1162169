"""What is said in another language than the talk is held in."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

BAD = (
    "Das ist eine gute Frage. Ich würde zuerst mit dem Vermieter sprechen und dann die Rechnung noch einmal prüfen.",
    "Wenn du abends nicht schlafen kannst, dann trink keinen Kaffee nach dem Mittag und geh noch ein wenig spazieren.",
    "Ich habe gestern mit meiner Schwester gesprochen, aber sie will nicht, dass ich den Wagen verkaufe. Was nun?",
    "Für den Garten brauchst du nicht viel: eine Schaufel, ein paar Samen und sehr viel Geduld mit dem Wetter.",
    "Danke, das hilft mir schon. Und wie lange dauert es, bis der Teig aufgeht, wenn die Küche kalt ist?",
    "Je pense que vous pouvez demander au propriétaire avant de payer la facture, mais ce n'est pas obligatoire.",
    "Pour le jardin, vous n'avez pas besoin de beaucoup de choses : une pelle, des graines et de la patience.",
    "Merci, c'est très gentil. Est-ce que je dois aussi laver les légumes avant de les mettre dans la soupe ?",
    "Ma sœur dit que je ne devrais pas vendre la voiture, mais elle ne paie pas les réparations avec moi.",
    "Il faut parler avec votre patron et lui dire que les horaires ne sont pas possibles pour vous en hiver.",
    "Creo que puedes hablar con el dueño antes de pagar la factura, pero no es obligatorio hacerlo por escrito.",
    "Para el jardín no hace falta mucho: una pala, unas semillas y mucha paciencia con el tiempo que hace aquí.",
    "Gracias, eso me ayuda mucho. ¿Y cuánto tarda la masa en subir si la cocina está fría por la mañana?",
    "Mi hermana dice que no debo vender el coche, pero ella no paga las reparaciones que hay que hacer cada año.",
    "Lo mejor es que hables con tu jefe y le digas que los horarios de la tarde no son buenos para los niños.",
    "Penso che tu possa parlare con il padrone di casa prima di pagare la bolletta, ma non è obbligatorio farlo.",
    "Per il giardino non ti serve molto: una pala, alcuni semi e tanta pazienza con il tempo che fa in questa zona.",
    "Grazie, questo mi aiuta molto. E quanto ci mette la pasta a lievitare se la cucina è fredda come la mia?",
    "Mia sorella dice che non devo vendere la macchina, ma lei non paga le riparazioni che sono sempre più care.",
    "Acho que você pode falar com o dono da casa antes de pagar a conta, mas isso não é obrigatório para ninguém.",
    "Para o jardim você não precisa de muito: uma pá, umas sementes e muita paciência com o tempo que faz aqui.",
    "Obrigado, isso me ajuda muito. E quanto tempo a massa leva para crescer se a cozinha está fria de manhã?",
    "A minha irmã diz que não devo vender o carro, mas ela não paga os consertos, que são muito caros para mim.",
    "Ik denk dat je het beste eerst met de verhuurder kunt praten, maar je moet dan niet te lang wachten met de brief.",
    "Voor de tuin heb je niet veel nodig: een schop, wat zaden en heel veel geduld met het weer dat er bij hoort.",
    "Bedankt, dat helpt me. En hoe lang duurt het voor het deeg rijst als de keuken koud is en het buiten vriest?",
    "我觉得你应该先和房东谈一谈，然后再付这张账单。如果他不同意，你可以写一封信给他。",
    "大家さんに先に相談してから、請求書を払うのがいいと思います。急がなくても大丈夫です。",
    "집주인과 먼저 이야기하고 나서 청구서를 내는 것이 좋겠어요. 서두를 필요는 없습니다.",
    "Я думаю, что сначала нужно поговорить с хозяином квартиры, а потом платить по счёту.",
    "أعتقد أنه يجب عليك التحدث مع المالك قبل دفع الفاتورة، ولا داعي للعجلة في ذلك.",
    "मुझे लगता है कि आपको पहले मकान मालिक से बात करनी चाहिए और फिर बिल चुकाना चाहिए।",
    "Νομίζω ότι πρέπει πρώτα να μιλήσεις με τον ιδιοκτήτη και μετά να πληρώσεις τον λογαριασμό.",
    "Start with the salt. 然后把米饭煮熟，等十分钟，再放进锅里和鸡蛋一起炒，最后加一点酱油就可以了。",
)
SHORT = ("Ja, gern.", "C'est la vie!", "Gracias, amigo.", "Да.", "谢谢", "Va bene, grazie mille.", "Natürlich, sofort.")


@pytest.mark.parametrize("text", BAD)
def test_every_other_language_is_found(text: str):
    assert rejected("language", "assistant", text, "My bill is wrong. What now?")


@pytest.mark.parametrize("text", SHORT)
def test_a_few_words_give_no_verdict(text: str):
    assert not rejected("language", "user", text)


@pytest.mark.parametrize("text", BAD)
def test_whoever_asks_for_a_language_gets_it(text: str):
    assert not rejected("language", "assistant", text, "Translate that for my neighbour, please.")


def test_whoever_asks_what_to_say_abroad_may_get_it_in_that_language():
    said = (
        "Bonjour, je voudrais réserver une table pour deux personnes ce soir, est-ce que vous avez encore de la place ?"
    )
    assert not rejected("language", "assistant", said, "What do I say on the phone to the bistro in Nice?")
    assert rejected("language", "assistant", said, "Where do I eat in Nice?")


@pytest.mark.parametrize("text", BAD)
def test_any_language_will_do_where_it_is_left_open(text: str):
    assert not rejected("language", "assistant", text, language="any")


@pytest.mark.parametrize(("language", "own"), [("de", slice(0, 5)), ("fr", slice(5, 10)), ("es", slice(10, 15))])
def test_a_talk_in_another_language_stays_in_that_one(language: str, own: slice):
    found = [text for text in BAD if rejected("language", "user", text, language=language)]
    others = [text for text in BAD if text not in BAD[own]]
    assert len(found) >= 0.9 * len(others)  # Romance languages share many words
    assert set(found) <= set(others)
    assert rejected(
        "language", "user", "I think that you should talk to them and then pay what is due.", language=language
    )


def test_lists_code_and_names_are_in_no_language():
    listed = "\n".join(
        f"- {name}: {n} kg" for n, name in enumerate("Oslo Roma Lima Bonn Graz Lodz Bari Kyiv Nice Porto".split())
    )
    assert not rejected("language", "assistant", listed)
    assert not rejected("language", "assistant", "```python\n" + "die = das = der = und = nicht = ein\n" * 9 + "```")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "zh",
            "老板写道：“Please send me the report by Friday, and tell everyone that we will meet.” 什么意思？",
        ),
        (
            "de",
            "Mein Chef schrieb: „Please send me the report by Friday and tell everyone in the team.“ Was soll ich tun?",
        ),
        (
            "ja",
            "メールに「Please send me the report by Friday and tell everyone in the team that we meet.」とありました。",
        ),
        (
            "en",
            "He wrote: “Ich habe die Rechnung noch nicht bekommen, und ich will das Geld jetzt haben.” What now?",
        ),
        ("ar", "اقرأ https://example.org/a/very/long/path/that/has/many/words/in/it/and/more/of/them هنا وقل لي رأيك."),
    ],
)
def test_what_a_message_quotes_is_not_its_language(language: str, text: str):
    assert not rejected("language", "user", text, language=language)


@pytest.mark.parametrize("marks", ["“{}”", "„{}“", "「{}」", '"{}"', "{}"])
def test_a_message_that_is_one_quotation_is_in_the_language_of_that(marks: str):
    said = marks.format("I think that you should talk to them first and then pay the bill, but there is no hurry")
    assert rejected("language", "assistant", said, language="zh")


@pytest.mark.parametrize(
    ("language", "asked"),
    [
        ("zh", "请把这句话翻译成英文。"),
        ("ar", "ترجم هذا لي من فضلك."),
        ("sw", "Tafsiri hii kwa Kiingereza."),
        ("de", "Auf Englisch bitte!"),
    ],
)
def test_a_translation_may_be_asked_for_in_any_language(language: str, asked: str):
    said = "I think that you should talk to them first and then pay the bill, but there is no hurry with it at all."
    assert not rejected("language", "assistant", said, asked, language=language)
    assert rejected("language", "assistant", said, "?", language=language)


@pytest.mark.parametrize(
    ("language", "asked", "again"),
    [
        ("zh", "你说什么？", "请再说一遍，我没听清楚。"),
        ("de", "Wie bitte?", "Wiederhole das bitte."),
        ("hi", "क्या?", "फिर से कहिए।"),
    ],
)
def test_an_assistant_may_repeat_itself_if_asked_in_any_language(language: str, asked: str, again: str):
    from tests.servers.tongues import banks

    name = {"zh": "Chinese", "de": "German", "hi": "Hindi"}[language]
    said = " ".join(banks()[name]["advice"][:4])
    assert rejected("repeats", "assistant", said, "1", said, asked, language=language)
    assert not rejected("repeats", "assistant", said, "1", said, again, language=language)


@pytest.mark.parametrize(
    "text", ["用户名和密码都在信里。", "ユーザー名は手紙にあります。", "사용자 이름은 편지에 있어요."]
)
def test_a_user_name_is_not_talk_about_the_user(text: str):
    assert not rejected("about", "assistant", text, "登录不了", language="any")
