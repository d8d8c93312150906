"""`tfx-mnist submit`: starts on a cluster what was compiled."""
