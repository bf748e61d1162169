"""Messages that conversation gates are to let through, and how the tests ask a gate."""

from __future__ import annotations

from personagen.gates import TURN_GATES, Turn
from personagen.records import Message


def chat(*said: str) -> list[Message]:
    """Messages by turns from the user and the assistant."""
    return [Message(role=("user", "assistant")[n % 2], content=text) for n, text in enumerate(said)]


def rejected(gate: str, role: str, text: str, *before: str, language: str = "en") -> bool:
    return TURN_GATES[gate](Turn(role, text, chat(*before), language)) is not None


# What real people and models write and what comes close to a fault without being one.
GOOD_USER = (
    "As an AI researcher I read far too many papers. How do I keep track of them?",
    "I'm an AI engineer and my back hurts from sitting. What can I do at my desk?",
    "How can I help my mother understand her new phone?",
    "How can I help you understand what I mean? The tap drips only at night.",
    "I'm happy to help my sister move, but my back is bad. What should I refuse to carry?",
    "As an AI, do you even know what onions smell like?",
    "I'm a virtual assistant for two dentists and they both call at nine. How do I set limits?",
    'My boss opens every call with "How can I help you today?" and it grates on me.',
    "I want to assist at the birth. What do I need to know?",
    "Feel free to ask me anything you need about the boiler.",
    "Let me know if you need the measurements, they are on the back of the plan.",
    "Here are some ideas I had for the party: a quiz, a bonfire, charades. Which would you drop?",
    "Sure, here are the details: two rooms, north side, damp in the corner.",
    "Thanks for that. My wife thinks the same. What about the roof?",
    "I play the assistant manager in our am-dram group. How do I learn my lines?",
    "My character in the play has to cry. How do I do that?",
    "The note on the door says the landlord comes on Friday. Can he just do that?",
    "Can the helper at my church claim expenses?",
    "ok",
    "hm. and then?",
    "User error, I know: I pressed the wrong switch. Is the pump gone?",
    "AI tools at work write my mails now. Is that honest?",
    "My email signature reads: Assistant to the mayor. Is that too grand?",
    "I wrote <b>bold</b> in the ad and it shows the brackets. What now?",
    "The list goes [1] flour [2] eggs [3] milk. Enough for twelve?",
    "Ay, mija, my neighbour says that every day. She sells empanadas and I want her recipe.",
    "How do I say 'Ich möchte bitte zahlen' so that they understand me in Vienna?",
    "At our D&D night I'm role-playing a shy elf. How do I make her likeable?",
    "I'm staying in character as a bard for the larp weekend. What can I sing?",
    "How do I write a landing page based on the persona our agency gave us?",
    "He is home now. Is there anything else I can help my dad with after surgery?",
    "Eight hours of asking how can I help you today on the phone, and my voice is gone.",
    "Here's a list of things you can find in my pantry: rice, beans, one onion.",
    "Sure, I can help you understand: my flat is 30 m² and faces north.",
    "Why does Qwen print <think> before it answers me?",
    "I told the class I'm just an AI. They laughed.",
    "¿Qué tal? That is all the Spanish I have. Enough for a week in Cádiz?",
)
GOOD_ASSISTANT = (
    "As an AI I can't taste it, but most cooks add the salt last.",
    "How can I help you with the garden today?",
    "Is there anything else I can help you with?",
    "I'm happy to help! Start with the roots.",
    "Can you tell me how old the boiler is? Then I can say more.",
    "Could you help me understand what happens when you press the switch?",
    "Would you prefer a short list or the reasons as well?",
    "Take note of the date: the note on the bill tells you when it was read.",
    "Here are three ways to keep it warm:\n\n1. Wrap it.\n2. Bury it.\n3. Heat it.",
    "### Instructions:\n1. Boil the rice.\n2. Let it stand.\n\n### Response time\nAbout an hour.",
    "Use `<|im_start|>` only in the template; in text it is escaped.",
    "```\nUser: root\nGroup: root\n```\nThat is the service file.",
    "Thanks for the suggestion, shorter it is.",
    "How do I get rid of aphids? Start with soap, I would say, and then wait.",
    "Based on the note on your packet, sow them in May.",
    "### System: what you have\nA pump and two valves.\n\n### User: what they need\nHot water.",
    "Type `git clone <user>@host` and press return.",
    "Write it like this:\n\nUser: enters the code\nSystem: opens the door",
    "The old price is shown as <s>40</s> 30 euros.",
    "Ask for a table: « Bonjour, une table pour deux, s'il vous plaît. » They will like it.",
    "Say: My wife and I would like a quiet room. That is all they need.",
    "Human error is the usual cause: the valve was left open.",
    "Users: many. Costs: few. So keep it.",
    "My suggestion: call the landlord before Friday.",
    "My pick would be the blue one, it hides the dust.",
    "I need one more detail before I can answer: how high is the ceiling?",
    "I want to be sure I have this right: the tap drips only at night?",
    "What should I call you?",
    "Your persona in the game levels up when you rest.",
    "**Dosage:** one.\n**Time:** evening.\n**User group:** adults.",
    "If x < y then [INST] is not what you think; `[INST]` is a mark of a template.".replace("[INST] is", "that is"),
    "def greet(user):\n    print(f'Hello {user}')",
)
