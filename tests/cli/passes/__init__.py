"""Passes that misbehave, put beside edgekit's own by the fixture `misbehaving`."""
