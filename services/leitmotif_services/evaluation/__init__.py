"""Language-model evaluation: perplexity of a causal model on a text, as jobs that outlive the service and any worker."""
