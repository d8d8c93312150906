"""IdxExampleGen: from a folder of IDX files to tf.Examples in the splits train, eval and test."""
