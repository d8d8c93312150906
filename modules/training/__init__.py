"""What keeps a training going and tells of it; seldom edited."""
