"""A conversation tree on the terminal, turn by turn: competing replies side by side, and what the user revealed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from personagen.agents.judge import LABELS
from personagen.cli.terminal import clean, one_line
from personagen.pairs import pairs_of
from personagen.records import Belief, ConversationTree, Judgment, Node, Persona, PreferencePair
from personagen.tree import by_id, order, parent, turn

MIN_REPLY_COLUMNS = 34  # of a reply beside another
TWO_COLUMN_WIDTH = 100  # from which a persona is shown in two columns
GREY = "dim"


@dataclass(frozen=True)
class TreeView:
    """A tree prepared for drawing, by node id."""

    nodes: dict[str, Node]
    below: dict[str, list[Node]]
    beliefs: dict[str, Belief]
    verdicts: dict[str, list[Judgment]]
    pairs: dict[str, PreferencePair]
    reasons: dict[str, tuple[str, str]]


def conversation(
    tree: ConversationTree, title: str, only: Sequence[str] | None = None, *, brief: bool = False
) -> RenderableType:
    """The tree under ``title``: the persona, if ``brief`` in two lines, then every turn, or ``only`` some.

    ``only`` has the user messages of the turns that are shown.
    """
    view = _view(tree)
    turns = max((turn(node.id) for node in tree.nodes), default=0)
    made = ", ".join(sorted({one_line(model) for model in tree.models.values()}))
    series = [f"session {tree.session + 1}"] * bool(tree.session) + [f"changed: {one_line(tree.changed)}"] * bool(
        tree.changed
    )
    series += [f"twin of {one_line(tree.twin.tree)}, {one_line(tree.twin.node)}"] if tree.twin else []
    parts = [f"{turns} turns", f"{len(view.pairs)} pairs", f"growth: {one_line(tree.grow)}", *series, made]
    about = " · ".join(filter(None, parts))
    head = Text.assemble((title, "bold"), (f"  {one_line(tree.id)}", GREY), "\n", (about, GREY))
    roots = view.below.get("", [])
    about_whom = in_brief(tree.persona) if brief else persona(tree.persona, f"persona {tree.persona.id}")
    shown = [_branch(view, root) for root in roots]
    if only is not None:
        several = tree.grow == "all"
        shown = [_turn(view, view.nodes[at], _after(view, at) if several else "") for at in only]
    return Group(head, "", about_whom, *(Group("", part) for part in shown))


def one_turn(tree: ConversationTree, at: str) -> RenderableType:
    """The turn of ``tree`` that begins with the user message ``at``."""
    return _turn(_view(tree), by_id(tree)[at])


def in_brief(who: Persona) -> RenderableType:
    """A persona in two lines."""
    texts = (one_line(text) for text in (who.profile, who.personality) if text)
    return Group(*(Text(text, no_wrap=True, overflow="ellipsis", style=GREY) for text in texts))


def _after(view: TreeView, user: str) -> str:
    """The name of the reply that the message ``user`` follows."""
    above = parent(user)
    return _name(view.nodes[above]) if above else ""


def persona(who: Persona, title: str) -> RenderableType:
    """A persona in a frame: the texts, the facts and the traits."""
    title = " · ".join([title, *(f"{name} {value}" for name, value in who.attributes.items())])
    origin = ", ".join(f"{half} by {maker}" for half, maker in who.origin.items())
    left: list[RenderableType] = [Text(clean(who.profile)), ""]
    left += [_item("fact", fact, GREY) for fact in who.facts]
    right: list[RenderableType] = [Text(clean(who.personality)), ""]
    right += [_item("trait", ", ".join(who.traits), GREY)] if who.traits else []
    return Panel(
        _Halves(Group(*left), Group(*right)),
        title=Text(one_line(title)),
        subtitle=Text(one_line(origin)) if origin else None,
        title_align="left",
        subtitle_align="right",
        border_style=GREY,
    )


@dataclass(frozen=True)
class _Halves:
    """Two texts side by side if they fit, else one below the other."""

    left: RenderableType
    right: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if options.max_width < TWO_COLUMN_WIDTH - 4:
            yield Group(self.left, "", self.right)
            return
        grid = Table.grid(expand=True, padding=(0, 4, 0, 0))
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(self.left, self.right)
        yield grid


def _view(tree: ConversationTree) -> TreeView:
    below: dict[str, list[Node]] = {}
    for node in sorted(tree.nodes, key=lambda node: order(node.id)):
        below.setdefault(parent(node.id) or "", []).append(node)
    verdicts: dict[str, list[Judgment]] = {}
    for judgment in tree.judgments:
        if not judgment.persona:
            verdicts.setdefault(judgment.node, []).append(judgment)
    pairs, rejections = pairs_of(tree)
    return TreeView(
        nodes=by_id(tree),
        below=below,
        beliefs={belief.node: belief for belief in tree.beliefs},
        verdicts=verdicts,
        pairs={pair.node: pair for pair in reversed(pairs)},  # the best against the worst comes first
        reasons={r.place.rpartition("/")[2]: (r.gate, r.reason) for r in rejections},
    )


def _branch(view: TreeView, user: Node, after: str = "") -> RenderableType:
    """The turns from ``user`` on: in sequence while one reply continues, as branches where several do."""
    blocks: list[RenderableType] = [_turn(view, user, after)]
    following = _following(view, user)
    while len(following) == 1:
        blocks += ["", _turn(view, following[0])]
        following = _following(view, following[0])
    if not following:
        return Group(*blocks)
    branches = Tree(Group(*blocks, ""), guide_style=GREY)
    for later in following:
        branches.add(Group(_branch(view, later, _after(view, later.id)), ""))
    return branches


def _following(view: TreeView, user: Node) -> list[Node]:
    """The user messages that follow the replies to ``user``."""
    return [later for reply in view.below.get(user.id, []) for later in view.below.get(reply.id, [])]


def _turn(view: TreeView, user: Node, after: str = "") -> RenderableType:
    replies = view.below.get(user.id, [])
    is_explored = not replies and user.id not in view.reasons  # by the growth ``information``
    belief = view.beliefs.get(user.id)
    beside = Table.grid(expand=True, padding=(0, 3, 0, 0))
    beside.add_column(ratio=3)
    beside.add_column(ratio=2)
    beside.add_row(Group(Text("user", style="bold"), _said(user, belief)), _revealed(user, belief))
    blocks: list[RenderableType] = [_heading(view, user, after), beside, ""]
    blocks.append(
        _Siblings(view, replies)
        if replies
        else Text("no reply, since another answer of the user reveals more" if is_explored else "no reply", GREY)
    )
    blocks += _verdicts(view, user)
    return Group(*blocks)


def _heading(view: TreeView, user: Node, after: str) -> RenderableType:
    title = Text.assemble((f"turn {turn(user.id)}", "bold"), (f"  {one_line(user.id)}", GREY))
    if after:
        title.append(f"  after {after}", style="bold")
    if user.id not in view.pairs:
        gate, _ = view.reasons.get(user.id, ("one reply" if view.below.get(user.id) else "unanswered", ""))
        title.append(f"  no pair: {_GATES.get(gate, one_line(gate))}", style="yellow")
    return Rule(title, align="left", style=GREY)


_GATES = {"judged": "unjudged", "consistent": "inconsistent", "identical": "identical replies", "empty": "empty reply"}


def _said(user: Node, belief: Belief | None) -> Text:
    text = Text(clean(user.content))
    for inference in belief.inferences if belief else ():
        quote = clean(inference.quote).split()
        if quote:
            text.highlight_regex(r"\s+".join(map(re.escape, quote)), style="underline")
    return text


def _revealed(user: Node, belief: Belief | None) -> RenderableType:
    """The observer's inferences at this turn: those from this message with quotes, earlier ones as a number."""
    if belief is None:
        return Text("not observed", style=GREY)
    folded = one_line(user.content)
    new = [inference for inference in belief.inferences if one_line(inference.quote) in folded]
    lines: list[RenderableType] = [Text(f"revealed so far: {len(belief.inferences)}", style="bold")]
    for inference in new:
        lines.append(_item("fact" if inference.kind == "profile" else "trait", inference.fact, "cyan"))
        if inference.quote:  # an imported one has none
            lines.append(Padding(Text(f"“{one_line(inference.quote)}”", style=GREY), (0, 0, 0, 6)))
    earlier = len(belief.inferences) - len(new)
    if earlier:
        lines.append(Text(f"{'and ' if new else ''}{earlier} from earlier turns", style=GREY))
    if belief.dropped:
        lines.append(Text(f"{belief.dropped} dropped: quote not found", style=GREY))
    return Group(*lines)


def _item(name: str, text: str, style: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=5)
    grid.add_column()
    grid.add_row(Text(name, style=style), Text(one_line(text)))
    return grid


def _label(view: TreeView, reply: Node) -> tuple[str, str]:
    """The label of a reply, and its colour."""
    pair = view.pairs.get(parent(reply.id) or "")
    labels = {pair.chosen_node: ("chosen", "green"), pair.rejected_node: ("rejected", "red")} if pair else {}
    return labels.get(reply.id, ("", GREY))


@dataclass(frozen=True)
class _Siblings:
    """Replies side by side, as many in a row as fit, all of the same height."""

    view: TreeView
    replies: Sequence[Node]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        abreast = max(1, min(len(self.replies), options.max_width // MIN_REPLY_COLUMNS))
        width = options.max_width // abreast
        inner = options.update_width(width - 4)
        for start in range(0, len(self.replies), abreast):
            row = self.replies[start : start + abreast]
            texts = [Text(clean(reply.content)) for reply in row]
            height = max(len(console.render_lines(text, inner)) for text in texts) + 2
            panels = [self._panel(reply, text, width, height) for reply, text in zip(row, texts, strict=True)]
            yield Columns(panels, padding=(0, 0))

    def _panel(self, reply: Node, text: Text, width: int, height: int) -> Panel:
        label, style = _label(self.view, reply)
        return Panel(
            text,
            width=width,
            height=height,
            title=Text.assemble((label, f"bold {style}"), " · " if label else "", _name(reply)),
            title_align="left",
            subtitle=Text("continues here", style="bold") if self.view.below.get(reply.id) else None,
            subtitle_align="right",
            border_style=style,
        )


def _verdicts(view: TreeView, user: Node) -> list[RenderableType]:
    """The first verdict of the judge; without a pair, the reason and both verdicts."""
    verdicts = view.verdicts.get(user.id, [])
    if pair := view.pairs.get(user.id):
        found = _rests_on(pair)
        return [_verdict(view, verdicts[0]), *([Text.assemble(("pair: ", GREY), found)] if found else [])]
    gate, reason = view.reasons.get(user.id, ("", ""))
    lines: list[RenderableType] = [] if gate in ("tie", "inconsistent") else [Text(one_line(reason), style=GREY)]
    return [*lines, *(_verdict(view, verdict) for verdict in verdicts)]


def _rests_on(pair: PreferencePair) -> str:
    """What the verdicts of a pair rest on, as far as it is known."""
    numbers = {"margin": pair.margin, "confidence": pair.confidence}
    words = {"personal": pair.personal, "knowable": pair.knowable, "generic": pair.generic, "leaking": pair.leaking}
    said = [f"{name} {value:g}" for name, value in numbers.items() if value is not None]
    said += ["shared" if pair.personal is False else "", *(word for word, holds in words.items() if holds)]
    said += [f"pooled verdict: {pair.pooled}" if pair.pooled else ""]
    said += [f"because of {', '.join(map(one_line, pair.because))}" if pair.because else ""]
    return ", ".join(filter(None, said))


def _verdict(view: TreeView, verdict: Judgment) -> Text:
    """One verdict, with the replies behind the letters that the judge saw."""
    names = {reply.id: _name(reply) for reply in view.below.get(verdict.node, [])}
    shown, ranked = ([names.get(i, one_line(i)) for i in ids] for ids in (verdict.order, verdict.ranking))
    letters = ", ".join(f"{letter} {name}" for letter, name in zip(LABELS, shown, strict=False))
    says = "a tie" if verdict.tie else " over ".join(ranked)
    because = f"; {one_line(verdict.reason)}" if verdict.reason else ""
    return Text.assemble(("judge: ", GREY), says, (f"{because} ({letters})", GREY))


def _name(reply: Node) -> str:
    """The name of a reply among its siblings: its agent and its slot."""
    return one_line(f"{reply.agent} .{reply.id.rpartition('.')[2]}")
