"""English function words and verbs, and verb forms: "works" and "work"."""

from __future__ import annotations


def bag(text: str) -> frozenset[str]:
    """The words of ``text`` as a set."""
    return frozenset(text.split())


# Verbs that descriptions of people use without an object; a verb before a determiner needs no list.
_VERBS = bag("""
    test wrestle referee board draft host paddle accept act adapt add adopt advise agree answer apologise
    apologize appear apply argue arrive ask attend avoid bake become boil beg begin believe belong blame blog blush
    boast bounce box breed bring brings build buy call camp care carry catch chair chat check choose clean climb
    coach collaborate collect come commute compete complain compose conduct consider consult cook cope count
    create crochet cry cycle dance deal decide deliver design develop dislike dive doubt drag draw dream dress
    drink drive earn eat edit embroider enjoy expect experiment explain explore fall farm fear feed feel fence
    ferment fidget fight find finish fish fix flinch fly follow forage forget forgive foster fret gamble garden
    get give go gossip grieve grow grumble hate have hear help hesitate hike hold hope host hunt ignore insist
    interrupt invest jog joke judge juggle jump keep kayak knit know laugh lead lean learn leave lecture lend
    let lie lift like listen live long look lose love maintain make manage master mean meditate meet mend mentor
    mind miss mourn move mow mutter need neglect nurse open order organise organize oversee own paint panic
    participate pay perform photograph pick plan plant play plays point pray prefer prepare pretend
    procrastinate promise protest publish put quarrel quilt quit quote race raise read rear recall record refuse
    regret rehearse rely remember remind rent repair repeat report rest restore retire return ride rise row run
    sail save say scuba sculpt see seek seem sell send serve sew share shoot shop shout show sigh sing sit skate
    skateboard sketch ski sleep smile smoke snap sometimes speak specialise specialize spend stand stargaze
    start stay steer stick stop study suffer sulk support surf suspect swear swim take talk taste teach tease
    tell tend think throw tinker tour train translate travel trust try tutor understand use visit volunteer wait
    wake walk want waste watch weave wear weep weigh whistle wish wonder work worry worship write yell
    """) - bag("brings plays sometimes scuba long mind mean")
# Forms in -s that are often plural nouns.
_ALSO_NOUNS = bag("""
    acts answers aches bakes boxes breeds calls cares chairs chats checks clubs coaches collects commutes cooks
    counts cries dances deals designs dislikes doubts dreams dresses drinks drives experiments falls farms fears
    feeds fights finds fishes flies gardens gossips hikes hopes hosts hunts jokes judges jumps kayaks laughs
    leads leaves lectures lies lifts likes lives looks loves masters means mentors minds misses moves needs
    nurses orders paints parties photographs plans plants plays points promises protests quarrels quilts quotes
    races raises reads records regrets rents repairs reports rests returns rides rises rows runs sails saves
    shares shoots shops shouts shows sighs skates skateboards sketches skis smiles smokes snaps starts stays
    sticks stops studies supports surfs suspects swims talks tastes teases thinks throws tours trains travels
    tries tutors uses visits volunteers waits walks watches weaves wishes wonders works worries worships
    """)
_PAST = bag("""
    ate became began bent bled blew bore born bought bound bred broke brought built burnt came caught chose
    clung crept cut dealt did drank drew drove dug fed fell felt fled flew forgave forgot fought found froze
    gave got grew had heard held hid hung hurt kept knew laid lay learnt led left lent lit lost made meant met
    paid ran rang rode rose said sang sank sat saw sent set shot shut slept sold sought spent spoke spun stood
    stole struck stuck swam swore swept swung taught told took thought threw tore understood upset was went were
    woke won wore wound wove wrote withdrew
    """)
_NOT_PAST = bag("need feed breed speed bleed heed seed weed proceed succeed exceed embed shed wed")
_IE = {"dies": "die", "lies": "lie", "ties": "tie", "vies": "vie", "unties": "untie"}
_ODD = _IE | {"aches": "ache", "shoes": "shoe", "focuses": "focus", "canoes": "canoe", "has": "have", "quizzes": "quiz"}

_PLACES = bag("at in on for with to as into over through under after before")
ADVERBS = bag("""
    also often always never still now rarely sometimes then once usually first even just only both each already
    seldom soon later too almost nowadays perhaps afterwards otherwise besides instead ever quite rather really
    not all very
    """)
DETERMINERS = bag("""
    a an the his her their its my our your this that these those every each some any no most many several both
    all one two three four five six seven eight nine ten him them himself herself themselves it everyone
    everything nothing anyone
    """)
FUNCTION = bag("""
    a about above across after against all along alongside although among an and any are around as at away
    because been before behind being below beneath beside besides between beyond but by can could despite did do
    does down during each enough even every except for from had has have he how if in inside instead into is it
    its just last less like may might must near neither never next nor not of off on once only onto or out
    outside over past per rather she should since so some still than that the them then there these they this
    those though through throughout till to today together too toward towards twice under unless until up upon
    was we were what when whenever where wherever whether which while who whom whose why will with within
    without would yesterday yet you
    """)


def base_form(verb: str) -> str:
    """The base form of a third person: ``works`` -> ``work``, ``carries`` -> ``carry``."""
    if verb in _ODD:
        return _ODD[verb]
    if verb.endswith("ies") and len(verb) > 4:
        return f"{verb[:-3]}y"
    if verb.endswith(("sses", "xes", "zzes", "ches", "shes", "oes")):
        return verb[:-2]
    return verb[:-1]


def third_form(verb: str) -> str:
    """The third person of a base form: ``work`` -> ``works``, ``carry`` -> ``carries``."""
    for third, plain in _ODD.items():
        if verb == plain:
            return third
    if verb.endswith("y") and verb[-2:-1] not in ("a", "e", "i", "o", "u"):
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else f"{verb}s"


def is_past(verb: str) -> bool:
    """Whether ``verb`` is a past form."""
    return verb in _PAST or (verb.endswith("ed") and verb not in _NOT_PAST)


_BEFORE_NOUN = bag("of by from and or that which who")


def is_third(word: str, before: str, after: str) -> bool:
    """Whether ``word`` between its neighbours is a third person, not a plural noun: "and plays the cello"."""
    if word in ("is", "was", "has", "does", "isn't", "wasn't", "hasn't", "doesn't"):
        return True
    if not word.islower() or not word.endswith("s") or word.endswith(("ss", "us")) or word in ADVERBS | FUNCTION:
        return False
    if after in DETERMINERS:
        return True
    plain = base_form(word).rpartition("-")[2]
    if plain not in _VERBS:
        return after in _PLACES and not before.endswith("s")
    if word not in _ALSO_NOUNS:
        return True
    if after in FUNCTION:
        return after not in _BEFORE_NOUN
    return after[0].isalpha() or (before.endswith("s") and base_form(before) in _VERBS)


def is_bare(word: str, after: str) -> bool:
    """Whether ``word`` before ``after`` is a base form: "and play the cello"."""
    if word in ("are", "were", "have", "do", "aren't", "weren't", "haven't", "don't"):
        return True
    if word in ADVERBS | FUNCTION | DETERMINERS or not word.islower() or is_past(word):
        return False
    return word in _VERBS or (after in DETERMINERS and (word.endswith("ss") or not word.endswith(("s", "ing", "ly"))))
