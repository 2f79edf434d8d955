"""The commands of ``cloister``: each speaks to the API."""
