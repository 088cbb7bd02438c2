"""One signed post and what its answer means, and events posted again; they are delivered by `callback.py`."""
