"""Why an author's descriptions are rejected: how many by which filter, an example, and the option that changes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from personagen.agents.author import NAMES, PROMPTS
from personagen.personas.form import Form, Range
from personagen.records import Kind, Rejection

REPEATS = frozenset(("duplicates", "similarity", "same_traits"))
SURPLUS = "surplus"
_FAULTS = {
    "format": "had the wrong form",
    "misplaced": "held what belongs into the other pool",
    "duplicates": "repeated an entry",
    "similarity": "meant the same as an entry",
    "same_traits": "had the traits of an entry",
}
_DETAIL = re.compile(r"\d+|'.*'|\".*\"")
_SIZE = re.compile(r"\d+ (?:words|characters), not")
_NUMBER = re.compile(r"\d+ (?:facts|traits), not")
_LANGUAGE = re.compile(r"not in the (?:language|script)")
_OUTLIERS = 0.05


def by_filter(rejections: Sequence[Rejection]) -> Counter[str]:
    """The number of descriptions that each filter rejected; what came after the target is not counted."""
    return Counter(row.gate for row in rejections if row.gate not in ("failed", SURPLUS))


def is_misfit(rejections: Sequence[Rejection]) -> bool:
    """Whether most of ``rejections`` are for another reason than repeating an entry, so that the pool is not full."""
    counts = by_filter(rejections)
    return 2 * sum(counts[name] for name in REPEATS) < counts.total()


def misfit(kind: Kind, form: Form, rejections: Sequence[Rejection], received: int) -> str:
    """How many of ``received`` descriptions each filter rejected, an example of the most frequent fault, a remedy."""
    counts = by_filter(rejections)
    if not counts:
        return f"the author wrote {received:,}; edit prompts/{PROMPTS[kind]}.md or choose another --model"
    [(name, n), *others] = counts.most_common()
    rows = [row for row in rejections if row.gate == name]
    usual = Counter(_DETAIL.sub("", row.reason) for row in rows).most_common(1)[0][0]
    alike = [row for row in rows if _DETAIL.sub("", row.reason) == usual]
    also = "".join(f", {m:,} {_fault(other)}" for other, m in others)
    score = f", {alike[0].score:.2f}" if name in REPEATS and alike[0].score is not None else ""
    said = f"{n:,} of {received:,} {_fault(name)} (such as: {alike[0].reason}{score}){also}"
    return f"{said}; {_remedy(kind, form, name, alike)}"


def _fault(name: str) -> str:
    return _FAULTS.get(name, f"were rejected by {name}")


def _remedy(kind: Kind, form: Form, name: str, alike: Sequence[Rejection]) -> str:
    """What to do about rejections by the filter ``name`` for the same reason."""
    prompt, reason = f"prompts/{PROMPTS[kind]}.md", alike[0].reason
    if name == "format" and (_SIZE.match(reason) or _NUMBER.match(reason)):
        option, asked = ("--length", form.length) if _SIZE.match(reason) else ("--items", form.items)
        least, most = _wider(asked, [int(row.score or 0) for row in alike])
        return f"{option} {kind}={least}-{most} accepts them, and another --model may write {form.asked(NAMES[kind])}"
    if name == "format" and _LANGUAGE.match(reason):
        return "--language names the language to write in, or any"
    if name == "similarity":
        return "a higher --similarity accepts more, and --calibrate fits it to the seeds"
    if name in REPEATS:
        return f"another --model, or more seeds and --examples, may give new ones, and so may an edited {prompt}"
    return (
        f"edit {prompt}, or choose another --model" if name in _FAULTS else f"correct the filter, or leave {name} out"
    )


def _wider(asked: Range, found: Sequence[int]) -> Range:
    """``asked``, widened to nearly all of ``found``."""
    ordered = sorted(found)
    edge = round(_OUTLIERS * (len(ordered) - 1))
    return min(asked[0], ordered[edge]), max(asked[1], ordered[-1 - edge])
