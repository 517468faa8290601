import pytest

from leitmotif_services.workshop.encoder_training.recipe import DEFAULT_RECIPE, RecipeError, read_recipe


def test_the_packages_own_recipe_can_be_read():
    recipe = read_recipe(DEFAULT_RECIPE)
    assert recipe.encoder_id == DEFAULT_RECIPE.stem
    assert len(recipe.network.channels) == len(recipe.network.strides)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("epochs = ", "# ", "fitting.epochs is missing"),
        ("[fitting]", "[fitting]\nmomentum = 0.9", "fitting.momentum is unknown"),
        ("piece_s = ", "piece_s = 1 # ", "corpus.piece_s must be 12 to 600, is 1.0"),
        ("batch_pieces = ", "batch_pieces = 'many' # ", "fitting.batch_pieces must be a whole number, is 'many'"),
        ("ridge = ", "ridge = nan # ", "projection.ridge must be"),
        ("network_share = ", "network_share = true # ", "network_share cannot be True"),
        ("channels = ", "channels = [8] # ", "must be as long as each other"),
        ("strides = ", "strides = [1, 2] # ", "network.strides cannot be"),
        ("[corpus]", "[corpus", "cannot be read"),
    ],
)
def test_each_fault_is_told_with_its_key(tmp_path, old, new, told):
    path = tmp_path / "recipe.toml"
    text = DEFAULT_RECIPE.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RecipeError, match=r"recipe\.toml") as caught:
        read_recipe(path)
    assert told in str(caught.value)


def test_a_recipe_that_is_not_there(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")
