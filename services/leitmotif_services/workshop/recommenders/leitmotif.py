"""`leitmotif`: taste as weights over prototypes that a person can read, boost and mute, with responses in closed form.

What it is made of: prototypes and their affinities in `leitmotif_prototypes`, responses in `leitmotif_responses`, new items in
`leitmotif_new_items`, items without tags in `leitmotif_untagged`, scores, edits and explanations in `leitmotif_scorer`.

What is fixed rather than searched was chosen on lastfm-2k, by NDCG@100 of the validation people of seeds 100 to 102 (their mean;
EASE 0.436, and 0.465 as a full-rank map with the Gram matrix and the ridge of `leitmotif_responses`):

- prototypes: 128 tags alone 0.430, 256 tags alone 0.447, 128 scenes alone 0.462; with 128 scenes, 128 tags 0.465, 256 tags 0.469
  and 400 tags 0.471; 800 tags with 256 scenes 0.469. Scenes by NMF instead: 0.451 alone. So one prototype in four is a scene.
- an item's word for itself, with 256 tags and 128 scenes: all kept 0.467, a quarter left out 0.469.
- K with the defaults: 32 0.392, 64 0.424, 128 0.448, 256 0.465, 512 0.473.
- popularity discount with 256 tags and 128 scenes: none 0.469, 0.05 0.470, 0.1 0.472, 0.15 0.473, 0.2 0.470.
"""

import numpy as np

from leitmotif_services.workshop.listening.listening_data import HeldOutPeople, TrainingData
from leitmotif_services.workshop.recommenders.leitmotif_new_items import NewItems
from leitmotif_services.workshop.recommenders.leitmotif_prototypes import find_prototypes
from leitmotif_services.workshop.recommenders.leitmotif_responses import (
    fitted_responses,
    heard_and_tagged_together,
    ridge_by_popularity,
)
from leitmotif_services.workshop.recommenders.leitmotif_scorer import LeitmotifScorer, history_profiles
from leitmotif_services.workshop.recommenders.leitmotif_untagged import with_untagged_items
from leitmotif_services.workshop.recommenders.recommender import Advance, SearchSpace, Settings

_LISTENERS = 256
"""Training people that the gain is set on, at most."""


class Leitmotif:
    name = "leitmotif"
    source = "Linear prototype responses in closed form, with edits through affinities; after Öncel et al., MLSP 2025"
    space = SearchSpace(
        {
            "prototypes": (512, 32, 64, 128, 256, 768),
            "ridge": (100.0, 50.0, 200.0, 400.0),
            "tag_weight": (5.0, 2.0, 10.0),
        }
    )

    def fit(
        self,
        data: TrainingData,
        settings: Settings,
        *,
        seed: int,
        validation: HeldOutPeople | None,  # noqa: ARG002 - nothing is stopped early
        advance: Advance,
    ) -> LeitmotifScorer:
        together = heard_and_tagged_together(data, tag_weight=float(settings["tag_weight"]))
        ridge = ridge_by_popularity(data, ridge=float(settings["ridge"]))
        found = find_prototypes(data, together, ridge, count=int(settings["prototypes"]))
        found = with_untagged_items(found, data, ridge, seed=seed)
        advance(0.6)
        rows = np.sort(np.random.default_rng([seed, 30]).permutation(data.heard.shape[0])[:_LISTENERS])
        scorer = LeitmotifScorer(
            found=found,
            fitted=fitted_responses(data, found.affinities, together, ridge),
            new_items=NewItems(data, found.affinities, together, ridge),
            listeners=history_profiles(found.affinities, data.heard[rows]),
            seed=seed,
        )
        advance(0.4)
        return scorer
