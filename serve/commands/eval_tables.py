"""The figures of an evaluation as a table: one line a measure, one column a setting."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from serve.commands.invocation import print_columns
from serve.evaluation.evaluation import Abstention, Answers, Figures, Ranking

Line = tuple[str, str]


def print_figures(found: Sequence[Figures], k: int) -> None:
    """Print the figures on stdout, framed where that is a terminal."""
    columns = [_lines(each, k) for each in found]
    heads = ["measure", *(each.setting for each in found)]
    rows = [[lines[0][0], *(value for _, value in lines)] for lines in zip(*columns, strict=True)]
    console = Console()
    if not console.is_terminal:
        print_columns(heads, rows)
        return
    table = Table(*heads)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _lines(figures: Figures, k: int) -> list[Line]:
    lines: list[Line] = []
    for level in ("document", "page", "quote"):
        ranking: Ranking | None = getattr(figures, level)
        lines += _ranking_lines(level, ranking, k) if ranking else []
    for budget, share in (figures.evidence or {}).items():
        lines.append((f"evidence within {budget} tokens", _percent(share)))
    lines += _abstention_lines(figures.abstention)
    return lines + (_answer_lines(figures.answers) if figures.answers else [])


def _ranking_lines(level: str, ranking: Ranking, k: int) -> list[Line]:
    return [
        (f"{level}: questions", str(ranking.questions)),
        (f"{level}: hit@1", _percent(ranking.hit_at_1)),
        (f"{level}: hit@5", _percent(ranking.hit_at_5)),
        (f"{level}: hit@10", _percent(ranking.hit_at_10)),
        (f"{level}: recall@{k}", _percent(ranking.recall_at_k)),
        (f"{level}: MRR@10", f"{ranking.mrr_at_10:.3f}"),
        (f"{level}: nDCG@10", f"{ranking.ndcg_at_10:.3f}"),
    ]


def _abstention_lines(found: Abstention) -> list[Line]:
    auroc = "-" if found.auroc is None else f"{found.auroc:.3f}"
    return [
        ("abstention: AUROC", auroc),
        ("abstention: threshold", f"{found.threshold:g}"),
        ("abstention: coverage", _percent(found.coverage)),
        ("abstention: precision", _percent(found.precision)),
        ("abstention: answerable answered", _percent(found.answered)),
    ]


def _answer_lines(found: Answers) -> list[Line]:
    checks = found.citations
    return [
        ("answers: questions asked", str(found.questions)),
        ("answers: not abstained", str(found.answered)),
        ("answers: failed", str(found.failed)),
        ("answers: first quote is the evidence", _percent(found.evidence_first)),
        ("citations", str(checks.total)),
        ("citations: true", _percent(checks.validity)),
        ("citations: page missing", str(checks.no_page)),
        ("citations: not verbatim", str(checks.not_verbatim)),
        ("citations: not covered by boxes", str(checks.not_covered)),
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
