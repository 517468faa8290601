"""What an adaptation says."""

from leitmotif_services.evaluation.adaptation.adaptation import AdaptationResult
from leitmotif_services.evaluation.reports.html_parts import Column, key_figures, section, table, text
from leitmotif_services.evaluation.reports.number_text import count_text, figure_text
from leitmotif_services.evaluation.reports.page import Body
from leitmotif_services.evaluation.reports.perplexity_report import counted


def adaptation_body(result: AdaptationResult) -> Body:
    """The report of a training."""
    figures = [
        ("mean loss of the first tenth of the steps, nats a token", figure_text(result.first_loss)),
        ("mean loss of the last tenth of the steps, nats a token", figure_text(result.last_loss)),
        ("steps", count_text(result.steps)),
        ("tokens trained on, repeats included", count_text(result.tokens)),
    ]
    shown = [(figure_text(result.last_loss), "loss at the end", f"from {figure_text(result.first_loss)} at the beginning")]
    if result.base_perplexity:
        figures += [
            ("perplexity of the held-out text before", figure_text(result.base_perplexity)),
            ("perplexity of the held-out text after", figure_text(result.adapted_perplexity)),
        ]
        shown.insert(
            0, (figure_text(result.adapted_perplexity), "held-out perplexity", f"from {figure_text(result.base_perplexity)}")
        )
        change = "fell" if result.adapted_perplexity < result.base_perplexity else "did not fall"
        headline = (
            f"The perplexity of the held-out text {change}: {figure_text(result.base_perplexity)} before, "
            f"{figure_text(result.adapted_perplexity)} after."
        )
        certainty = (
            "The held-out text is the end of the same text, and its figures have no interval: compare both models on a text of "
            "its own to learn how sure the change is, and which tokens it comes from."
        )
    else:
        headline = f"The loss went from {figure_text(result.first_loss)} to {figure_text(result.last_loss)} nats a token."
        certainty = "Nothing was held out: what the model does on a text that it did not train on is not known."
    return Body(
        kind="Adaptation of a language model to a text",
        headline=headline,
        certainty=certainty,
        parts=[
            key_figures(shown),
            section(
                "All figures",
                table(
                    "The training",
                    [Column("figure", numeric=False), Column("value")],
                    [[text(name), text(value)] for name, value in figures],
                ),
            ),
        ],
        computed=[
            ("context", counted(result.context, "token")),
            ("throughput", f"{figure_text(result.tokens_per_s, digits=3)} tokens a second"),
            ("base model, SHA-256", result.base_sha256),
            ("adapted model, SHA-256", result.model_sha256),
        ],
    )
