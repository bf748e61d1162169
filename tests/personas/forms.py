"""Seeds in other forms than the packaged ones, and a double that writes in the form that its prompt asks for."""

from __future__ import annotations

import re
from random import Random

import orjson

from tests.fakes import word

ONE_SENTENCE = """\
A retired botanist who presses alpine flowers and writes letters to seed banks
A night-shift paramedic who studies chess openings between calls
A hydrologist mapping forgotten wells in a dry river valley
A second-year nursing student who tutors refugees in mathematics on weekends
A lighthouse keeper's granddaughter who restores brass instruments in a coastal town
A mid-level manager at a shipping company who commutes by kayak
A math teacher from a small town who is preparing her pupils for a robotics contest
A former rugby player now running a bakery with his twin brother
A wheelchair user who reviews public transport for a city newspaper
A single father of three who drives a long-distance coach at night
A beekeeper and amateur astronomer living on the edge of a desert
A software tester who collects typewriters and answers every letter by hand
A historian of medieval trade routes with an interest in spices and tolls
A teenage skateboarder saving money for a trip to see her grandparents
A court interpreter who translates folk songs in her spare time
A widowed carpenter teaching young people to build canoes
A city councillor campaigning for safer cycle paths near schools
An insurance clerk who sings bass in a barbershop quartet
An organic farmer struggling with late frosts and rising fuel prices
A graduate student researching how crows recognise human faces
A veteran sports journalist covering women's football for a local radio station
A deaf choreographer who rehearses with lights in place of music
A marine engineer on leave who is learning to cook for his vegan daughter
A pharmacist in a mountain village who also runs the post office
A grandmother who codes small games for her grandchildren
A forensic accountant following money through shell companies
A violin maker who only uses wood from fallen trees
A bus driver and part-time poet who reads aloud at open stages
A museum guard who sketches visitors and knows every alarm
A social worker supporting families after house fires
A trainee pilot with a fear of thunderstorms
A sheep shearer who travels between two hemispheres with the seasons
A librarian digitising the diaries of a whaling station
A furniture restorer whose workshop floods every spring
A sign painter training two apprentices in gold leaf
A cardiologist who volunteers as a crossing guard
A fishmonger with a degree in philosophy
A tram mechanic who keeps pigeons on the depot roof
A dietitian writing a cookbook for dialysis patients
A retired judge who mediates quarrels between neighbours
""".splitlines()

EIGHT_WORDS = """\
Vegan baker from Perth with a crooked nose.
Night-shift paramedic, amateur cellist, father of four.
Deaf swimmer who collects maps of old harbours.
Former nun running a small bookshop in Lille.
Young welder saving money for a fishing boat.
Widowed tailor teaching chess to children on Sundays.
Allergic to cats, married to a vet, tired.
Bus driver with nine grandchildren and one kidney.
Trainee judge who rides a moped to court.
Left-handed potter living above a noisy dance school.
Retired miner growing lemons in a cold greenhouse.
Part-time model, full-time nurse, mother of twin boys.
""".splitlines()

FACT_LISTS = [
    ["Works nights at a petrol station", "Has two brothers", "Lives in Leeds", "Allergic to nuts"],
    ["Teaches geography", "Rents a room in Graz", "Cycles to school", "Has a grown-up daughter", "Swims on Fridays"],
    ["Drives a tram", "Born in Izmir", "Keeps pigeons", "Plays backgammon with neighbours"],
    ["Studies dentistry", "Shares a flat with a cousin", "Works in a bakery on Sundays", "Wears hearing aids"],
    ["Runs a launderette", "Widowed since 2019", "Has a lame dog", "Sings in a church choir", "Owes money to a bank"],
    ["Picks grapes in autumn", "Sends money home", "Sleeps in a van", "Learns Danish from a radio course"],
]

CHINESE = """\
退休的植物学家，住在昆明郊外，每天清晨给种子库写信。
夜班急救员，两个孩子的父亲，在出车的间隙研究象棋开局。
来自成都的年轻木匠，正在教邻居的孩子们做小船。
在青岛开渔具店的寡妇，周末去海边写生。
大学二年级学生，白天上课，晚上在便利店打工。
养蜂人，住在沙漠边上，喜欢用旧望远镜看星星。
听力受损的编舞师，排练时用灯光代替音乐。
在铁路上工作了三十年的技师，屋顶上养着鸽子。
为透析病人写食谱的营养师，自己对花生过敏。
小镇药剂师，同时管理着当地唯一的邮局。
""".splitlines()

_ITEMS = re.compile(r"Each has (?:(\d+) to (\d+) )?(facts|traits)")
_LENGTH = re.compile(r"(one sentence|flowing prose) of (\d+) to (\d+) (words|characters)")
_TRAITS = "impatient sceptical terse forgetful blunt anxious stubborn generous patient curious shy loyal moody".split()
_JOBS = "木匠 护士 司机 教师 厨师 渔民 裁缝 园丁 律师 会计".split()
_CITIES = "昆明 成都 青岛 西安 大连 苏州".split()
_HOBBIES = "下棋 画画 养鱼 爬山 写诗 种花 钓鱼 唱戏 跑步 修表 集邮 游泳 看书 做饭 弹琴".split()


def in_form(call):
    """A reply of the author in the form that the prompt's words ask for, all of invented words."""
    asked = call.messages[-1].content
    form, least, most, unit = _LENGTH.search(asked).groups()
    fewest, _, name = _ITEMS.search(asked).groups()
    rng = Random(call.key)
    size = (int(least) + int(most)) // 2
    write = _chinese if unit == "characters" else _sentence if form == "one sentence" else _prose
    made = [write(rng, size, int(fewest or 2), traits=name == "traits") for _ in range(call.inputs["count"])]
    return orjson.dumps({"descriptions": [{"text": text, name: items} for text, items in made]}).decode()


def _sentence(rng, size, fewest, traits):
    text = f"A {word(rng)} from {word(rng)} who"
    said = []
    while len(f"{text} {' and '.join(said)}".split()) < size - 1:
        said.append(f"mends {word(rng)} with the {word(rng)}")
    text = f"{text} {' and '.join(said)}"
    return text, [text, *said][: max(1, fewest)]


def _prose(rng, size, fewest, traits):
    text, items = "", []
    for trait in rng.sample(_TRAITS, len(_TRAITS)):
        new = f"{'is ' + trait if traits else 'sells ' + word(rng)} in the {word(rng)} of {word(rng)}"
        items.append(trait if traits else new)
        text += f"She {new}. "
        if len(items) >= fewest:
            break
    while len(text.split()) < size - 6:
        text += f"She and the {word(rng)} are near {word(rng)} with {word(rng)}. "
    return text, items


def _chinese(rng, size, fewest, traits):
    parts = [f"在{rng.choice(_CITIES)}做{rng.choice(_JOBS)}"]
    while sum(map(len, parts)) + len(parts) < size:
        parts.append(f"{rng.choice('春夏秋冬早晚')}天喜欢{rng.choice(_HOBBIES)}和{rng.choice(_HOBBIES)}")
    return "，".join(parts)[:size] + "。", parts[: max(1, fewest)]
