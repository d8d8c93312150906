"""The custom properties by which a PushedModel says how its push ended (standard library only).

TFX's Pusher, from which AtomicPusher inherits the writing, keeps these names to itself.
"""

PUSHED_PROPERTY = "pushed"
"""1 if the model was pushed, 0 if it was refused."""

PUSHED_VERSION_PROPERTY = "pushed_version"
PUSHED_DESTINATION_PROPERTY = "pushed_destination"
