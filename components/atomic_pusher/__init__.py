"""AtomicPusher: a push that a model server sees whole or not at all."""
