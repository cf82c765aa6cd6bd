"""What the whole process does in each situation of BEHAVIOUR.md, as the people on both sides see it."""
