"""The model card that is written beside a trained encoder."""

from leitmotif_services.audio.encoder_artifact import EncoderArtifact
from leitmotif_services.workshop.composer.styles import STYLES
from leitmotif_services.workshop.encoder_training.held_out_evaluation import HeldOutFigures
from leitmotif_services.workshop.encoder_training.recipe import Recipe
from leitmotif_services.workshop.idioms import IDIOMS


def model_card(
    recipe: Recipe, config: str, seed: int, artifact: EncoderArtifact, mel_bands: int, size_bytes: int, figures: HeldOutFigures
) -> str:
    """Markdown: what the encoder is, what it was fitted on and how, what was measured, what it must not be trusted with.

    `config`: the name of the recipe's file; empty for the package's own.
    """
    corpus, fitting, network = recipe.corpus, recipe.fitting, recipe.network
    share = recipe.network_share
    pieces = corpus.styled_pieces + corpus.idiomatic_pieces
    styles = ", ".join(style.name for style in STYLES)
    command = f"leitmotif encoder train{f' --config {config}' if config else ''} --seed {seed} --out DIR"
    return f"""# {artifact.encoder_id}

Turns audio into an embedding of {artifact.dimension} numbers, of unit length, for every {artifact.segmentation.segment_s:g} s;
a track's embedding is the mean of its segments'. Mono, {artifact.front_end.sample_rate_hz} Hz inside; any file that the audio
service decodes goes in. {size_bytes / 1e6:.1f} MB, licence {artifact.license}, SHA-256 `{artifact.sha256}`.

## How it is made

`{command}` makes it from nothing, on a CPU. Two halves stand side by side:

- **Statistics** of each segment ({1 - share:.0%} of the squared length): mean, deviation, change and correlation of mel
  cepstra; strength of onsets and modulation spectrum for each of six bands; pitch classes without the key; noisiness.
  They are standardised, bent, and projected to {recipe.projection.dimension} numbers that tell pieces apart rather than
  moments, excerpts and productions of one piece.
- **Learned features** ({share:.0%}): a convolutional network of {len(network.channels)} layers over the loudness of
  {mel_bands} mel bands, {network.dimension} numbers, its convolutions in int8. It learnt to know
  two excerpts of a piece as one, through changes of pitch, tempo, tone, noise, bandwidth and dynamics; to tell styles apart;
  and to read off what is known of each piece, such as its tempo.

## Data

{pieces:,} pieces of {corpus.piece_s:g} s that this project's own composers wrote and played, seed {seed}:
{corpus.styled_pieces:,} in the styles {styles};
{corpus.idiomatic_pieces:,} in the idioms {", ".join(IDIOMS)}.
No recording was used. {fitting.epochs} epochs, {fitting.batch_pieces} pieces a batch, of excerpts of
{fitting.shortest_excerpt_s:g} to {fitting.longest_excerpt_s:g} s.

## Figures

On {figures.pieces} new pieces of the same composers, none of which anything was fitted on; neighbours are never of the same
artist.

| figure | value |
| --- | --- |
| nearest neighbour of the same style or idiom | {figures.kind_accuracy:.3f} |
| the same, mean and deviation of the log-mel spectrum instead | {figures.baseline_kind_accuracy:.3f} |
| the same, the piece asked for gone through another production and a lossy codec | {figures.kind_accuracy_coded:.3f} |
| mean cosine of a piece with itself after that | {figures.coded_cosine:.4f} |
| same nearest neighbour under the int8 and the float32 graph | {figures.int8_agreement:.3f} |

`leitmotif encoder evaluate --audio DIR --labels CSV` measures it on labelled recordings of your own: do that before you rely
on it.

## Limits

- It has heard no recording and no human voice. What it knows of either is what carries over from synthesis.
- It describes sound: timbre, rhythm, harmony, production. It knows no words, no language, no culture, no artist.
- Two recordings of one song may lie far apart, two songs of one session close together.
- Speech, noise and field recordings get an embedding as well; it means little.
"""
