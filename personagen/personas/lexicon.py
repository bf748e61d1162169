"""The trait lexicon: the words for traits of character, their synonyms and valence.

An entry is one trait: ``canonical: other adjectives | nouns and verbs``. Regular derivations (``patience``,
``bluntly``, ``tidiness``) and American spellings are generated, so only irregular ones are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal

Valence = Literal["flattering", "unflattering", "neutral"]

_FLATTERING = """
adaptable: adaptive flexible versatile; adventurous: daring venturesome; affectionate: demonstrative loving;
ambitious: driven motivated aspiring goal-oriented | ambition; analytical: analytic; approachable: welcoming;
articulate: eloquent well-spoken; artistic; assertive: self-assertive; attentive;
brave: courageous bold fearless plucky valiant intrepid gutsy | courage bravery;
broad-minded: open-minded unprejudiced;
calm: calming composed level-headed even-tempered unflappable serene placid unruffled imperturbable | composure poise;
careful: prudent circumspect heedful; charismatic: charming magnetic | charisma;
cheerful: jovial merry sunny cheery jolly bubbly upbeat good-humoured light-hearted;
collaborative: cooperative team-oriented | team-player; compassionate: caring humane merciful;
confident: self-assured self-confident assured; conscientious: dutiful; considerate: thoughtful;
courteous: polite well-mannered gracious gallant respectful civil;
creative: imaginative inventive innovative original ingenious; curious: inquisitive | curiosity; decisive;
dedicated: committed | dedication commitment;
determined: resolute persistent tenacious persevering strong-willed dogged | determination perseverance tenacity grit;
dignified: graceful | dignity; diligent: hardworking hard-working industrious assiduous; diplomatic: tactful | tact;
disciplined: self-disciplined self-controlled | self-discipline self-control; discreet: | discretion;
down-to-earth: unpretentious; easy-going: laid-back relaxed carefree happy-go-lucky; efficient: businesslike;
empathetic: empathic sympathetic understanding | empathy;
energetic: vibrant lively dynamic spirited vivacious | vitality;
enthusiastic: passionate exuberant zestful fervent | enthusiasm; fair: fair-minded even-handed impartial unbiased;
forgiving: lenient; friendly: amiable affable genial cordial good-natured; fun-loving: playful;
generous: giving open-handed unselfish selfless charitable altruistic | generosity;
gentle: mild tender soft-spoken mild-mannered; grateful: appreciative thankful | gratitude;
helpful: supportive encouraging obliging; honest: truthful honourable upright principled | honesty integrity; hopeful;
hospitable; humble: modest unassuming self-effacing | humility modesty; humorous: funny amusing;
independent: self-reliant self-sufficient autonomous; insightful: wise discerning | wisdom; inspiring: inspirational;
intellectual: bookish cerebral scholarly; intelligent: bright smart clever brainy quick-witted;
intuitive: instinctive intuition-driven | intuition;
kind: kind-hearted kindly good-hearted benevolent big-hearted soft-hearted;
loyal: steadfast devoted staunch faithful | loyalty; methodical: systematic;
meticulous: detail-oriented thorough precise painstaking exacting; neat: tidy;
nurturing: motherly fatherly maternal paternal; observant: perceptive watchful;
optimistic: positive | optimist optimism; organised: orderly well-organised structured;
patient: forbearing unhurried long-suffering; peaceable: peace-loving conciliatory | peacemaker;
persuasive: convincing; practical: pragmatic realistic sensible | pragmatist realist pragmatism;
proactive: enterprising; punctual: prompt; rational: logical reasonable; reliable: dependable trustworthy;
resilient: tough hardy; resourceful; responsible: accountable; sincere: genuine authentic heartfelt;
sociable: social outgoing gregarious convivial; steady;
straightforward: frank candid forthright transparent plain-spoken plain-speaking | candour; strategic: far-sighted;
tolerant; trusting: trustful; visionary; warm: warm-hearted | warmth; witty: | wit
"""

_UNFLATTERING = """
abrasive: prickly; absent-minded: scatterbrained scatter-brained; aggressive: combative belligerent pugnacious;
aloof: distant standoffish stand-offish unapproachable;
anxious: worried nervous jittery fretful | anxiety worrier worries frets;
argumentative: quarrelsome disputatious contrary | contrarian; arrogant: conceited haughty cocky; awkward: gauche;
bitter: embittered resentful; blunt: tactless undiplomatic; boastful: | braggart show-off;
bossy: domineering overbearing; careless: slapdash sloppy; childish: immature; clingy: needy; clumsy: accident-prone;
cold: unfeeling cold-hearted; competitive: | sore-loser; controlling: | control-freak; cowardly: | coward;
crude: coarse vulgar; cruel: heartless merciless; cynical: | cynic cynicism; defensive; demanding: high-maintenance;
dishonest: untruthful deceitful insincere | dishonesty liar; disloyal: unfaithful; dismissive;
disorganised: chaotic unorganised; distractible: distracted inattentive; dogmatic: opinionated doctrinaire;
envious: jealous | envy jealousy; evasive: cagey; fearful: timid fainthearted; fickle: inconstant changeable;
forgetful: | forgets; fussy: finicky picky pernickety persnickety choosy;
gloomy: melancholy melancholic morose glum brooding; gossipy: indiscreet | gossip gossips; greedy: grasping | greed;
gruff: brusque curt abrupt;
grumpy: grouchy cranky crabby cantankerous crotchety curmudgeonly surly | curmudgeon grumbler grumbles moaner;
guilt-ridden; gullible: credulous naive;
hot-headed: hot-tempered short-tempered quick-tempered fiery irascible volatile temperamental | temper hothead;
hypocritical: two-faced | hypocrite; impatient; impolite: rude ill-mannered discourteous disrespectful uncivil;
impractical: unrealistic; impulsive: rash reckless hasty foolhardy | impulsiveness;
inconsiderate: thoughtless insensitive; indecisive: wavering | ditherer dithers indecision;
inflexible: rigid unbending; insecure: self-doubting unconfident | self-doubt; intolerant: bigoted narrow-minded;
irresponsible: unaccountable; irritable: tetchy snappy testy ratty easily-annoyed;
judgmental: judgemental critical fault-finding; lazy: idle indolent; loud: noisy; manipulative: scheming calculating;
materialistic: | materialist; mean: spiteful malicious nasty unkind; messy: untidy slovenly; moody: mercurial;
nosy: nosey prying meddlesome | busybody; obsessive: compulsive; overprotective;
oversensitive: thin-skinned touchy easily-hurt easily-offended; overthinking: | overthinker overthinks;
pedantic: nitpicking nitpicky hair-splitting | pedant pedantry; perfectionist: perfectionistic | perfectionism;
pessimistic: negative defeatist fatalistic | pessimist pessimism; petty: small-minded; possessive;
pretentious: pompous snobbish | snob; procrastinating: | procrastinator procrastinates procrastination;
rambling: long-winded verbose; rebellious: defiant unruly insubordinate | rebel;
sarcastic: sardonic caustic | sarcasm; secretive; self-centred: self-absorbed vain egotistical narcissistic | vanity;
self-critical: self-deprecating; selfish: ungenerous; shy: bashful; stingy: miserly tight-fisted;
stubborn: obstinate headstrong pig-headed bull-headed mulish; submissive: passive; sulky: sullen petulant | sulks;
superstitious: | superstition; suspicious: distrustful mistrustful wary untrusting | mistrust;
terse: laconic monosyllabic; uncompromising: unyielding; undisciplined; ungrateful: unappreciative; unpunctual: tardy;
unreliable: undependable flaky untrustworthy; unsociable: unsocial antisocial misanthropic unfriendly | misanthrope;
vague: woolly; vengeful: vindictive unforgiving;
apathetic; attention-seeking; confrontational; dependent; hesitant; hypersensitive; melodramatic;
neurotic; paranoid; passive-aggressive; preachy: sanctimonious; skittish; superficial
"""

_NEUTRAL = """
cautious: guarded risk-averse | caution; commanding; conventional: | conformist; deliberate: measured;
detached: dispassionate objective; direct: outspoken; dreamy: | dreamer daydreamer; earnest: solemn;
eccentric: quirky odd unconventional offbeat peculiar; eclectic: ecletic; emotional: sentimental;
extroverted: extraverted | extrovert extravert extroversion extraversion; formal: ceremonious;
frugal: thrifty economical penny-pinching; idealistic: | idealist idealism; intense: fierce;
introspective: reflective contemplative self-aware; introverted: | introvert introversion;
mischievous: impish cheeky | prankster; nostalgic: wistful | nostalgia; old-fashioned: traditional;
philosophical: philosophic; pious; private; protective; proud; quiet: silent;
reserved: reticent withdrawn unforthcoming; restless: fidgety; romantic;
sceptical: skeptical doubting | sceptic skeptic scepticism skepticism; sensitive; serious: grave sober stern;
solitary: | loner; spontaneous; stoic: stoical; strict: severe; taciturn: untalkative uncommunicative;
talkative: chatty garrulous loquacious | conversationalist chatterbox; unconcerned: indifferent nonchalant;
unemotional;
daydreaming; deadpan; ironic: | irony; literal-minded; risk-taking: | risk-taker
"""

# Turns of phrase: "a/b" is a choice, a possessive is written "their".
_PHRASES = """
absent-minded: head in the clouds
anxious: bundle of nerves, expects/fears the worst, loses sleep over
attentive: good/great/excellent/born listener
awkward: socially awkward/arkward
blunt: minces no words, does not mince words, doesn't/never mince/minces words, doesn't/never mince/minces their words
calm: keeps/keep their head, slow to anger
commanding: natural/natural-born/born leader, takes charge
down-to-earth: feet on the ground
emotional: heart on their sleeve, cries easily
frugal: counts every penny/coin/cent
hot-headed: short fuse, quick to anger, loses/lose their temper, flares up
humorous: sense of humour/humor
intuitive: gut feeling/feelings/instinct/instincts
optimistic: bright side, silver lining, glass half-full, glass half full
pessimistic: glass half-empty, glass half empty
reliable: keeps/keep/keeping their word/promises, man/woman/person of their word
straightforward: speaks/speak/speaking their mind
stubborn: digs their heels in, digs in their heels
taciturn: of few words
vengeful: holds/nurses/bears/hold/nurse/bear grudges, holds/nurses/bears/hold/nurse/bear a grudge
"""

# The meaning of "not patient". The denial of a trait without an opposite here names no trait.
_OPPOSITES = """
patient impatient, careful careless, honest dishonest, organised disorganised, punctual unpunctual, neat messy,
reliable unreliable, loyal disloyal, considerate inconsiderate, decisive indecisive, tolerant intolerant,
courteous impolite, sociable unsociable, trusting suspicious, grateful ungrateful, adaptable inflexible,
disciplined undisciplined, talkative taciturn, practical impractical, responsible irresponsible, generous stingy,
brave fearful, warm cold, optimistic pessimistic, forgiving vengeful, diplomatic blunt,
calm anxious, confident insecure, emotional unemotional, humble arrogant, kind mean, friendly unsociable,
easy-going strict, attentive distractible, gentle abrasive
"""


def _american(word: str) -> str:
    for ours, theirs in (("onour", "onor"), ("umour", "umor"), ("anis", "aniz"), ("centred", "centered")):
        word = word.replace(ours, theirs)
    return word


def _derived(adjective: str) -> Iterator[str]:
    """Regular nouns and adverbs of an adjective; forms that are not English words do no harm."""
    stem = adjective[:-1]
    if adjective.endswith("y"):
        yield from (f"{stem}iness", f"{stem}ily")
    else:
        yield f"{adjective}ness"
        yield f"{adjective}ly" if not adjective.endswith(("ic", "le")) else f"{adjective}ally"
    for ending, nouns in {"ent": ("ence",), "ant": ("ance",), "ive": ("ivity",), "ous": ("osity",)}.items():
        if adjective.endswith(ending):
            yield from (adjective[: -len(ending)] + noun for noun in nouns)
    if adjective.endswith("le"):
        yield f"{stem}y"
    if adjective.endswith("ble"):
        yield f"{adjective[:-2]}ility"
    if adjective.endswith("ic"):
        yield f"{adjective}ism"


def _read() -> tuple[dict[str, str], dict[str, Valence], frozenset[str], frozenset[str]]:
    """The values of ``FORMS``, ``VALENCE``, ``ADJECTIVES`` and ``FIRSTS``."""
    forms: dict[str, str] = {}
    valence: dict[str, Valence] = {}
    adjectives: set[str] = set()
    blocks: tuple[tuple[Valence, str], ...] = (
        ("flattering", _FLATTERING),
        ("unflattering", _UNFLATTERING),
        ("neutral", _NEUTRAL),
    )
    for sound, block in blocks:
        for entry in " ".join(block.split()).split("; "):
            trait, _, others = entry.partition(":")
            plain, _, irregular = others.partition("|")
            valence[trait] = sound
            for word in (trait, *plain.split()):
                adjectives |= {word, _american(word)}
                for form in (word, *_derived(word)):
                    forms.setdefault(form, trait)
                    forms.setdefault(_american(form), trait)
            forms |= {form: trait for word in irregular.split() for form in (word, _american(word))}
    joined = {form.replace("-", ""): trait for form, trait in forms.items()}
    firsts = frozenset(form.split("-")[0] for form in forms if "-" in form)
    return joined, valence, frozenset(a.replace("-", "") for a in adjectives), firsts


def _turns() -> dict[tuple[str, ...], str]:
    """Turns of phrase as tokens -> their trait."""
    turns: dict[tuple[str, ...], str] = {}
    for line in _PHRASES.strip().splitlines():
        trait, _, phrases = line.partition(": ")
        for phrase in phrases.split(", "):
            turns |= dict.fromkeys(product(*(choice.split("/") for choice in phrase.split())), trait)
    return turns


#: Every known form without hyphens -> its canonical trait; the valence of each canonical trait; the forms that are
#: adjectives; the first parts of forms written with a hyphen.
FORMS, VALENCE, ADJECTIVES, FIRSTS = _read()
FORMS.pop("fairly")
TURNS = _turns()
OPPOSITE = {a: b for pair in _OPPOSITES.replace("\n", " ").split(",") for a, b in [pair.split()]}
OPPOSITE |= {b: a for a, b in OPPOSITE.items()}
