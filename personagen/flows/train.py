"""``train``: checks a run's rows, trains a model on them with TRL, and writes it with its curves and card."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson

from personagen.errors import Interrupted, UsageError
from personagen.flows.export import export
from personagen.options.export import SelectionOptions
from personagen.options.train import TrainOptions
from personagen.store.files import BUFFER_BYTES, make_folder, read_state, write
from personagen.store.lock import locked
from personagen.train import model as models
from personagen.train import trainer as trainers
from personagen.train.card import Trained, card, results_of
from personagen.train.checks import Checked, Placed, check, shared_people
from personagen.train.curves import curves
from personagen.train.recipe import Recipe, read_recipe
from personagen.train.rows import TEST, TRAIN, digest, drawn, read, split_files
from personagen.train.samples import Sample, asked, replies
from personagen.train.state import STATE, check_out, read_training, write_training

DATA = "data"
_HIDDEN = ("aware", "aware_from_plain")  # of a run's shortcuts: who wrote a reply, which no rule sees in its text

Say = Callable[[str], None]


@dataclass(frozen=True)
class TrainSummary:
    """A training: ``rows`` by split, what was ``left_out`` in words, and ``results`` on the test rows.

    ``shortcut`` is the best rule of the run's report that knows nothing of the user. ``status`` is done, or checked
    after a dry run.
    """

    method: str
    model: str
    out: str
    status: str
    rows: dict[str, int]
    left_out: str
    longest: int
    settings: str
    results: dict[str, float] = field(default_factory=dict)
    shortcut: tuple[str, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Job:
    """One method: the model, the data and what is done with them."""

    method: str
    data: Path
    out: Path
    options: TrainOptions
    recipe: Recipe
    source: models.Source
    say: Say

    @property
    def run(self) -> Path | None:
        """The run folder, if the data is one."""
        return self.data if (self.data / "run.json").is_file() else None


def train(methods: tuple[str, ...], data: Path, options: TrainOptions, say: Say) -> list[TrainSummary]:
    """Trains ``options.base`` by ``methods``, one after another, on ``data``: a run, or a file or folder of an export.

    Of several methods each trains what the one before it made, in its own folder of ``options.out``. What it does is
    given to ``say``, a line at a time.

    Raises:
        UsageError: the data would train wrongly, the recipe or the model can't be used, or the folder is another's.
        Interrupted: the user stopped it; the same call goes on after the last checkpoint.
    """
    recipe = read_recipe(options.recipe)
    if not options.base:
        raise UsageError("train needs --model: a name at the Hub, a folder, or a .gguf file")
    if options.no_margin and "reward" not in methods:
        raise UsageError(f"--no-margin is for reward, not for {', '.join(methods)}; leave it out")
    if len(methods) > 1 and not (data / "run.json").is_file():
        raise UsageError(f"{data} is no run: each method takes rows of its own, so train {methods[0]} alone on it")
    if options.where and not (data / "run.json").is_file():
        raise UsageError(
            f"--where chooses pairs of a run, and {data} is none; export with --where and leave it out here"
        )
    base, found = options.base, []
    for method in methods:
        out = Path(options.out) / method if len(methods) > 1 else Path(options.out)
        if method != methods[0] and options.dry_run:
            base = options.base  # the model before it is not there; its chat template is the same
        job = _Job(method, data, out, options, recipe, models.source_of(base), say)
        found.append(_train(job, base))
        base = str(out)
    return found


def best_shortcut(run: Path) -> tuple[str, float] | None:
    """The rule of the run's report that picks the chosen reply most often without knowing the user, and how often."""
    rates = read_state(run).get("summary", {}).get("shortcuts") or {}
    values = {name: float(rate["value"]) for name, rate in rates.items() if name not in _HIDDEN}
    return max(values.items(), key=lambda item: item[1]) if values else None


def _train(job: _Job, base: str) -> TrainSummary:
    models.check_installed(job.source, bool(job.recipe.lora))
    check_out(job.out, DATA)
    make_folder(job.out)
    with locked(job.out), trainers.quiet():
        key = _key(job, base)
        state = read_training(job.out, key)
        if state.get("status") == "done":
            job.say(f"{job.out} is trained already")
            return TrainSummary(**state["summary"])
        tokenizer, context = models.load_tokenizer(job.source)
        made = trainers.settings(job.recipe, job.method, job.out, context, job.options.seed)
        checked = _checked(job, models.chat_of(tokenizer, made.args.max_length))
        summary = _summary(job, base, checked, str(made))
        if job.options.dry_run:
            return summary
        write_training(job.out, {"status": "running", "key": key})
        trainers.store(job.out, made)
        job.say(f"{summary.settings}\n{job.method}: {summary.rows[TRAIN]:,} rows")
        try:
            summary = _run(job, tokenizer, made, checked, summary)
        except KeyboardInterrupt:
            last = trainers.last_checkpoint(job.out)
            goes_on = f"goes on from {last}" if last else "starts again: it had no checkpoint yet"
            raise Interrupted(f"interrupted; the same command {goes_on}") from None
        write_training(job.out, {"status": "done", "key": key, "summary": dataclasses.asdict(summary)})
        return summary


def _run(
    job: _Job, tokenizer: Any, made: trainers.Settings, checked: Mapping[str, Checked], summary: TrainSummary
) -> TrainSummary:
    base = models.stored_base(job.source, tokenizer, job.out)
    rows = {name: one.rows for name, one in checked.items()}
    trainer, log = trainers.run(job.method, base, tokenizer, made, rows, job.say)
    trainers.save(trainer, tokenizer, job.out, log)
    samples = _samples(job, trainer.model, base, tokenizer, checked) if job.method != "reward" else []
    write(job.out / "curves.svg", [curves(f"{job.method} by {job.recipe.name}", log).encode()])
    summary = dataclasses.replace(summary, status="done", results=results_of(log))
    text = card(_trained(job, summary, samples))
    write(job.out / "README.md", [text.encode()])
    return summary


def _checked(job: _Job, chat: Any) -> dict[str, Checked]:
    """The rows of each split that can be trained on; ``UsageError`` if there are others and no ``--drop``."""
    found = {}
    for name, file in _files(job).items():
        found[name] = check(job.method, _without_margin(job, read(file)), chat)
        words = str(found[name])
        if words and not job.options.drop:
            raise UsageError(
                f"{job.data} would train wrongly: of {found[name].seen:,} rows {words}; mend them, or leave them out"
                " with --drop"
            )
        if not found[name].rows:
            raise UsageError(f"{file} has no row to train on{f': {words}' if words else ''}")
    if TEST in found and (shared := shared_people(found[TRAIN].rows, found[TEST].rows)):
        more = f" and {len(shared) - 1:,} more are" if len(shared) > 1 else " is"
        raise UsageError(
            f"{job.data}: {shared[0]}{more} in train and in test, so the test says nothing; export the run with --split"
        )
    for name, one in found.items():
        one.rows = drawn(one.rows, job.recipe.rows if name == TRAIN else job.recipe.test_rows, job.options.seed)
    return found


def _files(job: _Job) -> dict[str, Path]:
    """The files of the splits; a run is exported to the output folder first."""
    if job.run is None:
        return split_files(job.data)
    share = job.recipe.test
    folder = job.out / DATA / "rows"  # what the export writes beside its folder is in DATA then
    if not (job.out / STATE).is_file():  # what a dry run exported may be of other options
        split = f"{TRAIN}={1 - share:g},{TEST}={share:g}" if share else None
        options = SelectionOptions(where=job.options.where, split=split)
        make_folder(folder)
        export(job.run, f"trl-{job.method}", folder if share else folder / f"{TRAIN}.jsonl", options)
    return split_files(folder)


def _without_margin(job: _Job, rows: Iterator[Placed]) -> Iterator[Placed]:
    for place, row in rows:  # a margin of 0 is the loss without one
        yield place, row | {"margin": 0.0} if job.method == "reward" and job.options.no_margin else row


def _samples(job: _Job, trained: Any, base: str, tokenizer: Any, checked: Mapping[str, Checked]) -> list[Sample]:
    rows = checked[TEST].rows if TEST in checked else checked[TRAIN].rows
    wanted = asked(rows, job.recipe.samples)
    if not wanted:
        return []
    conversations, tokens = [messages for _, _, messages in wanted], job.recipe.samples["max_new_tokens"]
    after = replies(trained, tokenizer, conversations, tokens)
    before = replies(models.load_model(base, job.method, tokenizer), tokenizer, conversations, tokens)
    pairs = zip(wanted, before, after, strict=True)
    return [Sample(person, message, one, other) for (person, message, _), one, other in pairs]


def _summary(job: _Job, base: str, checked: Mapping[str, Checked], settings: str) -> TrainSummary:
    counted = {name: str(one) for name, one in checked.items()}
    return TrainSummary(
        method=job.method,
        model=base,
        out=str(job.out),
        status="checked",
        rows={name: len(one.rows) for name, one in checked.items()},
        left_out="; ".join(f"{name}: {words}" for name, words in counted.items() if words),
        longest=max(one.longest for one in checked.values()),
        settings=settings,
        shortcut=best_shortcut(job.run) if job.run else None,
        notes=() if TEST in checked else ("no test rows, so nothing is evaluated: export with --split, or give a run",),
    )


def _trained(job: _Job, summary: TrainSummary, samples: list[Sample]) -> Trained:
    local = Path(summary.model).exists()
    model = Path(summary.model).name if local else summary.model  # a card names no folder of this machine
    words = ["personagen", "train", job.method, job.data.name, "--model", model, "--recipe", job.recipe.name]
    return Trained(
        method=job.method,
        model=model,
        base="" if local else summary.model,
        adapter=bool(job.recipe.lora),
        recipe=job.recipe.name,
        settings=summary.settings.replace(str(job.out), job.out.name),
        rows=summary.rows,
        left_out=summary.left_out.replace(str(job.out), job.out.name),
        command=shlex.join([*words, *(["--drop"] if job.options.drop else [])]),
        results=summary.results,
        shortcut=summary.shortcut,
        offline=bool(job.run and _is_offline(job.run)),
        samples=samples,
        versions=_versions(),
    )


def _versions() -> dict[str, str]:
    found = {}
    for name in ("personagen", "trl", "transformers", "peft", "torch"):
        with suppress(PackageNotFoundError):  # peft need not be there, nor personagen be installed
            found[name] = version(name)
    return found


def _is_offline(run: Path) -> bool:
    """Whether the offline cast played a part in some tree of ``run``."""
    with (run / "trees.jsonl").open("rb", buffering=BUFFER_BYTES) as lines:
        found = (str(model) for line in lines for model in orjson.loads(line).get("models", {}).values())
        return any(model.partition("/")[0] == "offline" for model in found)


def _key(job: _Job, base: str) -> dict[str, Any]:
    """What makes a training another one, by the word for it."""
    files = {"pairs": job.run / "pairs.jsonl"} if job.run else split_files(job.data)
    if job.run and not files["pairs"].is_file():
        raise UsageError(f"{job.run} has no pairs.jsonl; finish it with `personagen simulate`")
    options = {name: getattr(job.options, name) for name in ("drop", "no_margin", "seed")}
    return {
        "method": job.method,
        "model": base,
        "data": digest(files),
        "recipe": job.recipe.text,
        "where": list(job.options.where),
        **options,
    }
