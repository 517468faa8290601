"""Loads a model's folder with the adapter that reads its weights."""

from leitmotif_services.evaluation.models.language_model import LanguageModel
from leitmotif_services.evaluation.models.model_folder import ModelFolder, WeightFormat


def load_any_language_model(folder: ModelFolder, *, threads: int, memory_limit_bytes: int) -> LanguageModel:
    """Load the model of a checked folder within the memory limit; raises LANGUAGE_MODEL_REFUSED.

    Only the libraries that the folder needs are imported, and only now: that takes seconds.
    """
    if folder.format is WeightFormat.ONNX:
        from leitmotif_services.evaluation.models.onnxruntime_language_model import load_onnx_language_model

        return load_onnx_language_model(folder, threads=threads, memory_limit_bytes=memory_limit_bytes)
    from leitmotif_services.evaluation.models.transformers_language_model import load_language_model

    return load_language_model(folder, threads=threads, memory_limit_bytes=memory_limit_bytes)
