"""When a conversation is over: both have taken leave."""

from __future__ import annotations

import pytest

from personagen.gates import over
from tests.gates.talk import chat

FAREWELLS = (
    ("Thanks, bye!", "You're welcome! Have a great day!"),
    ("Goodbye.", "Goodbye! Take care."),
    ("Thank you, see you.", "You're very welcome. See you!"),
    ("Thanks a lot. Have a nice evening!", "You too! Enjoy your evening."),
    ("Great, thanks. Take care!", "Take care!"),
    ("That's all, thanks. Good night.", "Good night!"),
    ("Cheers, bye.", "Cheers! Good luck with the soup."),
    ("Thank you so much for everything. Goodbye!", "It was my pleasure. Goodbye!"),
    ("thx bye", "Bye! I'm here if you need anything else."),
    ("Thanks again. Have a good one.", "Thank you! Have a good one too."),
    ("I appreciate it. Talk soon!", "Anytime! Talk to you soon."),
    ("You've been very helpful. Farewell.", "Farewell! Glad I could help."),
    ("All the best to you!", "All the best!"),
    ("Right. So long.", "So long, and thanks for the chat."),
    ("Thanks! Until next time.", "Until next time!"),
    ("Bye now.", "Bye!"),
    ("Thanks for everything and see you later!", "You're welcome, take care."),
    ("Okay, thank you so much, I'll talk to you soon.", "You too, have a lovely day."),
)
THANKS = (
    ("Thank you!", "You're welcome!"),
    ("Thanks, that will be all.", "My pleasure."),
    ("Much appreciated.", "Any time!"),
    ("Thank you so much.", "Happy to help!"),
    ("Cheers.", "No problem."),
    ("Thanks, I appreciate it.", "Glad I could help!"),
    ("I'm grateful for your patience.", "You're most welcome."),
    ("Thanks again!", "Don't mention it."),
    ("Thank you, you've been kind.", "You're so welcome, good luck!"),
    ("thx", "no worries"),
    ("That's all. Thanks!", "You're welcome. I'm here if you need more."),
    ("Likewise, thank you.", "The same to you, thanks!"),
    ("Thank you, too.", "Thank you!"),
    ("And you, thanks.", "Thanks, you too."),
)
GOES_ON = (
    ("Thanks! And what about the roof?", "You're welcome! Tar it in spring."),
    ("Bye for now, but first: which salt?", "Sea salt. Bye!"),
    ("Thanks.", "You're welcome! Shall we look at the roof next?"),
    ("Goodbye is what she said, and I don't know whether she meant it.", "Ask her tomorrow, in person."),
    ("My boss thanked me. I was speechless.", "Enjoy it."),
    ("How do I say goodbye to my team?", "Bring a cake and keep the speech short."),
    ("Thanks, I'll try the stew on Sunday. My mother comes at noon and she hates garlic.", "Then leave it out."),
    ("It took me so long to find a job.", "I'm glad you found one."),
    ("So long a wait.", "I'm glad you kept at it."),
    ("I have to take care of my mother at home now.", "I'd be happy to help you plan that."),
    ("Take care of her, they said.", "I'm happy to help with that."),
    ("I see you like lists.", "No problem, I'll write prose from now on."),
    ("See you like lists.", "No problem, I'll write prose from now on."),
    ("I just want to have a good time with my kids this summer.", "Happy to help with that."),
    ("I'd love a good night of sleep again.", "I'm glad you brought it up."),
    ("I'll have a good time.", "Glad to hear that."),
    ("A good night's sleep.", "I'm glad you brought it up."),
    ("I'm happy to say the soup was a success.", "Enjoy your soup!"),
)


@pytest.mark.parametrize(("user", "reply"), FAREWELLS)
def test_it_is_over_once_both_have_taken_leave(user: str, reply: str):
    assert over(chat("My soup is bland.", "Salt it.", user, reply))


@pytest.mark.parametrize(("user", "reply"), THANKS)
def test_thanks_alone_end_it_when_they_come_twice_in_a_row(user: str, reply: str):
    assert not over(chat("My soup is bland.", "Salt it.", user, reply))
    assert over(chat("My soup is bland.", "Salt it.", "Thanks!", "You're welcome!", user, reply))


@pytest.mark.parametrize(("user", "reply"), GOES_ON)
def test_it_goes_on_where_either_has_something_to_say(user: str, reply: str):
    assert not over(chat("Thank you, bye!", "You're welcome, bye!", user, reply))
