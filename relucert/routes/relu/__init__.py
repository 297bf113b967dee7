"""The paper's route: a ReLU network, gate by gate, as an attention-only transformer."""
