"""The comparison of recommenders: accuracy, control, cold start and fidelity, over seeds, with intervals, tables and plots."""
